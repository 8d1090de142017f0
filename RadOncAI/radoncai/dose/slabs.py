"""A structure as a stack of slabs: each contour plane or mask slice stands for its share of the third dimension.

A slab carries what its cross-section covers of each cell of a lattice. Positions are mm in an orthonormal frame
(u, v, w): u along columns, v along rows, w across planes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.scanline import rasterise_plane
from radoncai.core.structures import Contour, Structure

END_CAPS = {"half": 0.5, "none": 0.0, "full": 1.0}
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_FLAT_MM = 0.1
_SUB_ROWS = 4

Cover = Callable[[float, float, float, float, tuple[int, int]], np.ndarray]


@dataclass(frozen=True, eq=False)
class Frame:
    """LPS mm = origin + axes @ (u, v, w); the columns of `axes` are orthonormal."""

    origin: np.ndarray
    axes: np.ndarray

    def to_frame(self, lps: np.ndarray) -> np.ndarray:
        return (np.asarray(lps, float) - self.origin) @ self.axes

    def to_lps(self, uvw: np.ndarray) -> np.ndarray:
        return self.origin + self.axes @ np.asarray(uvw, float)


@dataclass(frozen=True, eq=False)
class Slab:
    """One cross-section between `low` and `high` (w, mm).

    `bounds` is (u low, v low, u high, v high) in mm; `cover(u0, v0, hu, hv, shape)` gives the covered share 0..1 of
    each lattice cell [row, column], cell (0, 0) beginning at (u0, v0).
    """

    low: float
    high: float
    bounds: tuple[float, float, float, float]
    cover: Cover


@dataclass(frozen=True, eq=False)
class Slabs:
    """All slabs of a structure; `cell_mm` is the voxel size (v, u) that a lattice must divide, for masks."""

    frame: Frame
    slabs: tuple[Slab, ...]
    volume_mm3: float
    cell_mm: tuple[float, float] | None = None


def slabs_of(structure: Structure, grid: Grid, dose_grid: Grid, end_caps: str = "half") -> Slabs:
    """Slabs from the contours as read where there are any, else from the mask on `grid`.

    `end_caps` says how far a structure reaches beyond its last plane: half a slice, none, or a full one. Raises
    InputError for another word, and for contours that do not lie in parallel planes.
    """
    if end_caps not in END_CAPS:
        raise InputError(f"End caps are half, none or full, not {end_caps}.")
    closed = [c for c in structure.contours if c.kind in _CLOSED and len(c.points) > 2]
    if closed:
        return _from_contours(structure.name, closed, grid, dose_grid, END_CAPS[end_caps])
    if not structure.voxels:
        return Slabs(frame_of(grid), (), 0.0)
    return _from_mask(structure, grid, END_CAPS[end_caps])


def frame_of(grid: Grid) -> Frame:
    return Frame(grid.origin_lps, grid.directions)


def _from_mask(structure: Structure, grid: Grid, cap: float) -> Slabs:
    dz, dy, dx = grid.spacing_mm
    k0, j0, i0 = (s.start for s in structure.box)
    filled = [k for k in range(len(structure.mask)) if structure.mask[k].any()]
    intervals = _intervals(np.array([(k + k0) * dz for k in filled]), dz, cap)
    slabs = tuple(_mask_slab(structure.mask[k], interval, (i0 - 0.5) * dx, (j0 - 0.5) * dy, dx, dy)
                  for k, interval in zip(filled, intervals, strict=True))
    volume = sum(np.count_nonzero(structure.mask[k]) * dx * dy * (b - a)
                 for k, (a, b) in zip(filled, intervals, strict=True))
    return Slabs(frame_of(grid), slabs, float(volume), (dy, dx))


def _mask_slab(mask: np.ndarray, interval: tuple[float, float], u0: float, v0: float, dx: float, dy: float) -> Slab:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    part = mask[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1].astype(np.float32)
    u, v = u0 + columns[0] * dx, v0 + rows[0] * dy

    def cover(_u: float, _v: float, hu: float, hv: float, _shape: tuple[int, int]) -> np.ndarray:
        return part.repeat(round(dy / hv), 0).repeat(round(dx / hu), 1)

    return Slab(*interval, (u, v, u + part.shape[1] * dx, v + part.shape[0] * dy), cover)


def _from_contours(name: str, contours: Sequence[Contour], grid: Grid, dose_grid: Grid, cap: float) -> Slabs:
    frame, placed = _flat_frame(name, [c.points for c in contours], grid, dose_grid)
    heights = np.array([p[:, 2].mean() for p in placed])
    order = np.argsort(heights, kind="stable")
    starts = np.flatnonzero(np.diff(heights[order], prepend=-np.inf) > _FLAT_MM)
    planes = np.split(order, starts[1:])
    intervals = _intervals(np.array([heights[p].mean() for p in planes]), grid.spacing_mm[0], cap)
    slabs, volume = [], 0.0
    for plane, interval in zip(planes, intervals, strict=True):
        polygons = [placed[n][:, :2] for n in plane]
        points = np.concatenate(polygons)
        even_odd = any(contours[n].kind == "CLOSEDPLANAR_XOR" for n in plane)
        slabs.append(Slab(*interval, (*points.min(0), *points.max(0)), _contour_cover(polygons, even_odd)))
        volume += sum(_area(p) for p in polygons) * (interval[1] - interval[0])
    return Slabs(frame, tuple(slabs), volume)


def _flat_frame(name: str, contours: Sequence[np.ndarray], grid: Grid,
                dose_grid: Grid) -> tuple[Frame, list[np.ndarray]]:
    """The first frame in which every contour is flat: the dose's, the image's, or the contours' own."""
    for frame in (frame_of(dose_grid), frame_of(grid), _own_frame(max(contours, key=len))):
        placed = [frame.to_frame(c) for c in contours]
        if all(np.ptp(p[:, 2]) < _FLAT_MM for p in placed):
            return frame, placed
    raise InputError(f"The contours of {name} do not lie in parallel planes; export them on the image's slices.")


