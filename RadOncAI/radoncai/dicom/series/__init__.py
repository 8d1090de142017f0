"""Image series of every geometry, read; the CT that we write."""
