"""Leaving out points of a polygon that lie near the line between their neighbours."""

from __future__ import annotations

import numpy as np


def thinned(polygon: np.ndarray, tolerance: float) -> np.ndarray:
    """The closed (n, 2) polygon with fewer points; no point that was left out lies further than `tolerance` away.

    Method of Douglas and Peucker (1973) on both halves between two far points. At least three points stay.
    """
    n = len(polygon)
    if n <= 3:
        return polygon
    first = int(np.argmin(polygon[:, 0]))
    closed = np.roll(polygon, -first, axis=0)
    far = int(np.argmax(((closed - closed[0]) ** 2).sum(axis=1)))
    closed = np.vstack([closed, closed[:1]])
    keep = np.zeros(n + 1, bool)
    keep[[0, far, n]] = True
    open_parts = [(0, far), (far, n)]
    while open_parts:
        a, b = open_parts.pop()
        if b - a < 2:
            continue
        away = _distance(closed[a + 1:b], closed[a], closed[b])
        worst = int(np.argmax(away))
        if away[worst] > tolerance:
            keep[a + 1 + worst] = True
            open_parts += [(a, a + 1 + worst), (a + 1 + worst, b)]
    if np.count_nonzero(keep[:-1]) < 3:
        keep[int(np.argmax(np.where(keep, -1.0, _distance(closed, closed[0], closed[far]))))] = True
    return closed[:-1][keep[:-1]]


def _distance(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """From each point to the segment a b."""
    along = b - a
    t = np.clip((points - a) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
    away = points - a - t[:, None] * along
    return np.sqrt((away * away).sum(axis=1))
