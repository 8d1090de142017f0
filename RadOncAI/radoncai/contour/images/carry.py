"""Structures of one image brought onto another through an accepted registration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.morphology import signed_distance_mm
from radoncai.core.resample import resample_array
from radoncai.core.structures import Box, Structure, StructureSet, bounding_box, within
from radoncai.core.volume import Volume

PADDING = 2
FAR_MM = 1e3


def carried(structures: StructureSet, to_planning: np.ndarray, planning: Volume) -> StructureSet:
    """The set on the planning image's grid; `to_planning` takes LPS mm of its grid to those of the planning image.

    Each mask's signed distance to its own edge is interpolated linearly and cut at zero (shape-based interpolation,
    Raya and Udupa, IEEE Trans Med Imaging 1990;9:32), so that thick slices leave no steps and nothing passes twice
    through a grid. What lies outside the planning image is missing, with that reason.
    """
    grid = Grid(structures.grid.shape, to_planning @ structures.grid.index_to_lps)
    kept, missing = [], dict(structures.missing)
    for structure in structures:
        moved = onto(structure, grid, planning.grid)
        if moved is None:
            missing[structure.name] = "it lies outside the planning image"
        else:
            kept.append(moved)
    return replace(structures, grid=planning.grid, structures=tuple(kept), source=planning.source, missing=missing)


def onto(structure: Structure, grid: Grid, target: Grid) -> Structure | None:
    """The structure of `grid` on `target`, both in one space; None where nothing of it lies there."""
    around = _box_on(structure.box, grid, target)
    if around is None:
        return None
    padded = np.pad(structure.mask, PADDING)
    matrix = grid.index_to_lps.copy()
    matrix[:3, 3] = grid.to_lps(np.array([[b.start - PADDING for b in structure.box][::-1]]))[0]
    distance = signed_distance_mm(padded, grid.spacing_mm)
    mask = resample_array(distance, Grid(padded.shape, matrix), target.crop(around), FAR_MM) < 0
    inner = bounding_box(mask)
    if inner is None:
        return None
    box = within(inner, around)
    return replace(structure, mask=np.ascontiguousarray(mask[inner]), box=box, contours=())


def _box_on(box: Box, grid: Grid, target: Grid) -> Box | None:
    ends = np.array([(b.start - 1, b.stop) for b in box], float)[::-1]
    corners = grid.to_lps(ends[np.arange(3), list(np.ndindex(2, 2, 2))])
    index = target.to_index(corners)[:, ::-1]
    low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, target.shape)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, 0, target.shape)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)) if (high > low).all() else None
