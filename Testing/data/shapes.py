"""Twelve masks that break contour writers: rings, islands, single voxels, borders. Arrays [k, j, i]."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def ball(shape: tuple[int, int, int], spacing: tuple[float, float, float], radius_mm: float,
         center: tuple[float, float, float] | None = None) -> np.ndarray:
    """Voxels whose centre lies within a radius of the image's middle, moved by `center` mm."""
    moved = center or (0.0, 0.0, 0.0)
    axes = [(np.arange(n) - (n - 1) / 2) * s - m for n, s, m in zip(shape, spacing, moved, strict=True)]
    k, j, i = np.meshgrid(*axes, indexing="ij", sparse=True)
    return k * k + j * j + i * i <= radius_mm**2


def twelve_shapes(shape: tuple[int, int, int] = (12, 96, 112),
                  spacing: tuple[float, float, float] = (2.5, 0.977, 0.977), seed: int = 0) -> dict[str, np.ndarray]:
    """Name to mask, scaled to the image."""
    r = 0.3 * min(shape[1] * spacing[1], shape[2] * spacing[2])
    n, rows, columns = shape
    sphere = ball(shape, spacing, r)
    ring = sphere & ~ball(shape, spacing, 0.6 * r)
    nested = ring | ball(shape, spacing, 0.4 * r) & ~ball(shape, spacing, 0.2 * r)
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), (1, 1.5, 1.5)) > 0.02
    masks = {"Sphere": sphere, "Ring": ring, "Nested": nested, "Islands": np.zeros(shape, bool),
             "Lens": ball(shape, spacing, 3.0, (0, 4, -7)), "Bowel": noise & ball(shape, spacing, 1.4 * r)}
    for a in range(7):
        masks["Islands"] |= ball(shape, spacing, 4.0, (0, r * np.sin(a * 0.9), r * np.cos(a * 0.9)))
    names = ("One_Voxel", "First_Last", "One_Slice", "Line", "Checkerboard", "Corner_Box")
    masks |= {name: np.zeros(shape, bool) for name in names}
    masks["One_Voxel"][n // 2, rows // 3, columns // 4] = True
    masks["First_Last"][:] = ball((1, rows, columns), (1, *spacing[1:]), r / 2)
    masks["One_Slice"][n // 3] = sphere[n // 2]
    masks["Line"][2:-2, rows // 2, 5:-5] = True
    board = np.indices((10, 12)).sum(axis=0) % 2 == 0
    masks["Checkerboard"][n // 2, 20:30, 20:32] = board
    masks["Corner_Box"][:3, :9, :7] = True
    return masks
