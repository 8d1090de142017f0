"""Images beside the planning image, and how they lie on it."""
