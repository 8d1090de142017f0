"""Sliding window: a network over an image of any size, tile by tile, blended with Gaussian weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, product

import numpy as np

from radoncai.core.progress import Progress
from radoncai.core.structures import Box

Run = Callable[[np.ndarray], np.ndarray]
Read = Callable[[Box, tuple[int, int, int]], np.ndarray]
Triple = tuple[int, int, int]
STEP = "running the model"


def starts(size: int, patch: int, overlap: float) -> list[int]:
    """First voxels of tiles that cover `size` voxels evenly, neighbours sharing at least `overlap` of a tile."""
    if size <= patch:
        return [0]
    steps = int(np.ceil((size - patch) / max(1.0, patch * (1 - overlap))))
    return sorted({round(n * (size - patch) / steps) for n in range(steps + 1)})


def gaussian_weights(patch: tuple[int, ...]) -> np.ndarray:
    """Weights of a tile's voxels, 1 at the centre, sigma an eighth of the side; float32.

    No floor: at the image's border one would count a tile's edge as much as its neighbour's middle.
    """
    out = np.ones(patch, np.float32)
    for axis, n in enumerate(patch):
        x = (np.arange(n) - (n - 1) / 2) / (n / 8)
        out *= np.exp(-0.5 * x ** 2).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(len(patch))])
    return out


def slabs(run: Run, read: Read, size: Triple, patch: Triple, overlap: float, outputs: int, progress: Progress,
          active: Callable[[Box], bool] = lambda box: True, step: str = STEP) -> Iterator[tuple[slice, np.ndarray]]:
    """`run` over an image of `size` in tiles of `patch`: parts along the first axis as soon as all their tiles are in.

    `read(box, patch)` gives (channels, *patch), padded where the image is smaller; `run` gives (outputs, *patch).
    Yields (slices, (outputs, k, j, i) float32), the weighted mean, to be copied before the next: only a tile's depth
    is kept. Tiles that are not `active` are not run and count as 0. One report a tile; raises Cancelled.
    """
    tiles = list(_tiles(size, patch, overlap))
    number = sum(map(active, tiles))
    total = np.zeros((outputs, min(patch[0], size[0]), *size[1:]), np.float32)
    weight = np.zeros(total.shape[1:], np.float32)
    window, done = gaussian_weights(patch), 0
    rows = [(first, list(row)) for first, row in groupby(tiles, lambda box: box[0].start)]
    for (first, row), following in zip(rows, [*(r[0] for r in rows[1:]), size[0]], strict=True):
        for box in filter(active, row):
            progress.step(step, done / number)
            real = tuple(slice(0, b.stop - b.start) for b in box)
            place = (real[0], *box[1:])
            total[(slice(None), *place)] += run(read(box, patch))[(slice(None), *real)] * window[real]
            weight[place] += window[real]
            done += 1
        ready = following - first
        total[:, :ready] /= np.where(weight[:ready] > 0, weight[:ready], 1)
        yield slice(first, following), total[:, :ready]
        for array in (*total, weight):
            array[:-ready] = array[ready:].copy()
            array[-ready:] = 0
    progress.step(step, 1.0)


def sliding_window(run: Run, inputs: np.ndarray, patch: Triple, overlap: float, outputs: int, progress: Progress,
                   fill: np.ndarray | float = 0.0) -> np.ndarray:
    """`run` over an array (channels, k, j, i), padded with `fill` (one a channel): (outputs, k, j, i) float32."""
    def read(box: Box, patch: Triple) -> np.ndarray:
        out = np.empty((len(inputs), *patch), np.float32)
        out[:] = np.broadcast_to(fill, len(inputs)).reshape(-1, 1, 1, 1)
        out[(slice(None), *(slice(0, b.stop - b.start) for b in box))] = inputs[(slice(None), *box)]
        return out

    parts = slabs(run, read, inputs.shape[1:], patch, overlap, outputs, progress)
    return np.concatenate([part.copy() for _, part in parts], axis=1)


def _tiles(size: Triple, patch: Triple, overlap: float) -> Iterator[Box]:
    each = [starts(n, p, overlap) for n, p in zip(size, patch, strict=True)]
    for corner in product(*each):
        yield tuple(slice(c, min(c + p, n)) for c, p, n in zip(corner, patch, size, strict=True))
