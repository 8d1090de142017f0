"""Volumes on axial grids out of images that are not axial, and structures back on the images' own planes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet, bounding_box, within
from radoncai.core.volume import Volume
from radoncai.dicom.geometry import Turn, axial_turn, is_straight, nearest_turn, turn, turned_grid

_MOST_GROWTH = 12  # an axial box around oblique images may have that many times their voxels


def axial_box(grid: Grid, where: str) -> Grid:
    """The axial grid around an oblique or sheared one, with its voxel sizes along the nearest body axes.

    InputError where the images are too few to make slices of: their box would be mostly empty.
    """
    transpose, steps = nearest_turn(grid)
    spacing = np.array(turned_grid(grid, transpose, steps).spacing_mm)
    corners = grid.corners()
    low, high = corners.min(axis=0), corners.max(axis=0)
    shape = np.ceil((high - low)[::-1] / spacing - 1e-3).astype(int) + 1
    if grid.shape[0] < 2 or np.prod(shape.astype(float)) > _MOST_GROWTH * np.prod(grid.shape) + 1e5:
        raise InputError(f"{where} is oblique and too few images to make axial slices of them; name the whole series.")
    origin = (low + high) / 2 - (shape[::-1] - 1) / 2 * spacing[::-1]
    return Grid.axial(tuple(int(n) for n in shape), tuple(spacing), tuple(origin))


def resampled(array: np.ndarray, from_grid: Grid, to_grid: Grid, outside: float = 0.0) -> np.ndarray:
    """float32 values at the voxel centres of another grid, linear; both grids may be oblique or sheared.

    Points beyond the outer voxel faces get `outside`.
    """
    index_to_index = np.linalg.inv(from_grid.index_to_lps) @ to_grid.index_to_lps
    kind = np.uint8 if array.dtype == bool else array.dtype
    image = sitk.GetImageFromArray(np.ascontiguousarray(array, dtype=kind))
    move = sitk.AffineTransform(index_to_index[:3, :3].ravel().tolist(), index_to_index[:3, 3].tolist())
    moved = sitk.Resample(image, to_grid.shape[::-1], move, sitk.sitkLinear, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0),
                          np.eye(3).ravel().tolist(), float(outside), sitk.sitkFloat32)
    return sitk.GetArrayFromImage(moved)


def shared_lattice(from_grid: Grid, to_grid: Grid) -> tuple[Turn, tuple[int, int, int]] | None:
    """The turn and shift (slices, rows, columns) that take voxels of one grid to the other where both have the same
    planes, of whatever extent; else None."""
    relative = np.linalg.inv(to_grid.index_to_lps[:3, :3]) @ from_grid.index_to_lps[:3, :3]
    whole = np.rint(relative)
    one_each = all((np.abs(whole).sum(axis=axis) == 1).all() for axis in (0, 1))
    if not one_each or np.abs(relative - whole).max() * max(from_grid.shape) > 0.02:
        return None
    source = np.argmax(np.abs(whole), axis=1)
    transpose = tuple(2 - int(source[2 - axis]) for axis in range(3))
    steps = tuple(int(whole[2 - axis, source[2 - axis]]) for axis in range(3))
    shift = to_grid.to_index(turned_grid(from_grid, transpose, steps).origin_lps[None])[0, ::-1]
    if np.abs(shift - np.rint(shift)).max() > 0.02:
        return None
    return (transpose, steps), tuple(int(v) for v in np.rint(shift))


def exact_turn(from_grid: Grid, to_grid: Grid) -> Turn | None:
    """The turn that takes an array of one grid to the other where both have the same voxels, else None."""
    found = shared_lattice(from_grid, to_grid)
    if found is None or any(found[1]):
        return None
    return found[0] if tuple(from_grid.shape[t] for t in found[0][0]) == to_grid.shape else None


def was_resampled(volume: Volume) -> bool:
    """Whether the slices of the volume were interpolated from images of another direction."""
    planes = volume.source.planes
    return planes is not None and exact_turn(volume.grid, planes.grid) is None


def on_image_planes(structures: StructureSet, volume: Volume) -> tuple[StructureSet, Volume]:
    """Structures of an axial volume on the planes of the images it was made of; both as they are where it is axial.

    Masks are turned exactly or, from resampled volumes, interpolated linearly at half; contours as read stay. The
    volume that comes back has the planes' grid and references and no values. InputError where the structures lie on
    another grid than the volume.
    """
    planes = volume.source.planes
    if planes is None:
        return structures, volume
    if not structures.grid.same_as(volume.grid):
        raise InputError("The structures lie on another grid than the images; resample them first.")
    empty = np.broadcast_to(np.int16(0), planes.grid.shape)
    source = replace(volume.source, slices=planes.slices, frames=planes.frames, planes=None)
    moved, missing = _moved(structures, planes.grid)
    kept = replace(structures, grid=planes.grid, structures=moved, missing={**structures.missing, **missing})
    return kept, Volume(empty, planes.grid, volume.modality, volume.unit, source)


def from_image_planes(structures: StructureSet, volume: Volume) -> StructureSet:
    """Structures on the image planes back on the grid of the volume; the other way round than `on_image_planes`."""
    if volume.source.planes is None:
        return structures
    moved, missing = _moved(structures, volume.grid)
    said = () if exact_turn(structures.grid, volume.grid) else (
        "The images are not axial: the masks were interpolated from their planes onto axial slices.",)
    return replace(structures, grid=volume.grid, structures=moved, missing={**structures.missing, **missing},
                   warnings=(*structures.warnings, *said))


def structures_upright(structures: StructureSet, where: str) -> StructureSet:
    """Structures of any grid on an axial one: turned exactly where its axes are body axes, else interpolated."""
    grid = structures.grid
    straight = is_straight(grid)
    axial = axial_turn(grid, where)[2] if straight else axial_box(grid, where)
    return _brought(structures, axial, () if straight else ("The masks were interpolated onto axial slices.",))


def fitted(structures: StructureSet, volume: Volume) -> StructureSet:
    """Structures of any grid on that of an image: without interpolation where they share its planes or its images'."""
    planes = volume.source.planes
    if planes is not None and shared_lattice(structures.grid, planes.grid):
        return from_image_planes(_brought(structures, planes.grid, ()), volume)
    exact = shared_lattice(structures.grid, volume.grid)
    said = () if exact else ("The structures lie on another grid and were interpolated onto the image.",)
    return _brought(structures, volume.grid, said)


