"""Resampling between a patient's grid and the model's: centres aligned so that both grids span the same box."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def resampled_shape(shape: tuple[int, ...], spacing: tuple[float, ...], target: tuple[float, ...]) -> tuple[int, ...]:
    """Voxels a side after changing `spacing` to `target` (mm, [k, j, i])."""
    return tuple(max(1, round(n * s / t)) for n, s, t in zip(shape, spacing, target, strict=True))


def _weights(n_in: int, n_out: int, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    position = np.clip((np.arange(n_out) + 0.5) * scale - 0.5, 0, n_in - 1)
    low = np.minimum(position.astype(int), max(n_in - 2, 0))
    return low, np.minimum(low + 1, n_in - 1), (position - low).astype(np.float32)


def resample(array: np.ndarray, shape: tuple[int, ...], scale: tuple[float, ...]) -> np.ndarray:
    """Linear interpolation of [k, j, i], axis by axis; `scale` is output spacing / input spacing.

    Downsampling by more than 1.5 is smoothed first (sigma = 0.4 (scale - 1) voxels) against aliasing.
    """
    out = np.asarray(array, np.float32)
    sigma = [0.4 * (s - 1) if s > 1.5 else 0.0 for s in scale]
    if any(sigma):
        out = ndimage.gaussian_filter(out, sigma, mode="nearest")
    for axis in range(3):
        low, high, part = _weights(out.shape[axis], shape[axis], scale[axis])
        part = part.reshape([-1 if a == axis else 1 for a in range(3)])
        out = out.take(low, axis) * (1 - part) + out.take(high, axis) * part
    return out
