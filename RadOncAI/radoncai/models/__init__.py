"""Models: catalogue and cards, runners for each framework, and the engine that feeds them."""
