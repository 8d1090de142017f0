"""Contours: the job that draws them, their checks and tables, and the comparison of two sets."""
