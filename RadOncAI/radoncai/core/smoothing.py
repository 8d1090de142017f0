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


def smooth_rings(mask: np.ndarray, thin: float = THINNING) -> list[np.ndarray]:
    """Outer rings and holes (negative area) of a 2D mask as smooth closed polygons in index space, (n, 2) of (x, y).

    Each lies within half a pixel of the voxel edges, so no voxel centre changes sides; each ring keeps its area as far
    as that allows. `thin`: how far a point that is left out may lie from the line, at most THINNING pixels.
    """
    rings = mask_to_rings(mask)
    if not rings:
        return []
    start, begins = _halved(rings)
    before, after = neighbours(begins, len(start))
    wanted = signed_areas(start, after, begins)
    moved = start + _relaxed(start, before, after)
    for _ in range(_AREA_STEPS):
        moved = start + _limited(_grown(moved, before, after, begins, wanted, REACH) - start, REACH)
    few, begins = thinned(moved, begins, min(thin, THINNING))
    before, after = neighbours(begins, len(few))
    regrown = few
    for _ in range(_AREA_STEPS):
        regrown = few + _limited(_grown(regrown, before, after, begins, wanted, _REGROWN) - few, _REGROWN)
    return np.split(regrown, begins[1:])


def _halved(rings: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Points every half pixel along rings of horizontal and vertical edges, and where each ring begins."""
    points = np.concatenate(rings)
    begins = np.cumsum([0, *(len(ring) for ring in rings)])[:-1]
    _, after = neighbours(begins, len(points))
    step = points[after] - points
    count = np.rint(np.abs(step).sum(axis=1) * 2).astype(int)
    upto = np.cumsum(count) - count
    part = np.arange(int(count.sum())) - np.repeat(upto, count)
    dense = np.repeat(points, count, axis=0) + np.repeat(np.sign(step) * 0.5, count, axis=0) * part[:, None]
    return dense, upto[begins]


def _relaxed(start: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far each point goes, moved towards the middle of its neighbours again and again, never beyond REACH."""
    bend = (0.3 * (start[before] + start[after] - 2 * start)).astype(np.float32).T.copy()
    away = np.zeros_like(bend)
    fix = np.flatnonzero((before != np.arange(len(before)) - 1) | (after != np.arange(len(after)) + 1))
    for _ in range(_STEPS):
        around = np.empty_like(away)
        around[:, 1:-1] = away[:, :-2] + away[:, 2:]
        around[:, fix] = away[:, before[fix]] + away[:, after[fix]]
        away = _limited((0.4 * away + 0.3 * around + bend).T, REACH).T
    return away.T.astype(float)


def _limited(away: np.ndarray, reach: float) -> np.ndarray:
    """(n, 2) displacements of at most `reach`."""
    x, y = away[:, 0], away[:, 1]
    size = x * x + y * y
    scale = np.sqrt(reach * reach / np.maximum(size, reach * reach))
    return away * scale[:, None]


def _grown(points: np.ndarray, before: np.ndarray, after: np.ndarray, begins: np.ndarray, wanted: np.ndarray,
           most: float) -> np.ndarray:
    """Each ring moved along its normals towards the signed area that is wanted, by at most `most`."""
    x, y = points.T
    tangent_x, tangent_y = x[after] - x[before], y[after] - y[before]
    size = np.maximum(np.hypot(tangent_x, tangent_y), 1e-9)
    around = np.add.reduceat(np.hypot(x[after] - x, y[after] - y), begins)
    lacking = np.clip((wanted - signed_areas(points, after, begins)) / np.maximum(around, 1e-9), -most, most)
    shift = np.repeat(lacking, np.diff([*begins, len(points)])) / size
    return np.column_stack([x + tangent_y * shift, y - tangent_x * shift])
