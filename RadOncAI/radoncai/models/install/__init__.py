"""How models and the packages they need come onto this machine."""
