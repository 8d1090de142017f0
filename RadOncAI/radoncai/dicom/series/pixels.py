"""Stored pixels to values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from radoncai.core.errors import InputError
from radoncai.dicom.files import open_dicom, transfer_syntax
from radoncai.dicom.series.gdcm_pixels import GDCM_SYNTAXES, decode_by_gdcm
from radoncai.dicom.values import number, text

_LARGE_BYTES, _MOST_PACKED = 1e9, 1000  # no image of a GB is packed a thousandfold
_LARGEST = 1e12  # no rescaled value of an image comes near it


def stored_pixels(path: Path) -> tuple[np.ndarray, FileDataset]:
    """Pixels of one file as stored, any transfer syntax that pydicom decodes. InputError where that fails."""
    data = open_dicom(path)
    if "PixelData" not in data:
        raise InputError(f"{path} is cut off: it holds no pixels; copy it again.")
    return decode(data, path), data


def decode(data: FileDataset, path: Path) -> np.ndarray:
    """The stored pixels of an open file. InputError where they are cut off or no decoder is there."""
    needed, held = _needed_bytes(data), _pixel_bytes(data)
    if needed > _LARGE_BYTES and needed > _MOST_PACKED * held:
        raise InputError(f"{path} states {needed / 1e9:.1f} GB of pixels and holds {held} bytes; it is damaged.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return data.pixel_array
    except Exception as error:  # noqa: BLE001  each decoder raises its own kinds
        by_gdcm = decode_by_gdcm(data) if transfer_syntax(data) in GDCM_SYNTAXES else None
        if by_gdcm is not None:
            return by_gdcm
        raise InputError(_why_not(path, data, error)) from error


def scale(data: Dataset) -> tuple[float, float]:
    """Rescale slope and intercept, 1 and 0 where absent."""
    return number(data, "RescaleSlope", 1.0), number(data, "RescaleIntercept", 0.0)


def read_stack(paths: list[Path], shape: tuple[int, int], frames: Sequence[int | None] = (),
               headers: Sequence[Dataset] = ()) -> np.ndarray:
    """(slices, rows, columns) of rescaled values: int16 where all of them are whole and fit, else float32.

    `frames`: the frame of each file (from 0) that is meant, None for a file of one image; `headers`: where the
    rescaling of each stands, if not in the file's own header.
    """
    out = np.empty((len(paths), *shape), np.int16)
    opened: tuple[Path, np.ndarray, Dataset] | None = None
    for n, path in enumerate(paths):
        if opened is None or opened[0] != path:
            opened = (path, *stored_pixels(path))
        stored, data = opened[1:]
        if frames and frames[n] is not None:
            stored = _frame(stored, frames[n], path)
        if stored.shape != tuple(shape):
            raise InputError(f"{path} has {stored.shape} pixels where its series has {tuple(shape)}; "
                             "keep slices of one size in the folder.")
        slope, intercept = scale(headers[n] if headers else data)
        if slope == 0 or max(abs(slope), abs(intercept)) > _LARGEST:
            raise InputError(f"{path} states a rescale slope of {slope:g} and an intercept of {intercept:g}, which "
                             "cannot be right; export it again.")
        if out.dtype == np.int16:
            out = out if _fits_int16(stored, slope, intercept) else out.astype(np.float32)
        if out.dtype == np.int16:
            out[n] = stored.astype(np.int32) * int(slope) + int(intercept)
        else:
            out[n] = stored.astype(np.float64) * slope + intercept
    return out


def _frame(stored: np.ndarray, number_from_0: int, path: Path) -> np.ndarray:
    stored = stored[None] if stored.ndim == 2 else stored
    if stored.ndim != 3 or number_from_0 >= len(stored):
        raise InputError(f"{path} holds fewer frames than it describes; copy it again.")
    return stored[number_from_0]


def _fits_int16(stored: np.ndarray, slope: float, intercept: float) -> bool:
    if max(abs(slope), abs(intercept)) > 65536 or slope != int(slope) or intercept != int(intercept):
        return False
    if stored.dtype.kind == "f":
        return False
    ends = np.array([int(stored.min()), int(stored.max())]) * int(slope) + int(intercept)
    return bool(ends.min() >= -32768 and ends.max() <= 32767)


def _why_not(path: Path, data: FileDataset, error: Exception) -> str:
    syntax = transfer_syntax(data)
    needed, held = _needed_bytes(data), _pixel_bytes(data)
    compressed = syntax not in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
                                "1.2.840.10008.1.2.1.99")
    if not compressed and held < needed:
        return f"{path} is cut off: it holds {held} of {int(needed)} bytes of pixels; copy it again."
    if compressed and "decompress" in str(error).lower() and "missing" in str(error).lower():
        return (f"{path} is compressed ({text(data.file_meta, 'TransferSyntaxUID')}) and no decoder for it is "
                "installed; install pylibjpeg and pylibjpeg-openjpeg, or export it uncompressed.")
    return f"The pixels of {path} cannot be decoded ({' '.join(str(error).split())[:100]}); export it again."


def _needed_bytes(data: FileDataset) -> float:
    return (number(data, "Rows", 0) * number(data, "Columns", 0) * number(data, "BitsAllocated", 8) / 8
            * number(data, "SamplesPerPixel", 1) * max(number(data, "NumberOfFrames", 1), 1))


def _pixel_bytes(data: FileDataset) -> int:
    try:
        return len(data.get_item("PixelData").value or b"")
    except Exception:  # noqa: BLE001  pydicom raises many kinds on damaged values
        return 0
