"""Sliding window: a network over an image of any size, tile by tile, blended with Gaussian weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from radoncai.core.progress import Progress

Run = Callable[[np.ndarray], np.ndarray]


def starts(size: int, patch: int, overlap: float) -> list[int]:
    """First voxels of tiles that cover `size` voxels evenly, neighbours sharing at least `overlap` of a tile."""
    if size <= patch:
        return [0]
    steps = int(np.ceil((size - patch) / max(1.0, patch * (1 - overlap))))
    return sorted({round(n * (size - patch) / steps) for n in range(steps + 1)})


def gaussian_weights(patch: tuple[int, ...]) -> np.ndarray:
    """Weights of a tile's voxels, 1 at the centre, sigma an eighth of the side, at least 0.001; float32."""
    out = np.ones(patch, np.float32)
    for axis, n in enumerate(patch):
        x = (np.arange(n) - (n - 1) / 2) / (n / 8)
        out *= np.exp(-0.5 * x ** 2).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(len(patch))])
    return np.maximum(out, 1e-3)


def sliding_window(run: Run, inputs: np.ndarray, patch: tuple[int, ...], overlap: float, outputs: int,
                   progress: Progress, fill: np.ndarray | float = 0.0, step: str = "running the model",
                   active: np.ndarray | None = None) -> np.ndarray:
    """`run` over `inputs` (channels, k, j, i) in tiles of `patch`: (outputs, k, j, i) float32, the weighted mean.

    `run` takes and gives (channels, *patch). Images smaller than the tile are padded with `fill` (one a channel).
    Tiles without a voxel of `active` (k, j, i) are not run and count as 0. One report a tile; raises Cancelled.
    """
    size = inputs.shape[1:]
    total = np.zeros((outputs, *size), np.float32)
    weight = np.zeros(size, np.float32)
    window = gaussian_weights(patch)
    tiles = [box for box in _tiles(size, patch, overlap) if active is None or active[box].any()]
    for number, box in enumerate(tiles):
        progress.step(step, number / len(tiles))
        part = inputs[(slice(None), *box)]
        real = tuple(slice(0, n) for n in part.shape[1:])
        tile = run(_padded(part, patch, fill))[(slice(None), *real)]
        total[(slice(None), *box)] += tile * window[real]
        weight[box] += window[real]
    progress.step(step, 1.0)
    total /= np.maximum(weight, np.float32(1e-6))
    return total


def _tiles(size: tuple[int, ...], patch: tuple[int, ...], overlap: float) -> Iterator[tuple[slice, ...]]:
    each = [starts(n, p, overlap) for n, p in zip(size, patch, strict=True)]
    for corner in np.stack(np.meshgrid(*each, indexing="ij"), -1).reshape(-1, len(size)):
        yield tuple(slice(int(c), int(min(c + p, n))) for c, p, n in zip(corner, patch, size, strict=True))


def _padded(part: np.ndarray, patch: tuple[int, ...], fill: np.ndarray | float) -> np.ndarray:
    if part.shape[1:] == tuple(patch):
        return part
    out = np.empty((part.shape[0], *patch), np.float32)
    out[:] = np.broadcast_to(fill, part.shape[:1]).reshape(-1, *[1] * len(patch))
    out[(slice(None), *(slice(0, n) for n in part.shape[1:]))] = part
    return out
