"""From slice positions and orientations to one grid, turned exactly to axial where that needs no interpolation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid

SAME_PLACE_MM = 0.01
STRAIGHT = 1e-4  # largest deviation of a direction cosine from 0 or 1 that still counts as axial


@dataclass(frozen=True)
class Stack:
    """Order of the slices along the normal, and the grid they form as stored. `gaps` lists missing plane numbers."""

    order: np.ndarray
    grid: Grid
    planes: np.ndarray

    @property
    def gaps(self) -> np.ndarray:
        return np.setdiff1d(np.arange(self.grid.shape[0]), self.planes)


def stack(positions: np.ndarray, orientations: np.ndarray, spacing: tuple[float, float], shape: tuple[int, int],
          thickness: float, where: str) -> Stack:
    """Sort slices along their common normal and check that they form a straight stack of even spacing.

    `positions` (n, 3) and `orientations` (n, 6) in LPS; `spacing` (row, column) mm; `shape` (rows, columns);
    `thickness` is the slice distance of a single slice. Missing planes are left open in `planes`. InputError for
    repeated positions, mixed orientation, gantry tilt and uneven spacing; `where` names the series.
    """
    axes = _axes(orientations, where)
    normal = np.cross(axes[:, 0], axes[:, 1])
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    along, placed = along[order], positions[order]
    _refuse_shear(placed, normal, where)
    step = np.diff(along)
    if (step < SAME_PLACE_MM).any():
        at = ", ".join(f"{v:.1f}" for v in along[1:][step < SAME_PLACE_MM][:3])
        raise InputError(f"{where} has {int((step < SAME_PLACE_MM).sum())} slice positions twice (at {at} mm): several "
                         "phases or copies in one series; keep one of each in the folder.")
    planes, distance = _plane_numbers(along, step, thickness, where)
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([axes[:, 0] * spacing[1], axes[:, 1] * spacing[0], normal * distance])
    matrix[:3, 3] = placed[0]
    return Stack(order, Grid((int(planes[-1]) + 1, *shape), matrix), planes)


def axial_turn(grid: Grid, where: str) -> tuple[tuple[int, int, int], tuple[int, int, int], Grid]:
    """How to transpose and flip an array [k, j, i] so that i, j, k run along +L, +P, +S; no value changes.

    Returns the axes for `np.transpose`, the steps (1 or -1) for the slicing after it, and the axial grid. InputError
    where the image is oblique.
    """
    directions = grid.directions
    nearest = np.argmax(np.abs(directions), axis=0)
    straight = np.zeros((3, 3))
    straight[nearest, range(3)] = np.sign(directions[nearest, range(3)])
    if sorted(nearest) != [0, 1, 2] or np.abs(directions - straight).max() > STRAIGHT:
        cosine = np.abs(directions).max(axis=0).min()
        raise InputError(f"{where} is oblique by {np.degrees(np.arccos(min(cosine, 1.0))):.1f} degrees; only series "
                         "along the body axes can be read, resample it first.")
    lps_to_ijk = [int(np.flatnonzero(nearest == axis)[0]) for axis in range(3)]
    transpose = tuple(2 - lps_to_ijk[2 - axis] for axis in range(3))
    signs = [straight[axis, lps_to_ijk[axis]] for axis in range(3)]
    steps = tuple(int(signs[2 - axis]) for axis in range(3))
    shape = tuple(grid.shape[t] for t in transpose)
    spacing = tuple(grid.spacing_mm[t] for t in transpose)
    corners = grid.corners()
    origin = np.round(corners.min(axis=0), 9) + 0.0
    return transpose, steps, Grid.axial(shape, spacing, tuple(origin))


def turn(array: np.ndarray, transpose: tuple[int, int, int], steps: tuple[int, int, int]) -> np.ndarray:
    """Apply `axial_turn` to an array; contiguous."""
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
    rounded = np.round(axes)
    return np.where(np.abs(axes - rounded) < STRAIGHT, rounded, axes) if _nearly_straight(axes) else axes


def _nearly_straight(axes: np.ndarray) -> bool:
    return bool((np.abs(axes - np.round(axes)) < STRAIGHT).all())


def _refuse_shear(placed: np.ndarray, normal: np.ndarray, where: str) -> None:
    """Slices that drift sideways are a tilted gantry."""
    relative = placed - placed[0]
    sideways = np.linalg.norm(relative - np.outer(relative @ normal, normal), axis=1)
    if sideways.max() <= max(0.1, 1e-3 * abs(relative[-1] @ normal)):
        return
    angle = np.degrees(np.arctan2(sideways[-1], abs(relative[-1] @ normal)))
    if sideways[-1] < 0.5 * sideways.max() or angle > 60:
        raise InputError(f"The slices of {where} are shifted sideways against each other by up to "
                         f"{sideways.max():.1f} mm; they do not form one volume.")
    raise InputError(f"{where} was taken with a gantry tilt of {angle:.1f} degrees, which cannot be read yet; "
                     "resample it to straight slices first.")


def _plane_numbers(along: np.ndarray, step: np.ndarray, thickness: float, where: str) -> tuple[np.ndarray, float]:
    """Number of each slice's plane and the distance of planes; missing planes leave numbers out."""
    if not len(step):
        return np.zeros(1, int), thickness
    smallest = step.min()
    base = float(np.median(step[step < 1.05 * smallest + SAME_PLACE_MM]))
    times = np.maximum(np.round(step / base).astype(int), 1)
    tolerance = max(0.02 * base, 0.011)
    if (np.abs(step - times * base) > tolerance * times).any():
        bad = int(np.argmax(np.abs(step - times * base)))
        raise InputError(f"{where} has uneven slice spacing ({smallest:.2f} to {step.max():.2f} mm, for example "
                         f"{step[bad]:.2f} mm after position {along[bad]:.1f} mm); resample it to even slices first.")
    planes = np.concatenate([[0], np.cumsum(times)])
    return planes, float(along[-1] - along[0]) / int(planes[-1])
