"""Maps of probabilities, 0 to 1, as structures with contours at one half, finer than the voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.isolines import iso_rings
from radoncai.core.keyholes import joined_by_keyholes
from radoncai.core.polygons import polygon_area
from radoncai.core.structures import Contour, Structure, StructureSet, bounding_box
from radoncai.core.volume import Volume
from radoncai.dicom.masks.mask_folder import mask_files
from radoncai.dicom.raster import read_raster, stem
from radoncai.dicom.series.planes import from_image_planes, resampled

LEVEL = 0.5


def read_probabilities(source: Path, volume: Volume, *, holes: str = "keyhole") -> StructureSet:
    """A map, or a folder with one map a structure, each named by its file, on the grid of an image.

    Contours lie on the images' own planes where the probability is one half (cubic between voxels); the mask holds the
    voxels of one half and more, which are those whose centres the contours enclose. Maps on another grid are
    interpolated linearly first, which is said, as are the volumes of contours and voxels. InputError for values
    beyond 0 to 1.
    """
    planes = volume.source.planes.grid if volume.source.planes else volume.grid
    files = mask_files(source) if source.is_dir() else [source]
    structures, missing, said = [], {}, []
    for file in files:
        share, moved = _on(planes, file)
        said += [f"{stem(file)} lies on another grid and was interpolated onto the images."] if moved else []
        mask = share >= LEVEL
        box = bounding_box(mask)
        if box is None:
            missing[stem(file)] = f"its highest probability is {share.max(initial=0):.2f}"
            continue
        contours, area = _contours(share, planes, holes)
        cc, voxels_cc = area * planes.voxel_cc, np.count_nonzero(mask) * planes.voxel_cc
        said.append(f"{stem(file)}: {cc:.2f} cc inside its contours at one half, {voxels_cc:.2f} cc by its voxels.")
        structures.append(Structure(stem(file), np.ascontiguousarray(mask[box]), box, origin="AUTOMATIC",
                                    contours=contours))
    found = StructureSet(planes, tuple(structures), label=Path(source).name[:16], missing=missing, warnings=tuple(said))
    return from_image_planes(found, volume)


def _on(grid: Grid, file: Path) -> tuple[np.ndarray, bool]:
    """The probabilities on a grid, and whether they were interpolated onto it."""
    share, here, _ = read_raster(file, oblique="keep")
    low, high = float(share.min(initial=0)), float(share.max(initial=0))
    if share.ndim != 3 or share.dtype.kind != "f" or low < -1e-6 or high > 1 + 1e-6 or not np.isfinite(low + high):
        raise InputError(f"{file} is no map of probabilities, fractions from 0 to 1 in one value a voxel; take "
                         "--contours exact or smooth for masks.")
    if here.same_as(grid):
        return share, False
    return resampled(share, here, grid), True


def _contours(share: np.ndarray, grid: Grid, holes: str) -> tuple[tuple[Contour, ...], float]:
    """Contours in LPS mm, and their area in pixels over all slices."""
    slices = [(k, iso_rings(share[k])) for k in np.flatnonzero((share >= LEVEL).any(axis=(1, 2)))]
    area = sum(polygon_area(ring) for _, rings in slices for ring in rings)
    cut = holes == "xor" and any(polygon_area(ring) < 0 for _, rings in slices for ring in rings)
    drawn = [(k, polygon) for k, rings in slices for polygon in (rings if cut else joined_by_keyholes(rings))]
    return tuple(Contour(grid.to_lps(np.column_stack([p, np.full(len(p), float(k))])),
                         "CLOSEDPLANAR_XOR" if cut else "CLOSED_PLANAR") for k, p in drawn), area