def _brought(structures: StructureSet, grid: Grid, said: tuple[str, ...]) -> StructureSet:
    moved, missing = _moved(structures, grid)
    return replace(structures, grid=grid, structures=moved, missing={**structures.missing, **missing},
                   warnings=(*structures.warnings, *said))


def upright(array: np.ndarray, grid: Grid, outside: float, where: str) -> tuple[np.ndarray, Grid]:
    """An array on an axial grid: turned exactly where its axes are body axes, else resampled linearly."""
    if is_straight(grid):
        transpose, steps, axial = axial_turn(grid, where)
        return turn(array, transpose, steps), axial
    box = axial_box(grid, where)
    values = resampled(array, grid, box, outside)
    return (np.rint(values).astype(array.dtype) if array.dtype.kind in "iu" else values), box




def _moved(structures: StructureSet, grid: Grid) -> tuple[tuple[Structure, ...], dict[str, str]]:
    how = shared_lattice(structures.grid, grid)
    moved, missing = [], {}
    for s in structures:
        box, mask = _turned_box(s, structures.grid, grid, *how) if how else _resampled_box(s, structures.grid, grid)
        if box is not None:
            moved.append(replace(s, mask=mask, box=box))
        elif s.contours:
            moved.append(replace(s, mask=np.zeros((0, 0, 0), bool), box=(slice(0, 0),) * 3))
        else:
            missing[s.name] = "it lies outside the image"
    return tuple(moved), missing


def _turned_box(s: Structure, grid: Grid, to_grid: Grid, how: Turn,
                shift: tuple[int, int, int]) -> tuple[tuple[slice, ...] | None, np.ndarray]:
    """The mask turned and shifted, and cut where the other grid ends."""
    transpose, steps = how
    box, inside = [], []
    for old, step, moved, size in zip(transpose, steps, shift, to_grid.shape, strict=True):
        part, n = s.box[old], grid.shape[old]
        first = (n - part.stop if step < 0 else part.start) + moved
        last = first + part.stop - part.start
        start, stop = max(first, 0), min(last, size)
        if stop <= start:
            return None, s.mask
        box.append(slice(start, stop))
        inside.append(slice(start - first, stop - first))
    mask = turn(s.mask, transpose, steps)[tuple(inside)]
    return (tuple(box) if mask.any() else None), np.ascontiguousarray(mask)


def _resampled_box(s: Structure, grid: Grid, to_grid: Grid) -> tuple[tuple[slice, ...] | None, np.ndarray]:
    """The mask on the part of the other grid around it; half a voxel's share decides."""
    if not s.mask.any():
        return None, s.mask
    ends = np.array([(b.start - 1, b.stop) for b in s.box], float)[::-1]
    corners = grid.to_lps(ends[np.arange(3), list(np.ndindex(2, 2, 2))])
    index = to_grid.to_index(corners)[:, ::-1]
    start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, np.array(to_grid.shape) - 1)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, start + 1, to_grid.shape)
    around = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    padded = np.pad(s.mask, 1)
    inner = tuple(slice(b.start - 1, b.stop + 1) for b in s.box)
    mask = resampled(padded, grid.crop(inner), to_grid.crop(around)) >= 0.5
    tight = bounding_box(mask)
    if tight is None:
        return None, mask
    box = within(tight, around)
    return box, np.ascontiguousarray(mask[tight])
