"""Images beside the planning image: where they lie, and contours brought from them."""
