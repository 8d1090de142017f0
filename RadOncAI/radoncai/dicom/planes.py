"""Volumes on axial grids out of images that are not axial, and structures back on the images' own planes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet, bounding_box
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


def exact_turn(from_grid: Grid, to_grid: Grid) -> Turn | None:
    """The turn that takes an array of one grid to the other where both have the same voxels, else None."""
    relative = np.linalg.inv(to_grid.index_to_lps[:3, :3]) @ from_grid.index_to_lps[:3, :3]
    whole = np.rint(relative)
    if np.abs(relative - whole).max() > 1e-3 or not (np.abs(whole).sum(axis=0) == 1).all():
        return None
    if not (np.abs(whole).sum(axis=1) == 1).all():
        return None
    source = np.argmax(np.abs(whole), axis=1)
    transpose = tuple(2 - int(source[2 - axis]) for axis in range(3))
    steps = tuple(int(whole[2 - axis, source[2 - axis]]) for axis in range(3))
    return (transpose, steps) if turned_grid(from_grid, transpose, steps).same_as(to_grid, 0.01) else None


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


def upright(array: np.ndarray, grid: Grid, outside: float, where: str) -> tuple[np.ndarray, Grid]:
    """An array on an axial grid: turned exactly where its axes are body axes, else resampled linearly."""
    if is_straight(grid):
        transpose, steps, axial = axial_turn(grid, where)
        return turn(array, transpose, steps), axial
    box = axial_box(grid, where)
    values = resampled(array, grid, box, outside)
    return (np.rint(values).astype(array.dtype) if array.dtype.kind in "iu" else values), box




def _moved(structures: StructureSet, grid: Grid) -> tuple[tuple[Structure, ...], dict[str, str]]:
    how = exact_turn(structures.grid, grid)
    moved, missing = [], {}
    for s in structures:
        box, mask = _turned_box(s, structures.grid, how) if how else _resampled_box(s, structures.grid, grid)
        if box is None:
            if s.contours:
                moved.append(replace(s, mask=np.zeros((0, 0, 0), bool), box=(slice(0, 0),) * 3))
            else:
                missing[s.name] = "it holds no voxel centre of the images' planes"
            continue
        moved.append(replace(s, mask=mask, box=box))
    return tuple(moved), missing


def _turned_box(s: Structure, grid: Grid, how: Turn) -> tuple[tuple[slice, ...] | None, np.ndarray]:
    transpose, steps = how
    box = []
    for old, step in zip(transpose, steps, strict=True):
        part, n = s.box[old], grid.shape[old]
        box.append(slice(n - part.stop, n - part.start) if step < 0 else part)
    return (tuple(box) if s.mask.any() else None), turn(s.mask, transpose, steps)


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
    box = tuple(slice(t.start + a.start, t.stop + a.start) for t, a in zip(tight, around, strict=True))
    return box, np.ascontiguousarray(mask[tight])
