"""Reading an image of any supported kind, and writing one as NIfTI or NRRD."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.provenance import file_hash
from radoncai.core.volume import Source, Volume
from radoncai.dicom.geometry import degrees_from_axial, is_straight
from radoncai.dicom.masks.labels import write_seg_nrrd
from radoncai.dicom.raster import raster_ending, read_raster, write_raster
from radoncai.dicom.series.planes import upright
from radoncai.dicom.series.series import read_series

__all__ = ["read_image", "write_image", "write_seg_nrrd"]

_AIR_HU = -200  # nothing but a CT has values this low


def read_image(path: Path, *, series: int | str | None = None, gaps: str = "refuse",
               modality: str | None = None) -> Volume:
    """A DICOM folder or file, NIfTI or NRRD as a volume on an axial LPS grid.

    `series` and `gaps` as in `read_series`; `modality` picks the only series of that modality in a DICOM folder, and
    says what a NIfTI or NRRD is (default: CT where values below -200 occur, else unknown). CT is in HU.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path.")
    if path.is_dir() or not raster_ending(path):
        return read_series(path, series=series, gaps=gaps, modality=modality)
    array, grid, _ = read_raster(path, oblique="keep")
    if array.ndim != 3:
        raise InputError(f"{path} has several values a voxel; name an image with one.")
    array = _compact(array)
    kind = modality or ("CT" if array.min(initial=0) < _AIR_HU else "")
    said: tuple[str, ...] = ()
    if not is_straight(grid):
        said = (f"The image is oblique by {degrees_from_axial(grid):.1f} degrees: it was resampled to axial slices.",)
        array, grid = upright(array, grid, -1000.0 if kind == "CT" else 0.0, str(path))
    return Volume(array, grid, kind, "HU" if kind == "CT" else "1", Source(sha256=file_hash(path), warnings=said))


def write_image(volume: Volume, path: Path) -> Path:
    """Write a volume as .nrrd or .nii.gz (by the ending), axes and type kept."""
    return write_raster(volume.array, volume.grid, path)


def _compact(array: np.ndarray) -> np.ndarray:
    """int16 where whole and small enough, else float32; values that are no number become the smallest one."""
    if array.dtype.kind in "iu" and array.min(initial=0) >= -32768 and array.max(initial=0) <= 32767:
        return array.astype(np.int16)
    array = array.astype(np.float32)
    finite = np.isfinite(array)
    return array if finite.all() else np.where(finite, array, array[finite].min(initial=0)).astype(np.float32)


