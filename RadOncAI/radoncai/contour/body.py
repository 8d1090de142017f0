"""The patient's outline on any CT, without couch, arms kept. Classical image processing."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.core import morphology
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.structures import bounding_box
from radoncai.models.engine.sampling import model_grid, resample_to

COARSE_MM = 3.0
PIECE_CC = 60.0
SLAB_WIDTH_MM = 120.0
SLAB_THICK_MM = 80.0
PIECE_RADIUS_MM = 15.0


def coarse_grid(grid: Grid) -> Grid:
    """A grid of about 3 mm over the same box; axes that are coarser already stay as they are."""
    return model_grid(grid, tuple(max(COARSE_MM, s) for s in grid.spacing_mm))


def external(hu: np.ndarray, grid: Grid, progress: Progress) -> np.ndarray:
    """The patient's outline, [k, j, i] on an LPS grid; air inside belongs to it. Empty where there is no tissue.

    Pieces are found at 3 mm, the edge is that of the image itself (-300 HU).
    """
    progress.step("finding the body")
    coarse = coarse_grid(grid)
    small = resample_to(hu, grid, coarse)
    rough = rough_body(small, coarse.spacing_mm)
    box = bounding_box(rough, margin=1)
    if box is None:
        return np.zeros(grid.shape, bool)
    near, sure = _allowed(rough, small, coarse.spacing_mm)
    return _edge(hu, near, sure, grid, coarse, progress)


def rough_body(hu: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """Body on a coarse grid: couch cut, the largest piece and every other thick one (arms), holes closed."""
    tissue = hu > morphology.BODY_HU
    row = couch_row(tissue, spacing_mm)
    if row is not None:
        tissue[:, row:] = False
    # Air in the chest is filled before the opening by 6 mm, which would tear a thin chest wall.
    walls = ndimage.binary_opening(tissue, morphology.disc(COARSE_MM, spacing_mm))
    tissue |= morphology.fill_holes_in_slices(walls)
    body = morphology.body_mask(np.where(tissue, 0.0, -1000.0), spacing_mm)
    return body | _other_pieces(tissue & ~body, spacing_mm)


def couch_row(tissue: np.ndarray, spacing_mm: tuple[float, float, float]) -> int | None:
    """First row of a flat slab (a couch top, a board) below the patient; None where there is none.

    The lowest run of tissue in a column is a slab's where it begins and ends at the same rows over a width of
    120 mm in half of the slices, with air above it; a body is nowhere so flat on both sides.
    """
    wide = max(1.0, SLAB_WIDTH_MM / spacing_mm[2])
    thick = round(SLAB_THICK_MM / spacing_mm[1])
    runs = [run for plane in tissue for run in _lowest_runs(plane, thick)]
    if len(runs) < 0.5 * wide * len(tissue):
        return None
    first, last = np.array(runs).T
    row, end = (int(np.argmax(np.bincount(n))) for n in (first, last))
    slab = (np.abs(first - row) <= 1) & (np.abs(last - end) <= 1)
    return max(0, row - 1) if slab.sum() >= 0.5 * wide * len(tissue) else None


def _lowest_runs(plane: np.ndarray, thick: int) -> list[tuple[int, int]]:
    """(first, last) row of each column's lowest run, where it is thin and lies in the lower half of the image."""
    last = plane.shape[0] - 1 - plane[::-1].argmax(axis=0)
    above = ~plane & (np.arange(plane.shape[0])[:, None] < last)
    first = np.where(above.any(axis=0), plane.shape[0] - above[::-1].argmax(axis=0), 0)
    good = plane.any(axis=0) & (last - first < thick) & (first > plane.shape[0] // 2)
    return list(zip(first[good].tolist(), last[good].tolist(), strict=True))


def _other_pieces(rest: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """Pieces of 60 cc and more that are thick, with the 15 mm around their thick part."""
    depth = np.stack([ndimage.distance_transform_edt(plane, spacing_mm[1:]) if plane.any() else np.zeros(plane.shape)
                      for plane in rest])
    thick = depth > PIECE_RADIUS_MM
    if not thick.any():
        return np.zeros_like(rest)
    opened = np.stack([ndimage.distance_transform_edt(~plane, spacing_mm[1:]) < PIECE_RADIUS_MM + 6.0
                       if plane.any() else plane for plane in thick]) & rest
    labels, n = ndimage.label(opened)
    size = np.bincount(labels.ravel(), minlength=n + 1) * np.prod(spacing_mm) / 1000.0
    size[0] = 0
    return morphology.fill_holes_in_slices((size >= PIECE_CC)[labels])


def _allowed(rough: np.ndarray, small: np.ndarray, spacing_mm: tuple[float, float, float]) -> tuple[np.ndarray, ...]:
    """Where the edge may lie (one coarse voxel around) and what is inside for certain, both on the coarse grid."""
    cross = ndimage.generate_binary_structure(3, 1)
    cross[[0, 2]] = False
    return ndimage.binary_dilation(rough, cross), ndimage.binary_erosion(rough, cross, border_value=1)


def _edge(hu: np.ndarray, near: np.ndarray, sure: np.ndarray, grid: Grid, coarse: Grid,
          progress: Progress) -> np.ndarray:
    k, j, i = (nearest_index(n, m, b / a) for n, m, a, b in
               zip(grid.shape, coarse.shape, grid.spacing_mm, coarse.spacing_mm, strict=True))
    out = np.zeros(grid.shape, bool)
    for index in range(grid.shape[0]):
        if index % 16 == 0:
            progress.step("finding the body", index / grid.shape[0])
        there = near[k[index]][np.ix_(j, i)]
        if there.any():
            plane = (hu[index] > morphology.BODY_HU) & there | sure[k[index]][np.ix_(j, i)]
            out[index] = _without_specks(ndimage.binary_fill_holes(plane))
    return out


def nearest_index(n: int, coarse: int, scale: float) -> np.ndarray:
    """For each of `n` voxels of an axis the coarse voxel whose centre is nearest."""
    return np.clip(((np.arange(n) + 0.5) / scale).astype(int), 0, coarse - 1)


def _without_specks(plane: np.ndarray) -> np.ndarray:
    labels, n = ndimage.label(plane)
    if n < 2:
        return plane
    size = np.bincount(labels.ravel())
    size[0] = 0
    return (size >= 0.01 * size.max())[labels]
