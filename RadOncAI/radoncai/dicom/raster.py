"""NIfTI and NRRD files as arrays on axial LPS grids, through SimpleITK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radoncai.core.errors import InputError, PlatformError
from radoncai.core.grid import Grid
from radoncai.core.resample import grid_of, to_sitk
from radoncai.dicom.geometry import axial_turn, is_straight, turn

ENDINGS = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")


def raster_ending(path: Path) -> str:
    """The ending that names a raster format, "" for any other file."""
    name = Path(path).name.lower()
    return next((e for e in ENDINGS if name.endswith(e)), "")


def stem(path: Path) -> str:
    """File name without its raster ending."""
    name = Path(path).name
    ending = raster_ending(path)
    return name[:len(name) - len(ending)] if ending else Path(path).stem


def read_raster(path: Path, *, oblique: str = "refuse") -> tuple[np.ndarray, Grid, dict[str, str]]:
    """(array, axial grid, header texts); layers of a segmentation are a last axis of the array.

    Axes are turned exactly, no voxel is interpolated. InputError for a damaged file, colour, time series, and oblique
    axes unless `oblique` is "keep": then array and grid are as stored.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} does not exist; check the path.")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"{path} cannot be read as an image; it is damaged or of another format.") from error
    image = _three_dimensional(image, path)
    array = sitk.GetArrayFromImage(image)
    texts = {key: _readable(image.GetMetaData(key)) for key in image.GetMetaDataKeys() if key.isprintable()}
    if oblique == "keep" and not is_straight(grid_of(image)):
        return array, grid_of(image), texts
    transpose, steps, grid = axial_turn(grid_of(image), str(path))
    if array.ndim == 4:
        array = np.stack([turn(array[..., n], transpose, steps) for n in range(array.shape[3])], axis=3)
    else:
        array = turn(array, transpose, steps)
    return array, grid, texts


def write_raster(array: np.ndarray, grid: Grid, path: Path) -> Path:
    """Write [k, j, i] as NIfTI or NRRD by the ending, compressed. InputError for another ending."""
    path = Path(path)
    if not raster_ending(path):
        raise InputError(f"{path.name} has no ending of an image format; use .nrrd or .nii.gz.")
    kind = np.uint8 if array.dtype == bool else np.float32 if array.dtype == np.float16 else array.dtype
    image = to_sitk(np.ascontiguousarray(array, dtype=kind), grid)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(image, str(path), useCompression=True, compressionLevel=2)
    except (RuntimeError, OSError) as error:
        raise PlatformError(f"Cannot write {path}; check the folder and the free space.") from error
    return path


def _readable(text: str) -> str:
    """A header text as UTF-8, or as Latin-1 where it is none."""
    try:
        return text.encode("utf-8").decode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _three_dimensional(image: sitk.Image, path: Path) -> sitk.Image:
    size = image.GetSize()
    if len(size) == 4 and size[3] == 1:
        return image[:, :, :, 0]
    if len(size) == 2:
        return sitk.JoinSeries(image)
    if len(size) != 3:
        raise InputError(f"{path} has {len(size)} dimensions; only single 3D images can be read.")
    return image
