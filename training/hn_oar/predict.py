"""Prediction as the library's engine does it, on arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from geometry import resample, resampled_shape
from patches import LEFT, RIGHT, normalise
from prepare import AIR, FURTHER_SPACINGS, ORGANS, PATCH, SETTINGS, SPACING

from radoncai.core.progress import Progress
from radoncai.models.engine.windows import sliding_window

OVERLAP = SETTINGS["overlap"]


def torch_runner(network: torch.nn.Module, device: str = "cpu", half: bool = False) -> Callable:
    """A function from (1, 2, k, j, i) float32 to (1, 7, k, j, i) probabilities."""
    def run(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=half):
            return torch.sigmoid(network(torch.from_numpy(x).to(device)).float()).cpu().numpy()
    return run


def mirrored_too(run: Callable) -> Callable:
    """The mean of the patch and of its mirror image, as the engine's `flips`."""
    order = [LEFT if n == RIGHT else RIGHT if n == LEFT else n for n in range(len(ORGANS))]
    return lambda x: (run(x) + run(np.ascontiguousarray(x[..., ::-1]))[:, order][..., ::-1]) / 2


def predict(hu: np.ndarray, run: Callable, overlap: float = OVERLAP) -> np.ndarray:
    """Probabilities (7, k, j, i) of HU [k, j, i] at the model's spacing; air beyond the array."""
    x = normalise(torch.from_numpy(hu.astype(np.float32))).numpy()
    return sliding_window(lambda tile: run(tile[None])[0], x, PATCH, overlap, len(ORGANS), Progress(), fill=-1.0)


def probabilities(hu: np.ndarray, spacing: tuple[float, ...], run: Callable, overlap: float = OVERLAP) -> np.ndarray:
    """Probabilities (7, k, j, i) on the patient's own grid: the mean of the model's grids, taken on the first."""
    mean = _on_grid(hu, spacing, SPACING, run, overlap)
    for further in FURTHER_SPACINGS:
        mean += _moved(_on_grid(hu, spacing, further, run, overlap), further, mean.shape[1:], SPACING)
    return _moved(mean / (1 + len(FURTHER_SPACINGS)), SPACING, hu.shape, spacing)


def _on_grid(hu: np.ndarray, spacing: tuple[float, ...], grid: tuple[float, ...], run: Callable,
             overlap: float) -> np.ndarray:
    """Resampled to the spacing `grid`, cropped to what is not air, and predicted; 0 outside."""
    shape = resampled_shape(hu.shape, spacing, grid)
    small = resample(hu, shape, tuple(t / s for s, t in zip(spacing, grid, strict=True)))
    box = tuple(slice(a.min(), a.max() + 1) for a in np.nonzero(small > AIR + 200))
    found = np.zeros((len(ORGANS), *shape), np.float32)
    found[:, *box] = predict(small[box], run, overlap)
    return found


def _moved(found: np.ndarray, spacing: tuple[float, ...], shape: tuple[int, ...],
           target: tuple[float, ...]) -> np.ndarray:
    scale = tuple(t / s for s, t in zip(spacing, target, strict=True))
    return np.stack([resample(f, shape, scale) for f in found])


def labels(probability: np.ndarray, thresholds: np.ndarray | float = 0.5) -> np.ndarray:
    """(7, k, j, i) booleans: above the organ's threshold, and the largest organ wins."""
    above = probability > np.reshape(thresholds, (-1, 1, 1, 1))
    return above & (probability == probability.max(0))
