"""Where polygons cross themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_PAIRS_AT_ONCE = 1 << 20


def crossing_polygons(polygons: Sequence[np.ndarray], depth: float) -> list[int]:
    """Numbers of the closed (n, 2) polygons whose own edges cross by more than `depth`.

    Edges that touch, meet in a point or run back along each other (a keyhole's channel) do not count.
    """
    if not polygons:
        return []
    lengths = np.array([len(p) for p in polygons])
    start = np.concatenate([np.asarray(p, float)[:, :2] for p in polygons])
    end = np.concatenate([np.roll(np.asarray(p, float)[:, :2], -1, axis=0) for p in polygons])
    owner = np.repeat(np.arange(len(polygons)), lengths)
    found: set[int] = set()
    for a, b in _near_pairs(start, end, owner):
        crossing = _cross(start[a], end[a], start[b], end[b], depth)
        found |= set(owner[a[crossing]].tolist())
    return sorted(found)


def _near_pairs(start: np.ndarray, end: np.ndarray, owner: np.ndarray):
    """Pairs of edges of one polygon whose boxes overlap, in portions: edges in bands of y, sorted by x in each."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    height = max(2 * float((high[:, 1] - low[:, 1]).mean()), 1e-3)
    bottom = low[:, 1].min()
    first = ((low[:, 1] - bottom) / height).astype(int)
    count = ((high[:, 1] - bottom) / height).astype(int) - first + 1
    edge = np.repeat(np.arange(len(start)), count)
    band = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    shelf = owner[edge].astype(np.int64) * (int(band.max()) + 1) + band
    width = float(high[:, 0].max() - low[:, 0].min()) + 1.0
    left = low[edge, 0] - low[:, 0].min()
    order = np.lexsort((left, shelf))
    edge, shelf, left = edge[order], shelf[order], left[order]
    rank = np.cumsum(np.r_[0, np.diff(shelf) != 0])
    key = rank * width + left
    right = rank * width + np.minimum(high[edge, 0] - low[:, 0].min(), width - 0.5)
    upto = np.searchsorted(key, right, side="right")
    many = np.maximum(upto - np.arange(len(edge)) - 1, 0)
    ends = np.cumsum(many)
    begin = 0
    while begin < len(edge):
        done = int(ends[begin - 1]) if begin else 0
        stop = max(int(np.searchsorted(ends, done + _PAIRS_AT_ONCE)), begin + 1)
        part = np.arange(begin, min(stop, len(edge)))
        a = np.repeat(part, many[part])
        b = a + 1 + np.arange(len(a)) - np.repeat(np.cumsum(many[part]) - many[part], many[part])
        yield edge[a], edge[b]
        begin = stop


def _cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, depth: float) -> np.ndarray:
    """Whether edges a b and c d cross with all four ends further than `depth` from the other's line."""
    one, two = _side(a, b, c), _side(a, b, d)
    three, four = _side(c, d, a), _side(c, d, b)
    deep = np.minimum(np.minimum(abs(one), abs(two)), np.minimum(abs(three), abs(four))) > depth
    return deep & (one * two < 0) & (three * four < 0)


def _side(a: np.ndarray, b: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Signed distance of points from the lines a b."""
    along, away = b - a, point - a
    cross = along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]
    return cross / np.maximum(np.sqrt((along * along).sum(axis=1)), 1e-12)