def _own_frame(points: np.ndarray) -> Frame:
    centre = points.mean(0)
    _, _, rows = np.linalg.svd(points - centre, full_matrices=False)
    return Frame(centre, rows.T)


def _intervals(heights: np.ndarray, single_mm: float, cap: float) -> list[tuple[float, float]]:
    """Each plane reaches half way to its neighbour; where a gap is wider than 1.5 usual ones the structure ends."""
    gaps = np.diff(heights)
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2]) if len(gaps) else single_mm
    reach = np.where(gaps < 1.5 * usual, gaps / 2, cap * usual)
    below, above = np.concatenate([[cap * usual], reach]), np.concatenate([reach, [cap * usual]])
    return [(float(h - b), float(h + a)) for h, b, a in zip(heights, below, above, strict=True)]


def _area(polygon: np.ndarray) -> float:
    x, y = (polygon - polygon[0]).T
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2


def _contour_cover(polygons: list[np.ndarray], even_odd: bool) -> Cover:
    """Polygons inside one another are holes, partly overlapping ones are joined: the rule of `scanline`."""
    edges = np.concatenate([np.hstack([p, np.roll(p, -1, 0)]) for p in polygons])
    may_overlap = not even_odd and _boxes_overlap(polygons)

    def cover(u0: float, v0: float, hu: float, hv: float, shape: tuple[int, int]) -> np.ndarray:
        if may_overlap:
            n = _SUB_ROWS
            fine, joined = rasterise_plane(polygons, (u0 + hu / n / 2, v0 + hv / n / 2), (hu / n, hv / n),
                                           (shape[0] * n, shape[1] * n))
            if joined:
                return fine.reshape(shape[0], n, shape[1], n).mean((1, 3), dtype=np.float32)
        return coverage((edges - (u0, v0, u0, v0)) / (hu, hv, hu, hv), shape)

    return cover


def _boxes_overlap(polygons: list[np.ndarray]) -> bool:
    low, high = np.array([p.min(0) for p in polygons]), np.array([p.max(0) for p in polygons])
    apart = (low[:, None] > high[None]).any(2) | (low[None] > high[:, None]).any(2)
    return bool((~apart).sum() > len(polygons))


def coverage(edges: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Share of each unit cell [row, column] inside closed polygons by the even-odd rule, float32.

    `edges` is (n, 4): x, y of the start and the end in cells, all within the lattice. Exact along x; along y the mean
    of four scan lines a cell. Every scan line crosses the polygons an even number of times; between a crossing and the
    next it is inside, so each crossing adds (or takes away) what lies to its right.
    """
    rows, columns = shape
    x0, y0, x1, y1 = edges.T
    y0, y1 = y0 * _SUB_ROWS - 0.5, y1 * _SUB_ROWS - 0.5
    first, last = np.ceil(np.minimum(y0, y1)).astype(int), np.ceil(np.maximum(y0, y1)).astype(int)
    crossed = last - first
    edge = np.repeat(np.arange(len(edges)), crossed)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (x1 - x0) / (y1 - y0)
    x = np.clip(x0[edge] + (line - y0[edge]) * slope[edge], 0.0, columns - 1e-9)
    order = np.lexsort((x, line))
    x, line = x[order], line[order]
    sign = 1.0 - 2.0 * (np.arange(len(x)) % 2)
    cell = x.astype(int)
    share = (x - cell) * sign
    width = columns + 1
    at = (line // _SUB_ROWS) * width + cell
    steps = np.bincount(at, sign - share, rows * width) + np.bincount(at + 1, share, rows * width + 1)[:rows * width]
    inside = steps.reshape(rows, width)[:, :columns].cumsum(1) / _SUB_ROWS
    return np.clip(inside, 0.0, 1.0, out=inside).astype(np.float32)
