"""Where voxels lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Grid:
    """Shape (slices, rows, columns) and the 4x4 that maps (i, j, k, 1) = (column, row, slice, 1) to LPS mm."""

    shape: tuple[int, int, int]
    index_to_lps: np.ndarray

    def __post_init__(self) -> None:
        matrix = np.asarray(self.index_to_lps, dtype=float)
        if matrix.shape != (4, 4) or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
            raise InputError("The image geometry is not an invertible 4 x 4 matrix; the file is damaged or incomplete.")
        object.__setattr__(self, "index_to_lps", matrix)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @classmethod
    def axial(cls, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float],
              origin_lps: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Grid:
        """An axial grid; `spacing_mm` in array order (slice, row, column), `origin_lps` is the first voxel's centre."""
        matrix = np.diag([spacing_mm[2], spacing_mm[1], spacing_mm[0], 1.0])
        matrix[:3, 3] = origin_lps
        return cls(shape, matrix)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size in array order (slice, row, column), mm."""
        i, j, k = (float(s) for s in np.linalg.norm(self.index_to_lps[:3, :3], axis=0))
        return k, j, i

    @property
    def origin_lps(self) -> np.ndarray:
        """Centre of voxel (0, 0, 0), LPS mm."""
        return self.index_to_lps[:3, 3].copy()

    @property
    def directions(self) -> np.ndarray:
        """3x3, columns are the unit vectors of i, j, k in LPS."""
        return self.index_to_lps[:3, :3] / np.linalg.norm(self.index_to_lps[:3, :3], axis=0)

    @property
    def voxel_cc(self) -> float:
        return abs(float(np.linalg.det(self.index_to_lps[:3, :3]))) / 1000.0

    @property
    def is_axial(self) -> bool:
        """True where i, j, k run exactly along +L, +P, +S."""
        return bool(np.allclose(self.directions, np.eye(3), atol=1e-4))

    def to_lps(self, ijk: np.ndarray) -> np.ndarray:
        """(n, 3) voxel indices in (i, j, k) order to (n, 3) LPS mm."""
        return np.asarray(ijk, float) @ self.index_to_lps[:3, :3].T + self.index_to_lps[:3, 3]

    def to_index(self, lps: np.ndarray) -> np.ndarray:
        """(n, 3) LPS mm to (n, 3) continuous voxel indices in (i, j, k) order."""
        return (np.asarray(lps, float) - self.index_to_lps[:3, 3]) @ np.linalg.inv(self.index_to_lps[:3, :3]).T

    def corners(self) -> np.ndarray:
        """(8, 3) LPS mm of the centres of the corner voxels."""
        n = np.array(self.shape[::-1]) - 1
        return self.to_lps(np.array(list(np.ndindex(2, 2, 2))) * n)

    def same_as(self, other: Grid, tolerance_mm: float = 0.01) -> bool:
        """Equal shape and all corners within the tolerance; corners say what a matrix tolerance cannot."""
        return self.shape == other.shape and bool(np.abs(self.corners() - other.corners()).max() < tolerance_mm)

    def crop(self, box: tuple[slice, slice, slice]) -> Grid:
        """The part of the grid that `array[box]` covers; box in array order with plain start and stop."""
        start = [s.start for s in box]
        matrix = self.index_to_lps.copy()
        matrix[:3, 3] = self.to_lps(np.array([start[::-1]]))[0]
        return Grid(tuple(s.stop - s.start for s in box), matrix)
