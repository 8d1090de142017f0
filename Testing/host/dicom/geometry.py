"""Where the slices of a series lie: the regular grid that the volume gets, and how far slices are off it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
REGULAR_MM = 0.001


@dataclass(frozen=True)
class SlicePlaces:
    """Slices in voxel order, first pixel of each in LPS mm; `ijk_to_lps` is the regular grid with right-handed axes."""

    order: tuple[int, ...]
    origins: np.ndarray
    ijk_to_lps: np.ndarray
    corner_errors: np.ndarray

    @property
    def ijk_to_ras(self) -> np.ndarray:
        return LPS_TO_RAS @ self.ijk_to_lps

    @property
    def regular(self) -> bool:
        return bool(np.abs(self.corner_errors).max() <= REGULAR_MM)


def place(headers) -> SlicePlaces:
    """Sort by position along the normal of the first image; steps are the mean distance."""
    rows = np.array([[float(v) for v in h.ImageOrientationPatient] for h in headers])
    across, down = rows[0, :3], rows[0, 3:]
    normal = np.cross(across, down)
    positions = np.array([[float(v) for v in h.ImagePositionPatient] for h in headers])
    order = np.argsort(positions @ normal, kind="stable")
    positions = positions[order]
    between_rows, between_columns = (float(v) for v in headers[0].PixelSpacing)
    grid = np.eye(4)
    grid[:3, 0], grid[:3, 1] = across * between_columns, down * between_rows
    grid[:3, 2] = normal * _step(positions @ normal, headers[0])
    grid[:3, 3] = positions[0]
    nominal = positions[0] + np.arange(len(positions))[:, None] * grid[:3, 2]
    return SlicePlaces(tuple(int(i) for i in order), positions, grid, positions - nominal)


def _step(along: np.ndarray, header) -> float:
    if len(along) > 1:
        return float((along[-1] - along[0]) / (len(along) - 1))
    return float(header.get("SliceThickness") or 1.0)
