"""Voxel-edge rings without their steps, by less than half a pixel, so that the same voxel centres stay inside."""

from __future__ import annotations

import numpy as np

from radoncai.core.polygons import mask_to_rings, polygon_area
from radoncai.core.thinning import thinned

REACH = 0.42  # pixels that a point may move
THINNING = 0.03  # pixels that leaving out points may change
_REGROWN = 0.03  # pixels that a thinned ring may move to have its area again; all three stay below half a pixel
_STEPS = 24
_AREA_STEPS = 8


def smooth_rings(mask: np.ndarray, thin: float = THINNING) -> list[np.ndarray]:
    """Outer rings and holes (negative area) of a 2D mask as smooth closed polygons in index space, (n, 2) of (x, y).

    Each lies within half a pixel of the voxel edges, so no voxel centre changes sides; each ring keeps its area as far
    as that allows. `thin`: how far a point that is left out may lie from the line, at most THINNING pixels.
    """
    rings = mask_to_rings(mask)
    if not rings:
        return []
    dense = [_halved(ring) for ring in rings]
    start = np.concatenate(dense)
    ends = np.cumsum([len(d) for d in dense])
    begins = ends - [len(d) for d in dense]
    before, after = np.arange(len(start)) - 1, np.arange(len(start)) + 1
    before[begins], after[ends - 1] = ends - 1, begins
    moved = _relaxed(start, before, after)
    wanted = np.array([abs(polygon_area(ring)) for ring in rings])
    moved = _with_area(moved, start, before, after, begins, wanted)
    few = [thinned(moved[a:b], min(thin, THINNING)) for a, b in zip(begins, ends, strict=True)]
    return [_regrown(ring, area) for ring, area in zip(few, wanted, strict=True)]


def _halved(ring: np.ndarray) -> np.ndarray:
    """Points every half pixel along a ring of horizontal and vertical edges."""
    step = np.roll(ring, -1, axis=0) - ring
    count = np.rint(np.abs(step).sum(axis=1) * 2).astype(int)
    edge = np.repeat(np.arange(len(ring)), count)
    part = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    return ring[edge] + step[edge] * (part / count[edge])[:, None]


def _relaxed(start: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Each point moved towards the middle of its neighbours again and again, never further than REACH."""
    points = start.copy()
    for _ in range(_STEPS):
        points = _limited(0.5 * points + 0.25 * (points[before] + points[after]), start)
    return points


def _limited(points: np.ndarray, start: np.ndarray) -> np.ndarray:
    away = points - start
    length = np.sqrt((away * away).sum(axis=1))
    return start + away * np.minimum(1.0, REACH / np.maximum(length, 1e-9))[:, None]


def _with_area(points: np.ndarray, start: np.ndarray, before: np.ndarray, after: np.ndarray, begins: np.ndarray,
               wanted: np.ndarray) -> np.ndarray:
    """Each ring moved along its normals until it has the wanted area, as far as REACH allows."""
    outward = np.sign(_areas(start, after, begins))
    lengths = np.diff([*begins, len(start)])
    for _ in range(_AREA_STEPS):
        tangent = points[after] - points[before]
        size = np.maximum(np.sqrt((tangent * tangent).sum(axis=1)), 1e-9)
        normal = np.column_stack([tangent[:, 1], -tangent[:, 0]]) / size[:, None]
        step = points[after] - points
        around = np.add.reduceat(np.sqrt((step * step).sum(axis=1)), begins)
        lacking = outward * (wanted - np.abs(_areas(points, after, begins))) / np.maximum(around, 1e-9)
        points = _limited(points + normal * np.repeat(lacking, lengths)[:, None], start)
    return points


def _regrown(ring: np.ndarray, wanted: float) -> np.ndarray:
    """Thinning cuts corners off: the ring moved along its normals by a hair until it has the wanted area."""
    area = polygon_area(ring)
    tangent = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    step = np.roll(ring, -1, axis=0) - ring
    around = np.sqrt((step * step).sum(axis=1)).sum()
    size = np.maximum(np.sqrt((tangent * tangent).sum(axis=1)), 1e-9)
    normal = np.column_stack([tangent[:, 1], -tangent[:, 0]]) / size[:, None]
    lacking = np.sign(area) * (wanted - abs(area)) / max(around, 1e-9)
    return ring + normal * np.clip(lacking, -_REGROWN, _REGROWN)


def _areas(points: np.ndarray, after: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Signed area of each ring."""
    x, y = points.T
    return 0.5 * np.add.reduceat(x * y[after] - x[after] * y, begins)
