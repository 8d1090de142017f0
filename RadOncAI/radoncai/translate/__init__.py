"""Images made from images by a model."""
