"""From slice positions and orientations to one grid, and how a grid is turned to axial without interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid

SAME_PLACE_MM = 0.01
STRAIGHT = 1e-4  # largest deviation of a direction cosine from 0 or 1 that still counts as axial
MOST_TILT_DEGREES = 60.0
_MOST_GAPS = 20  # as many planes without a slice as with one
_MOST_PLANES = 4  # times as many planes as slices, where uneven slices are interpolated

Turn = tuple[tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class Stack:
    """Order of the slices along the normal, and the grid they form as stored.

    `planes`: place of each slice along the grid's k; whole numbers unless the spacing is uneven. `tilt_degrees`: how
    far the stack leans from the normal of its slices (gantry tilt); the grid is sheared then.
    """

    order: np.ndarray
    grid: Grid
    planes: np.ndarray
    tilt_degrees: float = 0.0
    uneven: str = ""

    @property
    def gaps(self) -> np.ndarray:
        """Numbers of the planes that have no slice."""
        whole = np.rint(self.planes)
        return np.setdiff1d(np.arange(self.grid.shape[0]), whole[np.abs(self.planes - whole) < 1e-3].astype(int))


def stack(positions: np.ndarray, orientations: np.ndarray, spacing: tuple[float, float], shape: tuple[int, int],
          thickness: float, where: str, *, uneven: bool = False, distance: float | None = None) -> Stack:
    """Sort slices along their common normal and check that they form a stack of even spacing.

    `positions` (n, 3) and `orientations` (n, 6) in LPS; `spacing` (row, column) mm; `shape` (rows, columns);
    `thickness` is the slice distance of a single slice; `uneven` allows uneven spacing; `distance` is that of planes
    where the file states it: taken where all steps are multiples of it. Missing planes are left open
    in `planes`. InputError for repeated positions, mixed orientation, slices shifted sideways unevenly and, unless
    `uneven`, uneven spacing; `where` names the series.
    """
    axes = _axes(orientations, where)
    normal = np.cross(axes[:, 0], axes[:, 1])
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    along, placed = along[order], positions[order]
    step = np.diff(along)
    if (step < SAME_PLACE_MM).any():
        at = ", ".join(f"{v:.1f}" for v in along[1:][step < SAME_PLACE_MM][:3])
        raise InputError(f"{where} has {int((step < SAME_PLACE_MM).sum())} slice positions twice (at {at} mm): several "
                         "phases or copies in one series; keep one of each in the folder.")
    lean = _lean(placed, normal, where)
    said = _unevenness(along, step, where)
    if said and not uneven:
        raise InputError(f"{said}; add --gaps interpolate, or resample it to even slices first.")
    planes, distance = _even_planes(along, step) if said else _plane_numbers(along, step, thickness, distance)
    if planes[-1] > _MOST_GAPS * len(placed) + 200:
        raise InputError(f"{where} has slices that lie up to {step.max():.0f} mm apart while others lie "
                         f"{step.min():.2f} mm apart; they do not form one volume.")
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([axes[:, 0] * spacing[1], axes[:, 1] * spacing[0], (normal + lean) * distance])
    matrix[:3, 3] = placed[0]
    tilt = float(np.degrees(np.arctan(np.linalg.norm(lean))))
    return Stack(order, Grid((int(np.rint(planes[-1])) + 1, *shape), matrix), planes, tilt, said)


def nearest_turn(grid: Grid) -> Turn:
    """Axes for `np.transpose` and steps (1 or -1) after it that bring i, j, k closest to +L, +P, +S."""
    cosines = grid.directions
    best = max(permutations(range(3)), key=lambda p: sum(abs(cosines[axis, p[axis]]) for axis in range(3)))
    transpose = tuple(2 - best[2 - axis] for axis in range(3))
    steps = tuple(-1 if cosines[2 - axis, best[2 - axis]] < 0 else 1 for axis in range(3))
    return transpose, steps


def turned_grid(grid: Grid, transpose: tuple[int, int, int], steps: tuple[int, int, int]) -> Grid:
    """The grid of an array after `turn`; it stays oblique where it was."""
    last = np.array(grid.shape) - 1
    corner = np.array([last[t] if step < 0 else 0 for t, step in zip(transpose, steps, strict=True)])
    index = np.zeros(3)
    index[[2 - t for t in transpose]] = corner
    matrix = np.eye(4)
    for new, (old, step) in enumerate(zip(transpose, steps, strict=True)):
        matrix[:3, 2 - new] = grid.index_to_lps[:3, 2 - old] * step
    matrix[:3, 3] = grid.to_lps(index[None])[0]
    return Grid(tuple(grid.shape[t] for t in transpose), matrix)


def degrees_from_axial(grid: Grid) -> float:
    """Largest angle between an axis of the grid and the body axis next to it."""
    transpose, steps = nearest_turn(grid)
    cosines = np.diag(turned_grid(grid, transpose, steps).directions)
    return float(np.degrees(np.arccos(np.clip(cosines.min(), -1.0, 1.0))))


def is_straight(grid: Grid) -> bool:
    """Whether the axes of the grid are body axes, in any order and direction."""
    transpose, steps = nearest_turn(grid)
    return bool(np.abs(turned_grid(grid, transpose, steps).directions - np.eye(3)).max() <= STRAIGHT)


def axial_turn(grid: Grid, where: str) -> tuple[tuple[int, int, int], tuple[int, int, int], Grid]:
    """How to transpose and flip an array [k, j, i] so that i, j, k run along +L, +P, +S; no value changes.

    Returns the axes for `np.transpose`, the steps (1 or -1) for the slicing after it, and the axial grid. InputError
    where the image is oblique.
    """
    if not is_straight(grid):
        raise InputError(f"{where} is oblique by {degrees_from_axial(grid):.1f} degrees; only images "
                         "along the body axes can be read, resample it first.")
    transpose, steps = nearest_turn(grid)
    shape = tuple(grid.shape[t] for t in transpose)
    spacing = tuple(grid.spacing_mm[t] for t in transpose)
    origin = np.round(grid.corners().min(axis=0), 9) + 0.0
    return transpose, steps, Grid.axial(shape, spacing, tuple(origin))


def turn(array: np.ndarray, transpose: tuple[int, int, int], steps: tuple[int, int, int]) -> np.ndarray:
    """Apply a turn to an array; contiguous."""
    turned = np.transpose(array, transpose)[::steps[0], ::steps[1], ::steps[2]]
    return np.ascontiguousarray(turned)


def _axes(orientations: np.ndarray, where: str) -> np.ndarray:
    """(3, 2) unit row and column directions that all slices share."""
    if np.abs(orientations - orientations[0]).max() > 1e-3:
        raise InputError(f"{where} mixes slices of different orientation; keep those of one orientation in the folder.")
    axes = orientations[0].reshape(2, 3).T
    lengths = np.linalg.norm(axes, axis=0)
    if (np.abs(lengths - 1) > 0.01).any() or abs(axes[:, 0] @ axes[:, 1]) > 1e-3:
        raise InputError(f"{where} states an image orientation that is not two perpendicular unit vectors; "
                         "the header is damaged, export it again.")
    axes = axes / lengths
    axes[:, 1] -= axes[:, 0] * (axes[:, 0] @ axes[:, 1])
    axes[:, 1] /= np.linalg.norm(axes[:, 1])
    rounded = np.round(axes)
    return np.where(np.abs(axes - rounded) < STRAIGHT, rounded, axes) if _nearly_straight(axes) else axes


def _nearly_straight(axes: np.ndarray) -> bool:
    return bool((np.abs(axes - np.round(axes)) < STRAIGHT).all())


def _lean(placed: np.ndarray, normal: np.ndarray, where: str) -> np.ndarray:
    """How far (mm, LPS) the stack moves sideways a mm along its normal: 0, or evenly where the gantry was tilted."""
    relative = placed - placed[0]
    along = relative @ normal
    sideways = relative - np.outer(along, normal)
    tolerance = max(0.1, 1e-3 * abs(along[-1]))
    largest = float(np.linalg.norm(sideways, axis=1).max())
    if largest <= tolerance:
        return np.zeros(3)
    slope = sideways[-1] / along[-1]
    rest = np.linalg.norm(sideways - np.outer(along, slope), axis=1).max()
    if rest > tolerance or np.degrees(np.arctan(np.linalg.norm(slope))) > MOST_TILT_DEGREES:
        raise InputError(f"The slices of {where} are shifted sideways against each other by up to {largest:.1f} mm; "
                         "they do not form one volume.")
    return slope


def _base_step(step: np.ndarray) -> float:
    return float(np.median(step[step < 1.05 * step.min() + SAME_PLACE_MM]))


def _unevenness(along: np.ndarray, step: np.ndarray, where: str) -> str:
    """"" where all steps are whole multiples of one distance, else a sentence without its end."""
    if not len(step):
        return ""
    base = _base_step(step)
    times = np.maximum(np.round(step / base), 1)
    off = np.abs(step - times * base) - max(0.02 * base, 0.011) * times
    if off.max() <= 0:
        return ""
    bad = int(np.argmax(off))
    return (f"{where} has uneven slice spacing ({step.min():.2f} to {step.max():.2f} mm, for example "
            f"{step[bad]:.2f} mm after position {along[bad]:.1f} mm)")


def _plane_numbers(along: np.ndarray, step: np.ndarray, thickness: float,
                   stated: float | None) -> tuple[np.ndarray, float]:
    """Number of each slice's plane and the distance of planes; missing planes leave numbers out."""
    if not len(step):
        return np.zeros(1), thickness
    base = _base_step(step)
    if stated and (np.abs(step / stated - np.maximum(np.round(step / stated), 1)) < 0.02).all():
        base = stated
    times = np.maximum(np.round(step / base), 1)
    planes = np.concatenate([[0.0], np.cumsum(times)])
    return planes, float(along[-1] - along[0]) / planes[-1]


def _even_planes(along: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, float]:
    """Place of unevenly spaced slices on even planes at the smallest distance, but not many more than slices."""
    length = float(along[-1] - along[0])
    count = min(max(round(length / _base_step(step)), 1), _MOST_PLANES * len(along))
    return (along - along[0]) / length * count, length / count
