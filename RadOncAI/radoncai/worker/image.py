"""The image of a request: voxels from the scene, references from its DICOM headers, turned to the library's axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Box
from radoncai.core.volume import Source, Volume
from radoncai.dicom.series.series import read_headers
from radoncai.models.engine.orientation import Turn, to_lps
from radoncai.worker.arrays import load_array
from radoncai.worker.protocol import field, optional

SAME_SHARE = 0.1  # of the smallest voxel side, by which a corner may lie elsewhere
MOST_KEPT = 4

_headers: dict[tuple, Volume] = {}


@dataclass(frozen=True, eq=False)
class Image:
    """`volume` has its axes along L, P, S as nearly as swaps and flips allow; `grid` is the request's own."""

    volume: Volume
    grid: Grid
    turn: Turn

    def own_box(self, box: Box) -> Box:
        """A box of `volume` in the request's axes."""
        return self.turn.undo_box(box, self.volume.grid.shape)

    def box(self, own: Box) -> Box:
        """A box in the request's axes in those of `volume`."""
        parts = [own[axis] for axis in self.turn.axes]
        shape = self.volume.grid.shape
        return tuple(slice(n - b.stop, n - b.start) if f else b
                     for b, f, n in zip(parts, self.turn.flips, shape, strict=True))


def read_image(request: dict[str, Any], folder: Path) -> Image:
    """The image with its voxels. Raises InputError where voxels and headers differ in geometry, or as DICOM does.

    With `box` and `shape` the array is a part of the image and the rest is 0: enough for a job on one slice.
    """
    image = field(request, "image", dict)
    array = _compact(load_array(folder, image.get("array")))
    if image.get("box"):
        array = _in_whole(array, image)
    own = Grid(array.shape, matrix(image))
    return _turned(Volume(array, own, _modality(image)), image)


def read_place(request: dict[str, Any], folder: Path) -> Image:
    """The image's grid and references without voxels, from its array's shape, `shape`, or the headers alone."""
    image = field(request, "image", dict)
    if image.get("array") and not image.get("box"):
        shape = _shape_of(folder, image["array"])
    elif image.get("shape"):
        shape = tuple(int(n) for n in image["shape"])
    else:
        headers = headers_of(image)
        turned, how = to_lps(headers)
        return Image(replace(turned, source=_source(headers, how)), headers.grid, how)
    nothing = np.broadcast_to(np.int16(0), shape)
    return _turned(Volume(nothing, Grid(shape, matrix(image)), _modality(image)), image)


def headers_of(image: dict[str, Any]) -> Volume:
    """The image's DICOM headers, kept while its files stay as they are. Raises InputError as `read_headers` does."""
    files = [Path(p) for p in optional(image, "files", list) or ()]
    if not files:
        raise InputError("The image has no DICOM files; load it from the DICOM database.")
    try:
        key = tuple((str(p), p.stat().st_mtime_ns) for p in files)
    except OSError:
        raise InputError("The DICOM files of the image are not where they were; load the series again.") from None
    if key not in _headers:
        while len(_headers) >= MOST_KEPT:
            _headers.pop(next(iter(_headers)))
        _headers[key] = read_headers(files)
    return _headers[key]


def matrix(shape: dict[str, Any]) -> np.ndarray:
    """The 4x4 of `ijk_to_lps`. Raises InputError."""
    numbers = np.asarray(field(shape, "ijk_to_lps", list), float).ravel()
    if len(numbers) != 16 or not np.isfinite(numbers).all():
        raise InputError("The image's geometry is not 16 numbers; load the image again.")
    return numbers.reshape(4, 4)


def _turned(given: Volume, image: dict[str, Any]) -> Image:
    turned, how = to_lps(given)
    turned = turned.with_array(np.ascontiguousarray(turned.array) if given.array.strides[-1] else turned.array)
    if image.get("files"):
        headers = headers_of(image)
        place, header_turn = to_lps(headers)
        _refuse_elsewhere(turned.grid, place.grid)
        turned = replace(turned, grid=place.grid, modality=headers.modality, source=_source(headers, header_turn))
    unit = "HU" if turned.modality == "CT" else turned.unit
    return Image(replace(turned, unit=unit), given.grid, how)


def _source(headers: Volume, how: Turn) -> Source:
    """References along the turned slices; none where the series' slices do not run along the body."""
    slices = headers.source.slices if how.axes[0] == 0 else ()
    return replace(headers.source, slices=slices[::-1] if how.flips[0] else slices)


def _refuse_elsewhere(own: Grid, headers: Grid) -> None:
    if own.shape != headers.shape:
        raise InputError(f"The image has {_size(own)} voxels and its DICOM files {_size(headers)}: they do not belong "
                         "together; load the series again.")
    apart = float(np.abs(own.corners() - headers.corners()).max())
    if apart > SAME_SHARE * min(headers.spacing_mm):
        raise InputError(f"The image lies {apart:.1f} mm beside its DICOM files (moved, resampled or transformed?); "
                         "load the series again, or use a copy without its DICOM references.")


def _size(grid: Grid) -> str:
    return " x ".join(str(n) for n in grid.shape[::-1])


def _modality(image: dict[str, Any]) -> str:
    return optional(image, "modality", str) or ""


def _in_whole(part: np.ndarray, image: dict[str, Any]) -> np.ndarray:
    try:
        whole = np.zeros([int(n) for n in field(image, "shape", list)], part.dtype)
        box = tuple(slice(int(a), int(b)) for a, b in image["box"])
        if whole.ndim != 3 or whole[box].shape != part.shape:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError("The part of the image does not fit the whole; run again.") from None
    whole[box] = part
    return whole


def _shape_of(folder: Path, name: str) -> tuple[int, ...]:
    path = folder / str(name)
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError):
        raise InputError(f"The array {path.name} is missing or cut off; run again.") from None


def _compact(array: np.ndarray) -> np.ndarray:
    """int16 where the voxels are whole and fit, else float32: what reading the files would give."""
    if array.dtype == np.int16:
        return array
    if array.dtype.kind in "iu" and array.min() >= -32768 and array.max() <= 32767:
        return array.astype(np.int16)
    if array.dtype.kind not in "iuf":
        raise InputError(f"The image holds values of the kind {array.dtype}; numbers are needed.")
    if array.dtype.kind == "f" and np.array_equal(array, np.rint(array)) and np.abs(array).max() <= 32767:
        return array.astype(np.int16)
    return array.astype(np.float32)
