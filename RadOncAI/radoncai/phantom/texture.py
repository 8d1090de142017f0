"""From labels to CT numbers: means, grain, partial volume, noise, streaks between the shoulders."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.phantom.canvas import Canvas, smooth_noise
from radoncai.phantom.tissue import hu_table


def hounsfield(canvas: Canvas, changes: dict[str, float] | None = None) -> np.ndarray:
    """Mean HU of each label plus its grain, float32 [k, j, i]; no blur, no noise."""
    mean, grain = hu_table(changes)
    hu = mean[canvas.label]
    coarse = smooth_noise(canvas, hu.shape, (5.0, 3.5, 3.5))
    hu += 0.8 * grain[canvas.label] * coarse
    return hu


def partial_volume(hu: np.ndarray, spacing_mm: tuple[float, float, float], blur_mm: float = 0.9) -> np.ndarray:
    """Blur of the scanner and of the voxel, in place where it can be."""
    sigma = [max(0.36, 0.45 * blur_mm / spacing_mm[0]), blur_mm / spacing_mm[1], blur_mm / spacing_mm[2]]
    return ndimage.gaussian_filter(hu, sigma, output=hu, truncate=2.5)


def add_noise(hu: np.ndarray, rng: np.random.Generator, sd: float = 10.0, blur_px: float = 0.75) -> np.ndarray:
    """Band-limited quantum noise, stronger in wide slices, with faint horizontal streaks there; float32 in place."""
    wide = (hu > -300).sum((1, 2)).astype(np.float32)
    wide = np.sqrt(np.clip(wide / max(1.0, float(np.percentile(wide[wide > 0], 60)) if wide.any() else 1.0), 0.35, 1.5))
    for k in range(len(hu)):
        noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape[1:], dtype=np.float32), blur_px, truncate=2.5)
        noise *= sd / max(float(noise.std()), 1e-6)
        hu[k] += noise * wide[k]
    return hu


def add_streaks(hu: np.ndarray, z: np.ndarray, rng: np.random.Generator, level: float = 14.0) -> None:
    """Photon starvation along the line between the shoulders, in place."""
    weight = np.exp(-(((z + 155.0) / 22.0) ** 2))
    for k in np.flatnonzero(weight > 0.05):
        rows = ndimage.gaussian_filter(rng.standard_normal(hu.shape[1:], dtype=np.float32), (0.6, 18))
        hu[k] += np.where(hu[k] > -500, rows * (weight[k] * level / max(float(rows.std()), 1e-6)), 0)


def finish(hu: np.ndarray) -> np.ndarray:
    """Whole numbers in the range of a 12-bit scanner."""
    return np.clip(np.rint(hu), -1024, 3071).astype(np.int16)



def add_dental_streaks(hu: np.ndarray, z: np.ndarray, y: np.ndarray, x: np.ndarray, rng: np.random.Generator,
                       level: float = 260.0) -> None:
    """Bright and dark rays from one to three metal crowns in the few slices they lie in, in place."""
    for _ in range(rng.integers(1, 4)):
        side, height = rng.choice((-1, 1)), rng.uniform(-24, -10)
        centre_x, centre_y = side * rng.uniform(22, 36), rng.uniform(-95, -62)
        angle = np.arctan2(y[:, None] - centre_y, x[None] - centre_x)
        far = np.hypot(y[:, None] - centre_y, x[None] - centre_x)
        rays = sum(rng.normal() * np.cos(n * angle + rng.uniform(0, 6.3)) for n in range(4, 34, 3)) / 3.0
        for k in np.flatnonzero(np.abs(z - height) < 5):
            fade = level * rng.uniform(0.5, 1.1) * np.exp(-far / 55.0) * (hu[k] > -600)
            hu[k] += rays * fade
            hu[k][far < 4] = 3000

