"""Between a native grid and a coarser one that shares its centre; separable, linear, no rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Spacing = tuple[float, float, float]


def averaging(n: int, step: float, coarse_n: int, coarse_step: float) -> np.ndarray:
    """(coarse_n, n) weights that average cells of `step` mm over cells of `coarse_step` mm, centres aligned."""
    edge = (np.arange(n + 1) - n / 2) * step
    cell = (np.arange(coarse_n + 1) - coarse_n / 2) * coarse_step
    shared = np.minimum(edge[None, 1:], cell[1:, None]) - np.maximum(edge[None, :-1], cell[:-1, None])
    return (np.clip(shared, 0, None) / coarse_step).astype(np.float32)


def interpolation(n: int, step: float, coarse_n: int, coarse_step: float) -> np.ndarray:
    """(n, coarse_n) weights that interpolate linearly at the fine centres; held constant beyond the last centre."""
    where = ((np.arange(n) - (n - 1) / 2) * step) / coarse_step + (coarse_n - 1) / 2
    where = np.clip(where, 0, coarse_n - 1)
    return np.clip(1 - np.abs(where[:, None] - np.arange(coarse_n)[None]), 0, None).astype(np.float32)


def separable(values: np.ndarray, matrices: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Apply one matrix an axis to values [k, j, i]."""
    out = np.tensordot(matrices[0], np.asarray(values, np.float32), (1, 0))
    return np.matmul(np.matmul(matrices[1], out), matrices[2].T)


@dataclass(frozen=True, eq=False)
class CoarseGrid:
    """A grid of `spacing_mm` over a native one of `fine_mm`; `down` averages onto it, `up` interpolates back."""

    fine_shape: tuple[int, int, int]
    fine_mm: Spacing
    spacing_mm: Spacing

    @property
    def shape(self) -> tuple[int, int, int]:
        sizes = zip(self.fine_shape, self.fine_mm, self.spacing_mm, strict=True)
        return tuple(max(2, int(np.ceil(n * a / b - 1e-6))) for n, a, b in sizes)

    def _matrices(self, make: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sizes = zip(self.fine_shape, self.fine_mm, self.shape, self.spacing_mm, strict=True)
        return tuple(make(*s) for s in sizes)

    def down(self, values: np.ndarray) -> np.ndarray:
        """Native [k, j, i] to coarse, as the average over each coarse cell (0 beyond the native grid)."""
        return separable(values, self._matrices(averaging))

    def up(self, values: np.ndarray) -> np.ndarray:
        """Coarse [k, j, i] to native, linearly."""
        return separable(values, self._matrices(interpolation))
