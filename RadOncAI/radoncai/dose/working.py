"""The grid a dose is predicted on, and the grid it is written on."""

from __future__ import annotations

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.structures import Box

NATIVE_MM = ((1.5, 3.4), (2.7, 5.5), (2.7, 5.5))
STANDARD_MM = (2.5, 3.9, 3.9)
COARSE_CT_MM, DOSE_MM = 2.0, 2.5


def block_factors(spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """CT voxels in a working voxel along (slice, row, column), so that it lies in the range the model knows."""
    pairs = zip(spacing_mm, NATIVE_MM, STANDARD_MM, strict=True)
    return tuple(1 if s >= low else max(1, round(standard / s)) for s, (low, _), standard in pairs)


def dose_grid(ct: Grid, place: Grid, spacing_mm: float | None = None) -> Grid:
    """Where RTDOSE lies: the CT's grid over `place` where its pixels are 2 mm or more, else 2.5 mm aligned with it.

    `place` is the region of the prediction; `spacing_mm` (in plane, and along the slices where these are finer)
    overrides.
    """
    box = _covering(ct, place)
    cropped = ct.crop(box)
    if spacing_mm is None and min(ct.spacing_mm[1:]) >= COARSE_CT_MM:
        return cropped
    wanted = spacing_mm or DOSE_MM
    step = (max(wanted, ct.spacing_mm[0]) if ct.spacing_mm[0] < COARSE_CT_MM else ct.spacing_mm[0], wanted, wanted)
    scale = [w / s for w, s in zip(step, ct.spacing_mm, strict=True)]
    shape = tuple(max(1, int(np.ceil(n / f))) for n, f in zip(cropped.shape, scale, strict=True))
    matrix = cropped.index_to_lps @ np.diag([*scale[::-1], 1.0])
    matrix[:3, 3] = cropped.to_lps(np.zeros((1, 3)))[0]
    return Grid(shape, matrix)


def _covering(ct: Grid, place: Grid) -> Box:
    ends = ct.to_index(place.corners())
    low = np.floor(ends.min(0) + 1e-6).astype(int)[::-1]
    high = np.ceil(ends.max(0) - 1e-6).astype(int)[::-1] + 1
    return tuple(slice(max(0, int(a)), min(n, int(b))) for a, b, n in zip(low, high, ct.shape, strict=True))
