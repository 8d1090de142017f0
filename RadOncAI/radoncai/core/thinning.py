"""Leaving out points of polygons that lie near the line between their neighbours."""

from __future__ import annotations

import numpy as np

from radoncai.core.rings import neighbours

_SHARES = (0.3, 0.25, 0.15, 0.1, 0.05, 0.05, 0.05, 0.05)  # of the tolerance, for each pass


def thinned(points: np.ndarray, begins: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Closed polygons with fewer points: (points, begins) of what is left.

    `points`: (n, 2), the polygons one after the other, `begins`: where each starts. Each pass leaves out every second
    point at most, if it lies within its share of the tolerance from the line between its neighbours; the shares add up
    to one, so no point that was left out lies further than `tolerance` away. Three points stay of each.
    """
    for share in _SHARES:
        lengths = np.diff([*begins, len(points)])
        before, after = neighbours(begins, len(points))
        away = _distance(points, points[before], points[after])
        place = np.arange(len(points)) - np.repeat(begins, lengths)
        loose = (place % 2 == 1) & (np.repeat(lengths, lengths) >= 6) & (away <= share * tolerance)
        if not loose.any():
            continue
        kept = ~loose
        lengths = np.add.reduceat(kept, begins)
        points, begins = points[kept], np.cumsum(lengths) - lengths
    return points, begins


def _distance(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """From each point to its segment a b."""
    (ax, ay), (px, py) = (b - a).T, (points - a).T
    t = np.clip((px * ax + py * ay) / np.maximum(ax * ax + ay * ay, 1e-12), 0.0, 1.0)
    return np.hypot(px - t * ax, py - t * ay)
