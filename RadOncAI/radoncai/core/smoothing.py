"""Voxel-edge rings without their steps, by less than half a pixel, so that the same voxel centres stay inside."""

from __future__ import annotations

import numpy as np

from radoncai.core.polygons import mask_to_rings
from radoncai.core.rings import neighbours, signed_areas
from radoncai.core.thinning import thinned

REACH = 0.38  # pixels that a point may move
THINNING = 0.06  # pixels that leaving out points may change
_REGROWN = 0.05  # pixels that a thinned ring may move to have its area again; all three stay below half a pixel
_STEPS = 12
_AREA_STEPS = 2
_PORTION = 20_000  # points of rings that are worked on together, few enough for the processor's cache


def smooth_rings(mask: np.ndarray, thin: float = THINNING) -> list[np.ndarray]:
    """Outer rings and holes (negative area) of a 2D mask as smooth closed polygons, see `smoothed`."""
    return smoothed(mask_to_rings(mask), thin)


def smoothed(rings: list[np.ndarray], thin: float = THINNING) -> list[np.ndarray]:
    """Rings along voxel edges of one or many slices as smooth closed polygons in index space, (n, 2) of (x, y).

    Each lies within half a pixel of the voxel edges, so no voxel centre changes sides; each ring keeps its area as far
    as that allows. `thin`: how far a point that is left out may lie from the line, at most THINNING pixels.
    """
    upto = np.cumsum([len(ring) for ring in rings]) // _PORTION
    cuts = [0, *(np.flatnonzero(np.diff(upto)) + 1).tolist(), len(rings)] if rings else [0]
    return [ring for a, b in zip(cuts, cuts[1:], strict=False) for ring in _portion(rings[a:b], thin)]


def _portion(rings: list[np.ndarray], thin: float) -> list[np.ndarray]:
    start, begins = _halved(rings)
    before, after = neighbours(begins, start.shape[1])
    wanted = signed_areas(start.T, after, begins)
    moved = start + _relaxed(start, before, after)
    for _ in range(_AREA_STEPS):
        moved = start + _limited(_grown(moved, before, after, begins, wanted, REACH) - start, REACH)
    few, begins = thinned(moved.T, begins, min(thin, THINNING))
    few = np.ascontiguousarray(few.T)
    before, after = neighbours(begins, few.shape[1])
    regrown = few
    for _ in range(_AREA_STEPS):
        regrown = few + _limited(_grown(regrown, before, after, begins, wanted, _REGROWN) - few, _REGROWN)
    return np.split(np.ascontiguousarray(regrown.T), begins[1:])


def _halved(rings: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(2, n) points every half pixel along rings of horizontal and vertical edges, and where each ring begins."""
    points = np.concatenate(rings)
    begins = np.cumsum([0, *(len(ring) for ring in rings)])[:-1]
    _, after = neighbours(begins, len(points))
    step = points[after] - points
    count = np.rint(np.abs(step).sum(axis=1) * 2).astype(int)
    upto = np.cumsum(count) - count
    part = np.arange(int(count.sum())) - np.repeat(upto, count)
    dense = np.repeat(points.T, count, axis=1) + np.repeat(np.sign(step).T * 0.5, count, axis=1) * part
    return dense, upto[begins]


def _relaxed(start: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far each point goes, moved towards the middle of its neighbours again and again, never beyond REACH."""
    bend = (0.3 * (start[:, before] + start[:, after] - 2 * start)).astype(np.float32)
    away = np.zeros_like(bend)
    around = np.empty_like(bend)
    fix = np.flatnonzero((before != np.arange(len(before)) - 1) | (after != np.arange(len(after)) + 1))
    for _ in range(_STEPS):
        np.add(away[:, :-2], away[:, 2:], out=around[:, 1:-1])
        around[:, fix] = away[:, before[fix]] + away[:, after[fix]]
        around *= 0.3
        around += bend
        away *= 0.4
        away += around
        away = _limited(away, REACH)
    return away.astype(float)


def _limited(away: np.ndarray, reach: float) -> np.ndarray:
    """(2, n) displacements of at most `reach`, in place."""
    x, y = away
    size = x * x + y * y
    far = np.flatnonzero(size > reach * reach)
    away[:, far] *= reach / np.sqrt(size[far])
    return away


def _grown(points: np.ndarray, before: np.ndarray, after: np.ndarray, begins: np.ndarray, wanted: np.ndarray,
           most: float) -> np.ndarray:
    """Each ring moved along its normals towards the signed area that is wanted, by at most `most`."""
    x, y = points
    next_x, next_y = x[after], y[after]
    tangent_x, tangent_y = next_x - x[before], next_y - y[before]
    size = np.maximum(np.sqrt(tangent_x * tangent_x + tangent_y * tangent_y), 1e-9)
    edge_x, edge_y = next_x - x, next_y - y
    around = np.add.reduceat(np.sqrt(edge_x * edge_x + edge_y * edge_y), begins)
    areas = 0.5 * np.add.reduceat(x * next_y - next_x * y, begins)
    lacking = np.clip((wanted - areas) / np.maximum(around, 1e-9), -most, most)
    shift = np.repeat(lacking, np.diff([*begins, len(x)])) / size
    return np.stack([x + tangent_y * shift, y - tangent_x * shift])
