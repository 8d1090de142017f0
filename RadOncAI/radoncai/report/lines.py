"""Iso-lines of a picture field and smooth strokes along them."""

from __future__ import annotations

import numpy as np


def _cell_segments(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directed segments (from edge, to edge) of all cells, edges numbered as in `_edge_points`."""
    rows, columns = inside.shape
    sides = (inside[:-1, :-1], inside[:-1, 1:], inside[1:, 1:], inside[1:, :-1])
    y, x = np.nonzero((sides[0] != sides[1]) | (sides[1] != sides[2]) | (sides[2] != sides[3]))
    vertical = rows * columns
    edges = np.stack([y * columns + x, vertical + y * columns + x + 1,
                      (y + 1) * columns + x, vertical + y * columns + x])  # top, right, bottom, left
    corners = np.stack([side[y, x] for side in sides])
    leaves = corners & ~np.roll(corners, -1, axis=0)
    enters = ~corners & np.roll(corners, -1, axis=0)
    start, stop = [], []
    for edge in range(4):
        free = leaves[edge].copy()
        for step in (1, 2, 3):
            other = (edge + step) % 4
            here = free & enters[other]
            start.append(edges[edge][here])
            stop.append(edges[other][here])
            free &= ~here
    return np.concatenate(start), np.concatenate(stop)


def _edge_points(field: np.ndarray, level: float, edges: np.ndarray) -> np.ndarray:
    """(n, 2) pixel positions (x, y) where the level crosses the numbered edges, by linear interpolation."""
    rows, columns = field.shape
    vertical = edges >= rows * columns
    y, x = np.divmod(edges - vertical * rows * columns, columns)
    a = field[y, x]
    b = field[y + vertical, x + ~vertical]
    t = np.clip((level - a) / np.where(a == b, 1.0, b - a), 0.0, 1.0)
    return np.stack([x + t * ~vertical, y + t * vertical], axis=1)


def contour_lines(field: np.ndarray, level: float) -> list[np.ndarray]:
    """Polylines (n, 2) of pixels (x, y) where the field crosses `level`; closed ones repeat their first point."""
    start, stop = _cell_segments(field >= level)
    follow = dict(zip(start.tolist(), stop.tolist(), strict=True))
    reached = set(stop.tolist())
    heads = [e for e in follow if e not in reached]
    chains = []
    while follow:
        edge = heads.pop() if heads else next(iter(follow))
        chain = [edge]
        while edge in follow:
            edge = follow.pop(edge)
            chain.append(edge)
        chains.append(_edge_points(field, level, np.array(chain)))
    return chains


def densify(line: np.ndarray, step: float = 0.5, dash: tuple[float, float] | None = None) -> np.ndarray:
    """Points along a polyline at most `step` pixels apart; with `dash` (on, off) in pixels only those drawn."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0.0, along[-1], max(2, int(np.ceil(along[-1] / step)) + 1))
    if dash:
        at = at[at % sum(dash) < dash[0]]
    return np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)


def coverage(shape: tuple[int, int], points: np.ndarray, width: float) -> np.ndarray:
    """Share 0 to 1 of each pixel that round dots of diameter `width` at the points cover, antialiased."""
    out = np.zeros(shape, np.float32)
    reach = int(np.ceil(width / 2 + 0.5))
    nearest = np.round(points).astype(int)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            x, y = nearest[:, 0] + dx, nearest[:, 1] + dy
            distance = np.hypot(x - points[:, 0], y - points[:, 1])
            share = np.clip(width / 2 + 0.5 - distance, 0.0, 1.0)
            hit = (share > 0) & (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
            np.maximum.at(out, (y[hit], x[hit]), share[hit].astype(np.float32))
    return out
