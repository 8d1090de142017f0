"""Twenty regions of interest that contour writers stumble over: rings, islands, noise, borders. Arrays [k, j, i]."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

LENS_VOXELS = 87


def twenty_rois(shape: tuple[int, int, int] = (150, 512, 512),
                spacing: tuple[float, float, float] = (2.5, 0.977, 0.977), seed: int = 0) -> dict[str, np.ndarray]:
    """Name to mask. Sizes follow the image's width; the lens has 87 voxels on any grid."""
    space = _Space(shape, spacing)
    n, rows, columns = shape
    brain, r = space.ball(0.13), space.width
    ring = space.ball(0.06, (0.2, 0.1)) & ~space.ball(0.036, (0.2, 0.1))
    lung_l, lung_r = space.ball(0.15, (-0.02, 0.2), (2.0, 1.2, 0.7)), space.ball(0.15, (-0.02, -0.2), (2.0, 1.2, 0.7))
    vessels = space.noise(seed, (1, 2, 2), 0.9)
    masks = {
        "External": space.ball(0.4, scale=(9.0, 0.8, 1.1)),
        "Brain": brain,
        "Ring": ring,
        "Nested": ring | space.ball(0.024, (0.2, 0.1)) & ~space.ball(0.012, (0.2, 0.1)),
        "Islands": np.any([space.ball(0.016, (0.11 * np.sin(a), 0.11 * np.cos(a))) for a in range(7)], axis=0),
        "Bowel": space.noise(seed + 1, (1, 1.5, 1.5), 0.02) & space.ball(0.12, (0.15, -0.1), (0.7, 1.0, 1.3)),
        "Lens_L": space.nearest(LENS_VOXELS, (-0.21, 0.06)),
        "One_Voxel": space.nearest(1, (-0.1, -0.11)),
        "One_Slice": brain & space.only(n // 3),
        "First_Last": space.ball(0.03, (0.28, 0.0), (1e9, 1.0, 1.0)),
        "Line": space.box((2, n - 2), (rows // 2, rows // 2 + 1), (5, columns - 5)),
        "Checkerboard": (np.indices(shape).sum(axis=0) % 2 == 0)
        & space.box((n // 2, n // 2 + 1), (rows // 2, rows // 2 + 10), (columns // 4, columns // 4 + 12)),
        "Corner_Box": space.box((0, 3), (0, rows // 9), (0, columns // 11)),
        "Lung_L": lung_l & ~vessels,
        "Lung_R": lung_r & ~vessels,
        "SpinalCord": space.tube(0.012),
        "Shell": space.ball(0.09, (0.05, 0.25)) & ~ndimage.binary_erosion(space.ball(0.09, (0.05, 0.25))),
        "Mandible": ring & space.half(rows // 2 + int(0.2 * r / spacing[1])),
        "Frame": ~space.box((0, n), (3, rows - 3), (3, columns - 3)) & space.only(n // 2, n - 1),
        "Kidney": space.ball(0.05, (0.1, -0.26), (1.5, 1.0, 0.8)) & ~space.ball(0.02, (0.1, -0.23)),
    }
    return masks


class _Space:
    """Distances on one grid, in shares of the image's width."""

    def __init__(self, shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> None:
        self.shape = shape
        self.width = min(shape[1] * spacing[1], shape[2] * spacing[2])
        self.k, self.j, self.i = np.meshgrid(
            *((np.arange(n) - (n - 1) / 2) * s / self.width for n, s in zip(shape, spacing, strict=True)),
            indexing="ij", sparse=True)

    def squared(self, centre: tuple[float, float] = (0.0, 0.0),
                scale: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
        return ((self.k / scale[0]) ** 2 + ((self.j - centre[0]) / scale[1]) ** 2
                + ((self.i - centre[1]) / scale[2]) ** 2)

    def ball(self, radius: float, centre: tuple[float, float] = (0.0, 0.0),
             scale: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
        return self.squared(centre, scale) <= radius**2

    def nearest(self, count: int, centre: tuple[float, float]) -> np.ndarray:
        """Exactly `count` voxels around a point."""
        away = self.squared((centre[0] + 1e-4, centre[1] + 2e-4)) + (self.k + 3e-4) ** 2 - self.k**2
        out = np.zeros(away.size, bool)
        out[np.argpartition(away.ravel(), count)[:count]] = True
        return out.reshape(self.shape)

    def noise(self, seed: int, sigma: tuple[float, float, float], level: float) -> np.ndarray:
        """Smoothed noise above `level` times its standard deviation."""
        field = np.random.default_rng(seed).normal(size=self.shape).astype(np.float32)
        field = ndimage.gaussian_filter(field, sigma)
        return field > level * field.std()

    def box(self, *ranges: tuple[int, int]) -> np.ndarray:
        out = np.zeros(self.shape, bool)
        out[tuple(slice(*r) for r in ranges)] = True
        return out

    def only(self, *slices: int) -> np.ndarray:
        return np.isin(np.arange(self.shape[0]), slices)[:, None, None]

    def half(self, row: int) -> np.ndarray:
        return (np.arange(self.shape[1]) < row)[None, :, None]

    def tube(self, radius: float) -> np.ndarray:
        """A bending tube through every slice."""
        bend = 0.02 * np.sin(12 * self.k)
        return (self.j - 0.14 - bend) ** 2 + (self.i - 0.5 * bend) ** 2 <= radius**2
