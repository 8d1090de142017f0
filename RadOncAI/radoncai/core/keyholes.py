"""Rings and holes of one slice joined to polygons by channels of zero width."""

from __future__ import annotations

import numpy as np

from radoncai.core.rings import neighbours, signed_areas


def joined_by_keyholes(rings: list[np.ndarray]) -> list[np.ndarray]:
    """One polygon for each outer ring; rings that run the other way round are holes and join the ring around them.

    `rings`: closed (n, 2) polygons of (x, y) that do not cross, outer ones of positive area. From the top of each
    hole (smallest y) a channel runs straight up to the first edge above, which belongs to a ring whose top lies higher.
    """
    if not rings:
        return []
    start = np.concatenate(rings)
    ends = np.cumsum([len(ring) for ring in rings])
    begins = ends - [len(ring) for ring in rings]
    _, after = neighbours(begins, len(start))
    owner = np.repeat(np.arange(len(rings)), ends - begins)
    areas = signed_areas(start, after, begins)
    if (areas > 0).all():
        return rings
    edges = _Edges(start, after, owner)
    tops = {n: int(np.argmin(rings[n][:, 1])) for n in np.flatnonzero(areas < 0).tolist()}
    paths: dict[int, list[tuple[int, float, np.ndarray]]] = {}
    for n in sorted(tops, key=lambda n: -float(rings[n][tops[n], 1])):
        top = rings[n][tops[n]]
        edge, height = edges.above(top, n)
        if edge < 0:
            continue
        whole = _with_paths(rings[n], paths.pop(n, []), tops[n])
        gate = np.array([[top[0], height]])
        along = float(np.abs(gate - start[edge]).sum())
        ring = int(owner[edge])
        paths.setdefault(ring, []).append((edge - int(begins[ring]), along, np.vstack([gate, whole, top[None], gate])))
    return [_with_paths(rings[n], paths.get(n, []), 0) for n in np.flatnonzero(areas > 0).tolist()]


def _with_paths(ring: np.ndarray, paths: list[tuple[int, float, np.ndarray]], first: int) -> np.ndarray:
    """A ring from its point `first` on, with what hangs at its edges put in at its place."""
    paths = sorted(paths, key=lambda path: ((path[0] - first) % len(ring), path[1]))
    ring = np.concatenate([ring[first:], ring[:first]]) if first else ring
    if not paths:
        return ring
    parts, done = [], 0
    for edge, _, path in paths:
        upto = (edge - first) % len(ring) + 1
        parts += [ring[done:upto], path]
        done = upto
    return np.concatenate([*parts, ring[done:]])


class _Edges:
    """All edges of a slice by the left of their ends, so that those over a point are found without looking at all."""

    def __init__(self, start: np.ndarray, after: np.ndarray, owner: np.ndarray) -> None:
        end = start[after]
        low = np.minimum(start[:, 0], end[:, 0])
        self._order = np.argsort(low)
        self._low, self._high = low[self._order], np.maximum(start[:, 0], end[:, 0])[self._order]
        self._start, self._end, self._owner = start, end, owner
        self._longest = float((self._high - self._low).max())

    def above(self, point: np.ndarray, besides: int) -> tuple[int, float]:
        """The nearest edge straight above (smaller y) a point, of another ring than `besides`, and where; -1: none."""
        x, y = point
        first, last = np.searchsorted(self._low, (x - self._longest, x), side="right")
        at = self._order[first:last][self._high[first:last] > x]
        at = at[self._owner[at] != besides]
        a, b = self._start[at], self._end[at]
        heights = a[:, 1] + (x - a[:, 0]) * (b[:, 1] - a[:, 1]) / (b[:, 0] - a[:, 0])
        heights[heights >= y] = -np.inf
        best = int(np.argmax(heights)) if len(heights) else -1
        return (int(at[best]), float(heights[best])) if best >= 0 and np.isfinite(heights[best]) else (-1, 0.0)
