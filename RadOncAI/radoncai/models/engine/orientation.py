"""Arrays turned so that i, j, k run towards L, P, S, by swapping and flipping axes only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume


@dataclass(frozen=True)
class Turn:
    """`axes[n]` is the array axis that becomes axis n; `flips[n]` says whether axis n is then reversed."""

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    def apply(self, array: np.ndarray) -> np.ndarray:
        """A view of the array in the new order."""
        return np.transpose(array, self.axes)[tuple(slice(None, None, -1 if f else 1) for f in self.flips)]

    def undo(self, array: np.ndarray) -> np.ndarray:
        """A view in the old order."""
        flipped = array[tuple(slice(None, None, -1 if f else 1) for f in self.flips)]
        return np.transpose(flipped, np.argsort(self.axes))

    def undo_box(self, box: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
        """A box of the turned array of this (turned) shape, in the old order."""
        parts = [slice(n - b.stop, n - b.start) if f else b for b, f, n in zip(box, self.flips, shape, strict=True)]
        return tuple(parts[n] for n in np.argsort(self.axes))


def turn_of(grid: Grid) -> Turn:
    """The turn that brings a grid closest to LPS."""
    towards = grid.directions[:, ::-1]
    axes, flips = [0, 0, 0], [False, False, False]
    rest = np.abs(towards)
    for _ in range(3):
        lps, axis = (int(n) for n in np.unravel_index(np.argmax(rest), rest.shape))
        axes[2 - lps], flips[2 - lps] = axis, bool(towards[lps, axis] < 0)
        rest[lps], rest[:, axis] = -1, -1
    return Turn(tuple(axes), tuple(flips))


def to_lps(volume: Volume) -> tuple[Volume, Turn]:
    """The volume with its axes along L, P, S as nearly as swaps and flips allow; a view, nothing is copied."""
    turn = turn_of(volume.grid)
    array = turn.apply(volume.array)
    matrix = np.eye(4)
    last = np.array(volume.grid.shape[::-1]) - 1
    corner = np.zeros(3)
    for new, (old, flip) in enumerate(zip(turn.axes, turn.flips, strict=True)):
        matrix[:3, 2 - new] = volume.grid.index_to_lps[:3, 2 - old] * (-1 if flip else 1)
        corner[2 - old] = last[2 - old] if flip else 0
    matrix[:3, 3] = volume.grid.to_lps(corner[None])[0]
    return volume.with_array(array, Grid(array.shape, matrix)), turn


def tilt_degrees(grid: Grid) -> float:
    """Largest angle between an axis of the grid and the patient's axis next to it."""
    return float(np.degrees(np.arccos(np.clip(np.abs(grid.directions).max(axis=0).min(), 0, 1))))
