"""A folder with one mask a structure, each named by its file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.structures import Structure, StructureSet
from radoncai.dicom.raster import raster_ending, read_raster, stem, write_raster
from radoncai.dicom.series.planes import structures_upright


def mask_files(folder: Path) -> list[Path]:
    """The NIfTI and NRRD files of a folder, sorted."""
    return sorted(p for p in Path(folder).iterdir() if p.is_file() and raster_ending(p))


def read_mask_folder(folder: Path) -> StructureSet:
    """One structure a file: voxels above 0 (above 0.5 in files with fractions). Empty masks are in `missing`.

    Oblique masks are interpolated onto axial slices, which is said. InputError where the folder holds no
    masks or they lie on different grids.
    """
    files = mask_files(folder)
    if not files:
        raise InputError(f"{folder} holds no NIfTI or NRRD masks.")
    grid, structures, missing = None, [], {}
    for file in files:
        array, here, _ = read_raster(file, oblique="keep")
        if array.ndim != 3:
            raise InputError(f"{file} holds several values a voxel; a mask has one.")
        if grid is not None and not grid.same_as(here):
            raise InputError(f"{file} lies on another grid than {files[0].name}; masks of one folder must share one.")
        grid = here
        mask = array > (0.5 if array.dtype.kind == "f" else 0)
        if mask.any():
            structures.append(Structure.from_full(stem(file), mask))
        else:
            missing[stem(file)] = "its mask is empty"
    found = StructureSet(grid, tuple(structures), label=Path(folder).name[:16], missing=missing)
    return found if grid.is_axial else structures_upright(found, str(folder))


def write_mask_folder(structures: StructureSet, folder: Path, ending: str = ".nii.gz") -> tuple[str, ...]:
    """Write NAME.nii.gz a structure, full size; says which names had to change to be file names."""
    taken: set[str] = set()
    said = []
    for s in (s for s in structures if s.mask.any()):
        name = base = re.sub(r"[^\w.+^~-]", "_", s.name).lstrip(".") or "structure"
        n = 2
        while name.casefold() in taken:
            name, n = f"{base}_{n}", n + 1
        taken.add(name.casefold())
        if name != s.name:
            said.append(f"{s.name} was written as {name}{ending}.")
        write_raster(s.full(structures.grid.shape).astype(np.uint8), structures.grid, Path(folder) / f"{name}{ending}")
    return tuple(said)
