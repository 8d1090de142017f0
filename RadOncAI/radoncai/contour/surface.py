"""Surface distances as DeepMind's surface-distance defines them (Nikolov et al., arXiv:1809.04430).

The surface passes between voxels: every corner where eight voxels meet and differ carries a surface element, whose
area is that of the marching-cubes triangles of its eight-voxel pattern. Distances run from element to element.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import ndimage

from radoncai.core.structures import bounding_box

Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]
Triple = tuple[float, float, float]

CORNERS = tuple(itertools.product((0, 1), repeat=3))
WEIGHTS = np.array([1 << n for n in range(7, -1, -1)]).reshape(2, 2, 2)


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distance (mm) of each surface element to the other surface and its area (mm2), both ways, nearest first.

    A distance is infinite where the other mask is empty.
    """

    from_first_mm: np.ndarray
    first_area_mm2: np.ndarray
    from_second_mm: np.ndarray
    second_area_mm2: np.ndarray

    def mean_mm(self) -> tuple[float, float]:
        """Area-weighted mean distance, first to second and second to first."""
        return (_mean(self.from_first_mm, self.first_area_mm2), _mean(self.from_second_mm, self.second_area_mm2))

    def hausdorff_mm(self, percent: float = 95.0) -> float:
        """The larger of the two percentiles of distance by area."""
        return max(_percentile(self.from_first_mm, self.first_area_mm2, percent),
                   _percentile(self.from_second_mm, self.second_area_mm2, percent))

    def surface_dice(self, tolerance_mm: float) -> float:
        """Share of the area of both surfaces that lies within the tolerance of the other."""
        near = (self.first_area_mm2[self.from_first_mm <= tolerance_mm].sum()
                + self.second_area_mm2[self.from_second_mm <= tolerance_mm].sum())
        return float(near / (self.first_area_mm2.sum() + self.second_area_mm2.sum()))


def surface_distances(first: np.ndarray, second: np.ndarray, spacing_mm: Triple) -> SurfaceDistances:
    """Compare two boolean masks of one shape; `spacing_mm` in array order. Empty masks have no surface elements."""
    box = bounding_box(first | second)
    if box is None:
        return SurfaceDistances(*(np.zeros(0) for _ in range(4)))
    codes = [_codes(mask[box]) for mask in (first, second)]
    borders = [(code != 0) & (code != 255) for code in codes]
    table = element_areas(spacing_mm)
    out: list[np.ndarray] = []
    for own, other in ((0, 1), (1, 0)):
        reach = _distance_to(borders[other], spacing_mm)[borders[own]]
        area = table[codes[own][borders[own]]]
        order = np.lexsort((area, reach))
        out += [reach[order], area[order]]
    return SurfaceDistances(*out)


def element_areas(spacing_mm: Triple) -> np.ndarray:
    """Area in mm2 of the surface element of each of the 256 patterns of eight voxels."""
    areas = np.zeros(256)
    for code, triangles in enumerate(_patterns()):
        if triangles:
            corners = np.array(triangles) * np.asarray(spacing_mm, float)
            cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            areas[code] = np.linalg.norm(cross, axis=1).sum() / 2
    return areas


def _codes(mask: np.ndarray) -> np.ndarray:
    """The pattern of eight voxels around each corner, (n + 1 a side) uint8."""
    padded = np.pad(mask, 1).astype(np.uint8)
    out = np.zeros([n + 1 for n in mask.shape], np.uint8)
    for corner, weight in zip(CORNERS, WEIGHTS.ravel(), strict=True):
        part = tuple(slice(c, c + n) for c, n in zip(corner, out.shape, strict=True))
        out += padded[part] * np.uint8(weight)
    return out


def _distance_to(border: np.ndarray, spacing_mm: Triple) -> np.ndarray:
    if not border.any():
        return np.full(border.shape, np.inf)
    return ndimage.distance_transform_edt(~border, sampling=spacing_mm)


def _mean(distance: np.ndarray, area: np.ndarray) -> float:
    return float((distance * area).sum() / area.sum()) if len(area) else float("nan")


def _percentile(distance: np.ndarray, area: np.ndarray, percent: float) -> float:
    if not len(distance):
        return float("inf")
    share = np.cumsum(area) / area.sum()
    return float(distance[min(int(np.searchsorted(share, percent / 100.0)), len(distance) - 1)])


@cache
def _patterns() -> tuple[tuple[Triangle, ...], ...]:
    """Triangles of each pattern in the unit cube, vertices in the middle of edges.

    Where a face has its two inside corners across, those of the rarer kind are kept apart. A loop is cut into the
    triangles that lie in the fewest planes, which does not depend on the spacing.
    """
    out = []
    for code in range(256):
        inside = {corner: bool(code & weight) for corner, weight in zip(CORNERS, WEIGHTS.ravel(), strict=True)}
        rarer = sum(inside.values()) <= 4
        kept = {corner: value == rarer for corner, value in inside.items()}
        loops = _loops(_segments(kept))
        out.append(tuple(t for loop in loops for t in min(_triangulations(loop), key=_planes)))
    return tuple(out)


def _segments(inside: dict[tuple[int, int, int], bool]) -> list[tuple[Point, Point]]:
    """Where the surface cuts the six faces of the cube."""
    segments = []
    for axis, side in itertools.product(range(3), (0, 1)):
        face = [_face_corner(axis, side, a, b) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))]
        middles = [tuple((p + q) / 2 for p, q in zip(face[n], face[(n + 1) % 4], strict=True)) for n in range(4)]
        cut = [n for n in range(4) if inside[face[n]] != inside[face[(n + 1) % 4]]]
        if len(cut) == 2:
            segments.append((middles[cut[0]], middles[cut[1]]))
        elif len(cut) == 4:
            segments += [(middles[n - 1], middles[n]) for n in range(4) if inside[face[n]]]
    return segments


def _face_corner(axis: int, side: int, a: int, b: int) -> tuple[int, int, int]:
    corner = [a, b]
    corner.insert(axis, side)
    return tuple(corner)


def _loops(segments: list[tuple[Point, Point]]) -> list[list[Point]]:
    """Closed chains of segments; every point has two neighbours."""
    beside: dict[Point, list[Point]] = {}
    for a, b in segments:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    loops = []
    while beside:
        loop = [min(beside)]
        while steps := [p for p in beside.pop(loop[-1]) if p in beside]:
            loop.append(steps[0])
        loops.append(loop)
    return loops


def _triangulations(loop: list[Point]) -> Iterator[list[Triangle]]:
    """All ways to cut a polygon into triangles without new vertices."""
    if len(loop) < 3:
        yield []
        return
    for n in range(1, len(loop) - 1):
        for before in _triangulations(loop[:n + 1]):
            for after in _triangulations(loop[n:]):
                yield [*before, (loop[0], loop[n], loop[-1]), *after]


def _planes(triangles: list[Triangle]) -> int:
    """In how many different planes triangles of the unit cube lie."""
    planes = set()
    for a, b, c in np.array(triangles):
        normal = np.cross(b - a, c - a) * 8
        normal *= np.sign(normal[np.flatnonzero(normal)[0]]) / np.linalg.norm(normal)
        planes.add((*np.round(normal, 6), round(float(normal @ a), 6)))
    return len(planes)
