"""Rings and holes of one slice joined to polygons by channels of zero width."""

from __future__ import annotations

import numpy as np


def joined_by_keyholes(rings: list[np.ndarray]) -> list[np.ndarray]:
    """One polygon for each outer ring; rings that run the other way round are holes and join the ring around them.

    `rings`: closed (n, 2) polygons of (x, y) that do not cross, outer ones of positive area. From the top of each
    hole (smallest y) a channel runs straight up to the first edge above, which belongs to a ring whose top lies higher.
    """
    areas = [_area(ring) for ring in rings]
    polygons = [ring for ring, area in zip(rings, areas, strict=True) if area > 0]
    holes = [ring for ring, area in zip(rings, areas, strict=True) if area < 0]
    for hole in sorted(holes, key=lambda ring: float(ring[:, 1].min())):
        top = int(np.argmin(hole[:, 1]))
        found = [_edge_above(polygon, hole[top]) for polygon in polygons]
        n = int(np.argmax([height for height, _ in found])) if found else -1
        if n < 0 or not np.isfinite(found[n][0]):
            continue
        height, edge = found[n]
        gate = np.array([[hole[top, 0], height]])
        path = np.vstack([gate, np.roll(hole, -top, axis=0), hole[top:top + 1], gate])
        polygons[n] = np.vstack([polygons[n][:edge + 1], path, polygons[n][edge + 1:]])
    return polygons


def _edge_above(polygon: np.ndarray, point: np.ndarray) -> tuple[float, int]:
    """(y, edge) of the nearest edge straight above (smaller y); (-inf, -1) where there is none."""
    x0, y0 = polygon.T
    x1, y1 = np.roll(polygon, -1, axis=0).T
    at = np.flatnonzero((x0 <= point[0]) != (x1 <= point[0]))
    if not len(at):
        return -np.inf, -1
    y = y0[at] + (point[0] - x0[at]) * (y1[at] - y0[at]) / (x1[at] - x0[at])
    y[y >= point[1]] = -np.inf
    best = int(np.argmax(y))
    return float(y[best]), int(at[best])


def _area(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
