"""Leaving out points of polygons that lie near the line between their neighbours."""

from __future__ import annotations

import numpy as np

_SHARES = (0.3, 0.25, 0.15, 0.1, 0.05, 0.05, 0.05, 0.05)  # of the tolerance, for each pass


def thinned(points: np.ndarray, begins: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Closed polygons with fewer points: (points, begins) of what is left.

    `points`: (n, 2), the polygons one after the other, `begins`: where each starts. Each pass leaves out every second
    point at most, if it lies within its share of the tolerance from the line between its neighbours; the shares add up
    to one, so no point that was left out lies further than `tolerance` away. Three points stay of each.
    """
    x, y = np.ascontiguousarray(points.T)
    for share in _SHARES:
        lengths = np.diff([*begins, len(x)])
        second, after = _every_second(begins, lengths)
        loose = second[_near(x, y, second, after, share * tolerance)]
        if not len(loose):
            continue
        kept = np.ones(len(x), bool)
        kept[loose] = False
        lengths = np.add.reduceat(kept, begins, dtype=np.intp)
        x, y, begins = x[kept], y[kept], np.cumsum(lengths) - lengths
    return np.column_stack([x, y]), begins


def _every_second(begins: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The odd places of each polygon that has six points or more, and the point after each."""
    count = np.where(lengths >= 6, lengths // 2, 0)
    upto = np.cumsum(count)
    place = np.arange(int(upto[-1])) - np.repeat(upto - count, count)
    second = np.repeat(begins, count) + 2 * place + 1
    after = second + 1
    whole = (count > 0) & (lengths % 2 == 0)  # then the last odd place is the last point
    after[upto[whole] - 1] = begins[whole]
    return second, after


def _near(x: np.ndarray, y: np.ndarray, second: np.ndarray, after: np.ndarray, reach: float) -> np.ndarray:
    """Whether each of the points lies within `reach` of the segment between its neighbours."""
    bx, by = x[second - 1], y[second - 1]
    ax, ay = x[after] - bx, y[after] - by
    px, py = x[second] - bx, y[second] - by
    t = np.clip((px * ax + py * ay) / np.maximum(ax * ax + ay * ay, 1e-12), 0.0, 1.0)
    px -= t * ax
    py -= t * ay
    return px * px + py * py <= reach * reach
