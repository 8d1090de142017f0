"""Slice views, a 3D view and a plot view, drawn off screen by VTK and painted by Qt."""
