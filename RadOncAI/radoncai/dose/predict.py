"""From channels to Gy with two models that are handed in as plain functions: boosted trees, then the network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from radoncai.core.progress import Progress
from radoncai.dose.channels import NAMES, Channels
from radoncai.dose.features import features

MULTIPLE = 16
CEILING = 1.2
SIDES = (NAMES.index("Parotid_R"), NAMES.index("Parotid_L"))

Trees = Callable[[np.ndarray], np.ndarray]
Network = Callable[[np.ndarray], np.ndarray]


def first_guess(channels: Channels, trees: Trees) -> np.ndarray:
    """Dose as a fraction of the highest level [k, j, i]; `trees` maps features (n, f) float32 to fractions (n,)."""
    inside = channels.region.inside
    out = np.zeros(inside.shape, np.float32)
    out[inside] = np.clip(np.asarray(trees(features(channels)), np.float32).reshape(-1), 0, CEILING)
    return out


def refine(channels: Channels, guess: np.ndarray, network: Network, mirror: bool = True) -> np.ndarray:
    """The network's fraction of the highest level [k, j, i], 0 outside the region.

    `network` maps (1, channels + 1, k, j, i) float32 to (1, 1, k, j, i); sides are padded with zeros to multiples of
    16. With `mirror` the mean over the view and its left-right mirror image (parotids swapped) is taken.
    """
    x = np.concatenate([channels.values, guess[None]])
    out = _run(network, x)
    if mirror:
        order = np.arange(len(x))
        order[list(SIDES)] = SIDES[::-1]
        out = 0.5 * (out + _run(network, x[order, :, :, ::-1])[:, :, ::-1])
    return np.clip(out, 0, CEILING) * channels.region.inside


def _run(network: Network, x: np.ndarray) -> np.ndarray:
    k, j, i = x.shape[1:]
    padding = [(0, 0)] + [(0, -n % MULTIPLE) for n in (k, j, i)]
    y = network(np.ascontiguousarray(np.pad(x, padding)[None], np.float32))
    return np.asarray(y, np.float32)[0, 0, :k, :j, :i]


def dose_gy(channels: Channels, trees: Trees, network: Network | None, shape: tuple[int, int, int], mirror: bool = True,
            progress: Progress | None = None) -> np.ndarray:
    """Dose in Gy float32 on the working grid of `shape` [k, j, i], 0 outside the region; without network the trees'.

    Raises Cancelled.
    """
    if progress:
        progress.step("predicting the dose", 0.0)
    fraction = first_guess(channels, trees)
    if network is not None:
        if progress:
            progress.step("predicting the dose", 0.5)
        fraction = refine(channels, fraction, network, mirror)
    out = np.zeros(shape, np.float32)
    out[channels.region.box] = fraction * np.float32(channels.top_gy)
    return out
