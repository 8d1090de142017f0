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
    tops = {n: int(np.argmin(rings[n][:, 1])) for n in np.flatnonzero(areas < 0).tolist()}
    paths: dict[int, list[tuple[int, float, np.ndarray]]] = {}
    for n in sorted(tops, key=lambda n: -float(rings[n][tops[n], 1])):
        top = rings[n][tops[n]]
        edge, height = _edge_above(start, after, top, owner != n)
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
    if paths:
        paths = sorted(paths, key=lambda path: ((path[0] - first) % len(ring), path[1]))
    ring = np.roll(ring, -first, axis=0)
    parts, done = [], 0
    for edge, _, path in paths:
        upto = (edge - first) % len(ring) + 1
        parts += [ring[done:upto], path]
        done = upto
    return np.vstack([*parts, ring[done:]]) if parts else ring


def _edge_above(start: np.ndarray, after: np.ndarray, point: np.ndarray, among: np.ndarray) -> tuple[int, float]:
    """The nearest edge straight above (smaller y) among some, and where; -1 where there is none."""
    left = start[:, 0] <= point[0]
    at = np.flatnonzero((left != left[after]) & among)
    a, b = start[at], start[after[at]]
    y = a[:, 1] + (point[0] - a[:, 0]) * (b[:, 1] - a[:, 1]) / (b[:, 0] - a[:, 0])
    y[y >= point[1]] = -np.inf
    best = int(np.argmax(y)) if len(y) else -1
    return (int(at[best]), float(y[best])) if best >= 0 and np.isfinite(y[best]) else (-1, 0.0)
