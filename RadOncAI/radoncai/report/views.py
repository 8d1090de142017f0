"""Flat windows through the patient: where each pixel of a picture lies in LPS.

Axial pictures show the patient's right on the left and anterior on top, coronal ones right on the left and the head
on top, sagittal ones anterior on the left and the head on top.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from radoncai.core.grid import Grid

# plane: unit vector to the right of the picture, unit vector downwards, letters left, right, top, bottom
PLANES = {
    "axial": ((1, 0, 0), (0, 1, 0), "RLAP"),
    "coronal": ((1, 0, 0), (0, 0, -1), "RLHF"),
    "sagittal": ((0, 1, 0), (0, 0, -1), "APHF"),
}
ASPECTS = {"axial": (1.0, 1.6), "coronal": (0.72, 1.5), "sagittal": (0.55, 1.25)}
SMALLEST_MM = 200.0


@dataclass(frozen=True, eq=False)
class View:
    """A picture plane: LPS mm of the middle of the picture, pixels (rows, columns), mm per square pixel."""

    plane: str
    centre: np.ndarray
    shape: tuple[int, int]
    mm_per_pixel: float

    @property
    def right(self) -> np.ndarray:
        return np.array(PLANES[self.plane][0], float)

    @property
    def down(self) -> np.ndarray:
        return np.array(PLANES[self.plane][1], float)

    @property
    def letters(self) -> str:
        """Orientation letters of the left, right, top and bottom edge."""
        return PLANES[self.plane][2]

    @property
    def corner(self) -> np.ndarray:
        """LPS mm of the centre of the pixel in row 0, column 0."""
        rows, columns = self.shape
        return self.centre - self.mm_per_pixel * ((columns - 1) / 2 * self.right + (rows - 1) / 2 * self.down)

    def points(self) -> np.ndarray:
        """(rows, columns, 3) LPS mm of the pixel centres."""
        y, x = (self.mm_per_pixel * np.arange(n) for n in self.shape)
        return self.corner + y[:, None, None] * self.down + x[None, :, None] * self.right

    def to_pixel(self, lps: np.ndarray) -> np.ndarray:
        """(n, 3) LPS mm to (n, 2) continuous pixels (x, y), projected along the plane's normal."""
        away = (np.asarray(lps, float) - self.corner) / self.mm_per_pixel
        return np.stack([away @ self.right, away @ self.down], axis=-1)

    def window(self, lps: np.ndarray, margin: int = 4) -> tuple[View, int, int] | None:
        """The part of the view around the points and its first column and row; None where they lie outside."""
        pixels = self.to_pixel(lps)
        limit = np.array(self.shape[::-1])
        low = np.clip(np.floor(pixels.min(axis=0)).astype(int) - margin, 0, limit)
        high = np.clip(np.ceil(pixels.max(axis=0)).astype(int) + margin + 1, 0, limit)
        if (high - low).min() < 2:
            return None
        middle = self.corner + self.mm_per_pixel * (
            (low + high - 1)[0] / 2 * self.right + (low + high - 1)[1] / 2 * self.down)
        part = replace(self, centre=middle, shape=(int(high[1] - low[1]), int(high[0] - low[0])))
        return part, int(low[0]), int(low[1])


def frame(plane: str, through: np.ndarray, low: np.ndarray, high: np.ndarray, rows: int = 680) -> View:
    """A view of the box `low` to `high` (LPS mm) in the plane through the point `through`, centred on the box.

    Width over height is kept between `ASPECTS`: too flat or too narrow a box gets black around it, too tall a
    coronal or sagittal one is cut above and below. At least 200 mm high.
    """
    right, down = (np.array(v, float) for v in PLANES[plane][:2])
    middle = (np.asarray(low, float) + high) / 2
    size = np.asarray(high, float) - low
    width, height = float(size @ np.abs(right)), float(size @ np.abs(down))
    narrow, flat = ASPECTS[plane]
    if width < narrow * height:
        width, height = (max(width, narrow * height), height) if plane == "axial" else (width, width / narrow)
    height = max(height, width / flat, SMALLEST_MM)
    width = max(width, narrow * height)
    normal = 1.0 - np.abs(right) - np.abs(down)
    columns = int(round(rows * width / height))
    return View(plane, middle * (1 - normal) + np.asarray(through, float) * normal, (rows, columns), height / rows)


def index_steps(grid: Grid, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Index (k, j, i) of the view's first pixel, and (3, 2) its change for one pixel down and one to the right."""
    to_kji = np.linalg.inv(grid.index_to_lps[:3, :3])[::-1]
    first = np.round(to_kji @ (view.corner - grid.origin_lps), 6)
    return first, to_kji @ np.stack([view.down, view.right], axis=1) * view.mm_per_pixel


def sample(array: np.ndarray, grid: Grid, view: View, order: int = 1, outside: float = 0.0,
           fade: bool = False, limits: tuple[float, float] | None = None) -> np.ndarray:
    """Values of an array on `grid` at the view's pixels, float32 (rows, columns).

    `order` 0 nearest, 1 linear, 3 cubic. Outside the grid (half a voxel beyond the outer centres) the value is
    `outside`; with `fade` it falls linearly to `outside` from the outer centres, which closes the edge of a mask.
    Values are clipped to `limits` before interpolation, so that cubic splines do not ring at skin and bone.
    """
    first, steps = index_steps(grid, view)
    y, x = (np.arange(n) for n in view.shape)
    index = [first[a] + steps[a, 0] * y[:, None] + steps[a, 1] * x[None, :] for a in range(3)]
    reach = 6
    limit = np.array(array.shape)
    start = np.clip([int(np.floor(v.min())) - reach for v in index], 0, limit - 1)
    stop = np.clip([int(np.ceil(v.max())) + reach + 1 for v in index], start + 1, limit)
    part = array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))].astype(np.float32)
    if limits:
        part = np.clip(part, *limits)
    matrix = np.concatenate([steps, np.zeros((3, 1))], axis=1)
    values = ndimage.affine_transform(part, matrix, first - start, (*view.shape, 1), order=order, cval=outside,
                                      mode="grid-constant" if fade else "nearest")[..., 0]
    if not fade:
        beyond = [(v < -0.5) | (v > n - 0.5) for v, n in zip(index, array.shape, strict=True)]
        values[np.logical_or.reduce(beyond)] = outside
    return values
