"""Sliding-window prediction as the library's engine does it, on arrays at the model's spacing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from patches import PATCH, normalise

OVERLAP = 0.5


def starts(size: int, patch: int, overlap: float) -> list[int]:
    """First indices of evenly spread windows that cover `size` (at least `patch`)."""
    if size <= patch:
        return [0]
    count = int(np.ceil((size - patch) / (patch * (1 - overlap)))) + 1
    return [round(n * (size - patch) / (count - 1)) for n in range(count)]


def window_weight(patch: tuple[int, ...]) -> np.ndarray:
    """Product of Gaussians, sigma an eighth of the side, at least 0.001."""
    sides = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n / 8)) ** 2) for n in patch]
    return np.maximum(np.einsum("k,j,i->kji", *sides), 1e-3).astype(np.float32)


def torch_runner(network: torch.nn.Module, device: str = "cpu", half: bool = False) -> Callable:
    """A function from (1, 2, k, j, i) float32 to (1, 7, k, j, i) probabilities."""
    def run(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=half):
            return torch.sigmoid(network(torch.from_numpy(x).to(device)).float()).cpu().numpy()
    return run


def predict(hu: np.ndarray, run: Callable, overlap: float = OVERLAP) -> np.ndarray:
    """Probabilities (7, k, j, i) of HU [k, j, i] at the model's spacing; padded with air up to one patch."""
    size = [max(n, p) for n, p in zip(hu.shape, PATCH, strict=True)]
    before = [(s - n) // 2 for s, n in zip(size, hu.shape, strict=True)]
    pad = [(b, s - n - b) for s, n, b in zip(size, hu.shape, before, strict=True)]
    x = normalise(torch.from_numpy(np.pad(hu.astype(np.float32), pad, constant_values=-1000))).numpy()
    weight, total, summed = window_weight(PATCH), np.zeros(size, np.float32), None
    for k in starts(size[0], PATCH[0], overlap):
        for j in starts(size[1], PATCH[1], overlap):
            for i in starts(size[2], PATCH[2], overlap):
                at = (slice(k, k + PATCH[0]), slice(j, j + PATCH[1]), slice(i, i + PATCH[2]))
                y = run(x[None, :, *at])[0]
                summed = np.zeros((len(y), *size), np.float32) if summed is None else summed
                summed[:, *at] += y * weight
                total[at] += weight
    inner = tuple(slice(b, b + n) for b, n in zip(before, hu.shape, strict=True))
    return (summed / total)[:, *inner]


def labels(probability: np.ndarray, thresholds: np.ndarray | float = 0.5) -> np.ndarray:
    """(7, k, j, i) booleans: above the organ's threshold, and the largest organ wins."""
    above = probability > np.reshape(thresholds, (-1, 1, 1, 1))
    return above & (probability == probability.max(0))
