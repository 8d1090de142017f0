"""From images to contours or images with a network: resampled, cropped, tiled, and brought back."""
