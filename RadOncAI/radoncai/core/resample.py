"""Values of an image on another grid."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume

_INTERPOLATORS = {0: sitk.sitkNearestNeighbor, 1: sitk.sitkLinear, 3: sitk.sitkBSpline}


def resample(volume: Volume, grid: Grid, *, order: int = 1, outside: float = 0.0, antialias: bool = False) -> Volume:
    """A volume on another grid; float32 unless `order` is 0. See `resample_array`."""
    array = resample_array(volume.array, volume.grid, grid, outside, order=order, antialias=antialias)
    return volume.with_array(array, grid)


def resample_array(array: np.ndarray, from_grid: Grid, to_grid: Grid, outside: float = 0.0, *, order: int = 1,
                   antialias: bool = False) -> np.ndarray:
    """`array` [k, j, i] of `from_grid` at the voxel centres of `to_grid`; any two grids in LPS mm.

    `order`: 0 nearest (keeps the type), 1 trilinear (exact for a linear field), 3 cubic spline; 1 and 3 give float32.
    Points beyond the image's outer voxel faces get `outside`; between the last centre and the face the last value
    holds. `antialias` averages whole blocks first where the new voxels are at least twice as large.
    """
    array = np.asarray(array)
    if order == 0:
        kind = np.uint8 if array.dtype == bool else array.dtype
    else:
        kind = np.float32
    if antialias and order:
        factors = _whole_factors(from_grid, to_grid)
        if max(factors) > 1:
            array, from_grid = block_mean(array, from_grid, factors)
    image = to_sitk(array.astype(kind, copy=False), from_grid)
    moved = sitk.Resample(image, to_grid.shape[::-1], sitk.Transform(), _INTERPOLATORS[order],
                          tuple(to_grid.origin_lps), to_grid.spacing_mm[::-1], tuple(to_grid.directions.ravel()),
                          float(outside), image.GetPixelID())
    out = sitk.GetArrayFromImage(moved)
    return out.astype(bool) if array.dtype == bool and order == 0 else out


def block_mean(array: np.ndarray, grid: Grid, factors: tuple[int, int, int]) -> tuple[np.ndarray, Grid]:
    """Mean of blocks of `factors` voxels (slice, row, column) and their grid; a last partial block has its own mean."""
    out = np.asarray(array, dtype=np.float32)
    for axis, factor in enumerate(factors):
        if factor == 1:
            continue
        starts = np.arange(0, out.shape[axis], factor)
        counts = np.diff(np.append(starts, out.shape[axis])).astype(np.float32)
        shape = [1, 1, 1]
        shape[axis] = len(starts)
        out = np.add.reduceat(out, starts, axis=axis) / counts.reshape(shape)
    scale = np.array(factors[::-1], float)
    matrix = grid.index_to_lps.copy()
    matrix[:3, 3] = grid.to_lps((scale - 1)[None] / 2)[0]
    matrix[:3, :3] = grid.index_to_lps[:3, :3] * scale
    return out, Grid(out.shape, matrix)


def grid_like(grid: Grid, spacing_mm: tuple[float, float, float]) -> Grid:
    """Same directions, first corner and extent with another voxel size (slice, row, column); the end may reach over."""
    old, new = np.array(grid.spacing_mm), np.array(spacing_mm, float)
    shape = np.maximum(np.ceil(np.array(grid.shape) * old / new - 1e-6).astype(int), 1)
    ratio = (new / old)[::-1]
    matrix = grid.index_to_lps.copy()
    matrix[:3, 3] = grid.to_lps((ratio - 1)[None] / 2)[0]
    matrix[:3, :3] = grid.index_to_lps[:3, :3] * ratio
    return Grid(tuple(shape), matrix)


def to_sitk(array: np.ndarray, grid: Grid) -> sitk.Image:
    """An array [k, j, i] as a SimpleITK image in LPS."""
    image = sitk.GetImageFromArray(array)
    image.SetOrigin(tuple(grid.origin_lps))
    image.SetSpacing(grid.spacing_mm[::-1])
    image.SetDirection(tuple(grid.directions.ravel()))
    return image


def grid_of(image: sitk.Image) -> Grid:
    """The grid of a 3D SimpleITK image."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return Grid(image.GetSize()[::-1], matrix)


def _whole_factors(from_grid: Grid, to_grid: Grid) -> tuple[int, int, int]:
    """How many old voxels fit into a new one along each old axis (slice, row, column)."""
    steps = np.linalg.inv(from_grid.index_to_lps[:3, :3]) @ to_grid.index_to_lps[:3, :3]
    whole = np.maximum(np.floor(np.abs(steps).max(axis=1) + 1e-6).astype(int), 1)
    return tuple(int(f) for f in whole[::-1])
