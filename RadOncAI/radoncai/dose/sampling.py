"""Dose samples of a structure: many points, each with the volume it stands for and its interpolated dose.

The rule (the one the product states with every DVH): a lattice of min(1 mm, half the dose grid), refined until a
structure has 20,000 points and coarsened, at most to half the dose grid, above 400,000; cells weigh by the share that
the structure covers; one point a cell, spread evenly inside it, so that a steep gradient gives no stairs; trilinear
dose. Outside the dose grid nothing is filled in: that volume is counted as missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume
from radoncai.dose.slabs import Frame, Slab, Slabs

LATTICE_MM = 1.0
LEAST_POINTS = 20_000
MANY_POINTS = 400_000
BIN_GY = 0.001
_MOST_BINS = 100_000
_BATCH = _MOST_CELLS = 2_000_000
# Additive recurrence of the plastic number in three dimensions (Roberts 2018): even at every length.
_EVEN = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)


@dataclass(frozen=True, eq=False)
class Samples:
    """Ascending doses in Gy (at most one a 1 mGy bin, the bin's mean) and the volume of each in cc."""

    dose_gy: np.ndarray
    volume_cc: np.ndarray
    missing_cc: float
    lowest_gy: float | None
    highest_gy: float | None
    spacing_mm: float
    centroid_lps: tuple[float, float, float] | None


def sample(slabs: Slabs, dose: Volume) -> Samples:
    """Samples of the structure in the dose; without slabs there are none."""
    if not slabs.slabs or slabs.volume_mm3 <= 0:
        return Samples(np.empty(0), np.empty(0), 0.0, None, None, LATTICE_MM, None)
    spacing = max(lattice_mm(slabs.volume_mm3, min(dose.grid.spacing_mm)), _bearable_mm(slabs))
    field, bins = _Field(dose, slabs.frame), _Bins(float(dose.array.min()), float(dose.array.max()))
    hu, hv = _cell(slabs, spacing)
    total, moment = 0.0, np.zeros(3)
    for slab in slabs.slabs:
        total, moment = _sample_slab(slab, field, bins, (hu, hv, spacing), total, moment)
    doses, volumes = bins.sorted()
    centroid = tuple(float(x) for x in slabs.frame.to_lps(moment / total)) if total else None
    return Samples(doses, volumes / 1000, max(total - float(volumes.sum()), 0.0) / 1000 if bins.missing else 0.0,
                   bins.lowest, bins.highest, round(spacing, 3), centroid)


def lattice_mm(volume_mm3: float, dose_spacing_mm: float) -> float:
    """Lattice spacing for a structure of this volume, by the rule in this file's head."""
    spacing = min(LATTICE_MM, dose_spacing_mm / 2)
    if volume_mm3 < LEAST_POINTS * spacing**3:
        return (volume_mm3 / LEAST_POINTS) ** (1 / 3)
    enough = (volume_mm3 / MANY_POINTS) ** (1 / 3)
    return min(max(enough, spacing), max(dose_spacing_mm / 2, spacing))


def _bearable_mm(slabs: Slabs) -> float:
    """A thin sliver across the body must not ask for a lattice finer than memory allows."""
    boxes = ((s.bounds[2] - s.bounds[0]) * (s.bounds[3] - s.bounds[1]) * (s.high - s.low) for s in slabs.slabs)
    return (max(boxes) / _MOST_CELLS) ** (1 / 3)


def _cell(slabs: Slabs, spacing: float) -> tuple[float, float]:
    """Cell size along u and v: whole parts of a voxel for masks, of the structure's width for contours."""
    if slabs.cell_mm is not None:
        v, u = slabs.cell_mm
    else:
        low = np.min([s.bounds[:2] for s in slabs.slabs], 0)
        u, v = np.maximum(np.max([s.bounds[2:] for s in slabs.slabs], 0) - low, 1e-6)
    return u / np.ceil(u / spacing - 1e-6), v / np.ceil(v / spacing - 1e-6)


def _sample_slab(slab: Slab, field: _Field, bins: _Bins, cell: tuple[float, float, float], total: float,
                 moment: np.ndarray) -> tuple[float, np.ndarray]:
    """Add one slab's samples to the bins; returns the running volume (mm3) and its first moment."""
    hu, hv, spacing = cell
    u0, v0, u1, v1 = slab.bounds
    shape = (max(1, int(np.ceil((v1 - v0) / hv - 1e-6))), max(1, int(np.ceil((u1 - u0) / hu - 1e-6))))
    thickness = slab.high - slab.low
    if thickness <= 0:
        return total, moment
    cover = slab.cover(u0, v0, hu, hv, shape)
    rows, columns = np.nonzero(cover > 1e-6)
    weight = cover[rows, columns].astype(float)
    u, v = u0 + hu * np.arange(shape[1] + 1), v0 + hv * np.arange(shape[0] + 1)
    levels = np.linspace(slab.low, slab.high, max(1, int(np.ceil(thickness / spacing - 1e-6))) + 1)
    volume = weight * hu * hv * thickness / (len(levels) - 1)
    _add_points(field, bins, (u, v, levels), rows, columns, volume)
    mass = float(weight.sum()) * hu * hv * thickness
    across, along = (cover.sum(axis, dtype=float) / weight.sum() for axis in (0, 1))
    centre = ((across * _middles(u)).sum(), (along * _middles(v)).sum(), (slab.low + slab.high) / 2)
    return total + mass, moment + mass * np.array(centre)


def _add_points(field: _Field, bins: _Bins, edges: tuple[np.ndarray, np.ndarray, np.ndarray], rows: np.ndarray,
                columns: np.ndarray, volume: np.ndarray) -> None:
    u, v, levels = edges
    planes = field.corners(u, v, levels)
    width, area = planes.shape[2], planes.shape[1] * planes.shape[2]
    inside = field.inside(_middles(u), _middles(v), _middles(levels))
    for n in range(len(levels) - 1):
        known = inside[0][columns] & inside[1][rows] & inside[2][n] if field.aligned else \
            inside[n][rows, columns]
        if not known.all():
            bins.missing = True
        at = (n * area + rows * width + columns)[known]
        if len(at):
            bins.add(_inside_cells(planes.ravel(), at, width, area, bins.count), volume[known])


def _inside_cells(corners: np.ndarray, at: np.ndarray, width: int, area: int, count: int) -> np.ndarray:
    """Trilinear dose at one point inside each cell, the points spread evenly by the recurrence."""
    number = np.arange(count + 1, count + 1 + len(at), dtype=float)
    x, y, z = ((turn - np.floor(turn)).astype(np.float32) for turn in (number * a for a in _EVEN))

    def along_x(start: np.ndarray) -> np.ndarray:
        low = corners.take(start)
        return low + x * (corners.take(start + 1) - low)

    def along_y(start: np.ndarray) -> np.ndarray:
        low = along_x(start)
        return low + y * (along_x(start + width) - low)

    low = along_y(at)
    return low + z * (along_y(at + area) - low)


def _middles(edges: np.ndarray) -> np.ndarray:
    return (edges[1:] + edges[:-1]) / 2


class _Bins:
    """Dose bins that keep each bin's volume and mean dose."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.width = low, max(BIN_GY, (high - low) / _MOST_BINS)
        self.volume = self.dose = np.zeros(int((high - low) / self.width) + 2)
        self.lowest: float | None = None
        self.highest: float | None = None
        self.missing = False
        self.count = 0
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._size = 0

    def add(self, dose: np.ndarray, volume: np.ndarray) -> None:
        low, high = float(dose.min()), float(dose.max())
        self.lowest = low if self.lowest is None else min(self.lowest, low)
        self.highest = high if self.highest is None else max(self.highest, high)
        self.count += len(dose)
        self._size += len(dose)
        self._waiting.append((dose, volume))
        if self._size > _BATCH:
            self._flush()

    def _flush(self) -> None:
        dose = np.concatenate([d for d, _ in self._waiting]).astype(float)
        volume = np.concatenate([v for _, v in self._waiting])
        at = np.clip(((dose - self.low) / self.width).astype(int), 0, len(self.volume) - 1)
        self.volume = self.volume + np.bincount(at, volume, len(self.volume))
        self.dose = self.dose + np.bincount(at, volume * dose, len(self.volume))
        self._waiting, self._size = [], 0

    def sorted(self) -> tuple[np.ndarray, np.ndarray]:
        if self._waiting:
            self._flush()
        filled = self.volume > 0
        return self.dose[filled] / self.volume[filled], self.volume[filled]


class _Field:
    """The dose on planes of a frame; a voxel reaches half its size beyond its centre."""

    def __init__(self, dose: Volume, frame: Frame) -> None:
        self.array = np.asarray(dose.array, np.float32)
        self.shape = dose.grid.shape
        self.matrix, self.offset = _to_index(dose.grid, frame)
        self.aligned = bool(np.abs(self.matrix - np.diag(np.diag(self.matrix))).max() < 1e-5)

    def inside(self, u: np.ndarray, v: np.ndarray, w: np.ndarray) -> tuple | np.ndarray:
        """Which cell centres lie in the dose grid: one array an axis if aligned, else [level, row, column]."""
        if self.aligned:
            return tuple(self._within(x * self.matrix[a, a] + self.offset[a], a) for a, x in enumerate((u, v, w)))
        points = self._points(u, v, w)
        return np.logical_and.reduce([self._within(points[a], a) for a in range(3)])

    def corners(self, u: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Trilinear dose [level, row, column] at all combinations; clamped at the grid's border."""
        if not self.aligned:
            i, j, k = self._points(u, v, w)
            return ndimage.map_coordinates(self.array, [k, j, i], order=1, mode="nearest", output=np.float32)
        i, j, k = (self._neighbours(x, a) for a, x in enumerate((u, v, w)))
        j0, j1, i0, i1 = j[0].min(), j[1].max() + 1, i[0].min(), i[1].max() + 1
        part = self.array[:, j0:j1, i0:i1]
        levels = part[k[0]] + k[2][:, None, None] * (part[k[1]] - part[k[0]])
        low = levels[:, j[0] - j0]
        rows = low + j[2][:, None] * (levels[:, j[1] - j0] - low)
        low = rows[:, :, i[0] - i0]
        return low + i[2] * (rows[:, :, i[1] - i0] - low)

    def _within(self, index: np.ndarray, axis: int) -> np.ndarray:
        return (index >= -0.5 - 1e-6) & (index <= self.shape[2 - axis] - 0.5 + 1e-6)

    def _points(self, u: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
        mesh = np.stack(np.meshgrid(w, v, u, indexing="ij")[::-1])
        return np.tensordot(self.matrix, mesh, 1) + self.offset[:, None, None, None]

    def _neighbours(self, position: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        last = self.shape[2 - axis] - 1
        index = np.clip(position * self.matrix[axis, axis] + self.offset[axis], 0, last)
        low = np.minimum(index.astype(int), max(last - 1, 0))
        return low, np.minimum(low + 1, last), (index - low).astype(np.float32)


def _to_index(grid: Grid, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and offset from frame mm to the grid's continuous (i, j, k)."""
    inverse = np.linalg.inv(grid.index_to_lps[:3, :3])
    return inverse @ frame.axes, inverse @ (frame.origin - grid.index_to_lps[:3, 3])
