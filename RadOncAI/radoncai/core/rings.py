"""Closed polygons of one plane, their points lying one polygon after the other in one array."""

from __future__ import annotations

import numpy as np


def neighbours(begins: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Index of the point before and after each of n points; `begins`: where each polygon starts."""
    ends = np.append(begins[1:], n)
    before, after = np.arange(n) - 1, np.arange(n) + 1
    before[begins], after[ends - 1] = ends - 1, begins
    return before, after


def signed_areas(points: np.ndarray, after: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Area of each polygon by the shoelace rule; (n, 2) points of (x, y), negative where it runs the other way."""
    x, y = points.T
    return 0.5 * np.add.reduceat(x * y[after] - x[after] * y, begins)
