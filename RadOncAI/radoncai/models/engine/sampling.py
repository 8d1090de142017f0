"""To a model's spacing and back along the grid's own axes, slice by slice so that memory stays small.

Both grids start at the same outer edge. Linear interpolation; shrinking by more than 1.5 is smoothed first
(sigma = 0.4 (scale - 1) voxels) against aliasing, as in the training recipes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage, sparse

from radoncai.core.grid import Grid
from radoncai.core.structures import Box

Triple = tuple[float, float, float]


def model_grid(grid: Grid, spacing_mm: Triple | None) -> Grid:
    """The grid at another spacing (k, j, i in mm) that covers the same box; the grid itself for None."""
    if spacing_mm is None or np.allclose(spacing_mm, grid.spacing_mm, rtol=1e-3):
        return grid
    scale = scales(grid, spacing_mm)
    shape = tuple(max(1, round(n / s)) for n, s in zip(grid.shape, scale, strict=True))
    matrix = grid.index_to_lps.copy()
    matrix[:3, :3] *= scale[::-1]
    first = np.array([[0.5 * s - 0.5 for s in scale[::-1]]])
    matrix[:3, 3] = grid.to_lps(first)[0]
    return Grid(shape, matrix)


def scales(grid: Grid, spacing_mm: Triple) -> Triple:
    """Model voxels over grid voxels along k, j, i."""
    return tuple(t / s for t, s in zip(spacing_mm, grid.spacing_mm, strict=True))


def axis_matrix(n_in: int, n_out: int, scale: float) -> sparse.csr_array:
    """(n_out, n_in) sparse float32 weights of one axis, with smoothing; the edge value goes on outside."""
    matrix = _linear(np.clip((np.arange(n_out) + 0.5) * scale - 0.5, 0, n_in - 1), n_in)
    if scale > 1.5:
        matrix = matrix @ ndimage.gaussian_filter1d(np.eye(n_in), 0.4 * (scale - 1), axis=0, mode="nearest")
    return sparse.csr_array(matrix.astype(np.float32))


def resample_to(array: np.ndarray, grid: Grid, target: Grid) -> np.ndarray:
    """`array` on `grid` to float32 on `target`, a grid made by `model_grid`; the array itself on its own grid."""
    if target is grid:
        return np.asarray(array)
    k, j, i = (axis_matrix(a, b, s) for a, b, s in
               zip(grid.shape, target.shape, scales(grid, target.spacing_mm), strict=True))
    out = np.zeros(target.shape, np.float32)
    k = k.toarray()
    for index in range(grid.shape[0]):
        users = np.flatnonzero(k[:, index])
        if len(users):
            plane = _plane(array[index], j, i)
            out[users] += k[users, index, None, None] * plane
    return out


def slices_back(small: np.ndarray, first: tuple[int, int, int], target: Grid, grid: Grid,
                box: Box) -> Iterator[tuple[int, np.ndarray]]:
    """Values at `target[first:]` interpolated to the slices of `box` on `grid`: (k, plane [j, i] float32), in order."""
    scale = [1 / s for s in scales(grid, target.spacing_mm)]
    k, j, i = (_back_matrix(n, f, s, b) for n, f, s, b in zip(small.shape, first, scale, box, strict=True))
    planes: dict[int, np.ndarray] = {}
    k = k.toarray()
    for row, index in enumerate(range(box[0].start, box[0].stop)):
        used = np.flatnonzero(k[row])
        planes = {n: planes[n] if n in planes else _plane(small[n], j, i) for n in used}
        yield index, sum(k[row, n] * planes[n] for n in used)


def _back_matrix(n: int, first: int, scale: float, part: slice) -> sparse.csr_array:
    """(voxels of part, n) linear weights from model voxels first .. first + n - 1 to image voxels."""
    position = np.clip((np.arange(part.start, part.stop) + 0.5) * scale - 0.5 - first, 0, n - 1)
    return sparse.csr_array(_linear(position, n).astype(np.float32))


def _plane(plane: np.ndarray, j: sparse.csr_array, i: sparse.csr_array) -> np.ndarray:
    """Rows weighted by `j`, columns by `i`; sparse, because threaded small products stall on a busy machine."""
    return (i @ np.ascontiguousarray((j @ plane.astype(np.float32, copy=False)).T)).T


def _linear(position: np.ndarray, n: int) -> np.ndarray:
    low = np.minimum(position.astype(int), max(n - 2, 0))
    matrix = np.zeros((len(position), n))
    rows = np.arange(len(position))
    matrix[rows, low] = 1 - (position - low)
    matrix[rows, np.minimum(low + 1, n - 1)] += position - low
    return matrix


def box_back(box: Box, target: Grid, grid: Grid) -> Box:
    """The voxels of `grid` that a box of `target` can influence by linear interpolation."""
    out = []
    for part, s, n in zip(box, scales(grid, target.spacing_mm), grid.shape, strict=True):
        low = int(np.floor((part.start - 0.5) * s - 0.5))
        high = int(np.ceil((part.stop + 0.5) * s - 0.5)) + 1
        out.append(slice(max(0, low), min(n, high)))
    return tuple(out)
