"""Reading a CT, MR or PET series: slice files or multi-frame, of any orientation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import ImagePlanes, Source, Volume
from radoncai.dicom.geometry import Stack, degrees_from_axial, is_straight, nearest_turn, turned_grid
from radoncai.dicom.series.pet import suv_factor
from radoncai.dicom.series.pixels import read_stack
from radoncai.dicom.series.placed import place_slices
from radoncai.dicom.series.planes import upright
from radoncai.dicom.series.scan import SeriesInfo, SliceFile, choose, list_series, slice_files
from radoncai.dicom.values import modality_of, number, text

__all__ = ["SeriesInfo", "list_series", "read_headers", "read_series"]

HEADER_TEXT = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "PatientAge", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName", "StudyID", "StudyDescription", "SeriesDescription", "SeriesDate",
    "SeriesNumber", "ContrastBolusAgent", "ProtocolName", "ConvolutionKernel", "TimezoneOffsetFromUTC",
    "PatientPosition", "PositionReferenceIndicator", "Manufacturer", "ManufacturerModelName", "BodyPartExamined",
    "SpecificCharacterSet", "Units")
HEADER_NUMBERS = ("PatientSize", "PatientWeight", "KVP", "SliceThickness")
_NEEDED = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID", "frame of reference": "FrameOfReferenceUID"}
_AIR_HU = -1000.0


def read_series(path: Path, *, series: int | str | None = None, gaps: str = "refuse",
                modality: str | None = None, as_stored: bool = False) -> Volume:
    """An image series as a volume on an axial LPS grid, k towards the head.

    `path`: a folder (searched below too) or one file; `series`: its number in `list_series` or its UID; `gaps`:
    "refuse" missing slices and uneven spacing or "interpolate" them linearly; `modality`: only series of this one.
    Values are rescaled (HU for CT, SUV for PET where the files say enough), int16 where whole, else float32.

    Slices along the body axes are turned exactly; oblique ones and those of a tilted gantry are resampled linearly,
    which `source.warnings` says. `source.slices` follows the array where its slices are the images; else it is empty
    and `source.planes` has the images' own grid and references. `as_stored` leaves the array as the images lie, on a
    grid of any direction. InputError for all that forms no volume.
    """
    if gaps not in ("refuse", "interpolate"):
        raise InputError(f"--gaps {gaps} is not known; use refuse or interpolate.")
    info, items = choose(Path(path), series, modality)
    where = f"Series {info.number}" + (f' "{info.description}"' if info.description else "") + f" in {path}"
    placed, ordered, notes = place_slices(items, where, gaps)
    if info.copies:
        notes.append(f"{info.copies} files were copies of others and were left out.")
    headers = [item.data for item in ordered]
    array = read_stack([item.path for item in ordered], placed.grid.shape[1:],
                       [item.frame for item in ordered], headers)
    references = _on_planes(ordered, placed)
    if len(placed.gaps) or placed.uneven:
        array = _fill_gaps(array, placed)
        notes.append(_filled(placed))
    modality = modality_of(headers[0]) or "CT"
    unit = _unit(headers[0], modality)
    if modality == "PT":
        array, unit = _as_suv(array, headers, unit, notes)
    return _volume(array, unit, placed, references, headers[0], modality, notes, where, as_stored)


def read_headers(files: Sequence[Path]) -> Volume:
    """What `read_series` says of these slice files without their pixels; the array holds no values (a view of one 0).

    The grid is turned to LPS by swaps and flips only and stays oblique where the series is; `source.planes` is set
    where the array's slices are not the images. InputError as in `read_series`.
    """
    placed, ordered, notes = place_slices(slice_files(files), "The series", "refuse")
    first = ordered[0].data
    references = _on_planes(ordered, placed)
    transpose, steps = nearest_turn(placed.grid)
    grid = turned_grid(placed.grid, transpose, steps)
    modality = modality_of(first) or "CT"
    source = _source(first, notes, references, placed.grid, None if transpose[0] else steps[0])
    return Volume(np.broadcast_to(np.int16(0), grid.shape), grid, modality, _unit(first, modality), source)


def _volume(array: np.ndarray, unit: str, placed: Stack, references: ImagePlanes, first: Dataset, modality: str,
            notes: list[str], where: str, as_stored: bool) -> Volume:
    empty = [word for word, keyword in _NEEDED.items() if not text(first, keyword)]
    empty += ["image"] if not any(uid for _, uid in references.slices) else []
    if empty:
        notes.append(f"The UIDs of the images are empty ({', '.join(empty)}); no DICOM object can refer to them.")
    if as_stored:
        return Volume(array, placed.grid, modality, unit, _source(first, notes, references, placed.grid, 1))
    along = None
    if is_straight(placed.grid):
        transpose, steps = nearest_turn(placed.grid)
        along = steps[0] if transpose[0] == 0 else None
    array, grid = upright(array, placed.grid, _AIR_HU if modality == "CT" else 0.0, where)
    notes += _turn_notes(placed, grid, along)
    return Volume(array, grid, modality, unit, _source(first, notes, references, placed.grid, along))


def _turn_notes(placed: Stack, grid: Grid, along: int | None) -> list[str]:
    if along is not None:
        return []
    if is_straight(placed.grid):
        return ["The series is sagittal or coronal: it was turned to axial; contours are written on its own planes."]
    why = (f"was taken with a gantry tilt of {placed.tilt_degrees:.1f} degrees" if placed.tilt_degrees
           else f"is oblique by {degrees_from_axial(placed.grid):.1f} degrees")
    return [f"The series {why}: it was resampled to straight axial slices every {grid.spacing_mm[0]:.2f} mm; contours "
            "are written on its own planes."]


def _source(first: Dataset, notes: list[str], references: ImagePlanes, stored: Grid, along: int | None) -> Source:
    """`along`: 1 or -1 where the array's slices are the images in this or the other order, None where they are not."""
    header: dict[str, object] = {k: text(first, k) for k in HEADER_TEXT if text(first, k)}
    header |= {k: number(first, k) for k in HEADER_NUMBERS if number(first, k) is not None}
    named = {"planes": ImagePlanes(stored, references.slices, references.frames)} if along is None else {
        "slices": references.slices[::along], "frames": references.frames[::along]}
    return Source(text(first, "PatientID"), text(first, "StudyInstanceUID"), text(first, "SeriesInstanceUID"),
                  text(first, "FrameOfReferenceUID"), header=header, warnings=tuple(notes), **named)


def _unit(data: Dataset, modality: str) -> str:
    if modality == "CT":
        return "HU"
    return text(data, "Units") or "1"


def _as_suv(array: np.ndarray, headers: list[Dataset], unit: str, notes: list[str]) -> tuple[np.ndarray, str]:
    factor, said = suv_factor(headers)
    notes.append(said)
    if factor is None:
        return array, unit
    return (array if factor == 1.0 else array.astype(np.float32) * np.float32(factor)), "SUV"


def _on_planes(ordered: list[SliceFile], placed: Stack) -> ImagePlanes:
    """References in the order of the planes; ("", "") and 0 for a plane on which no image lies."""
    slices = [("", "")] * placed.grid.shape[0]
    frames = [0] * placed.grid.shape[0]
    for item, plane in zip(ordered, placed.planes, strict=True):
        nearest = int(np.rint(plane))
        if abs(plane - nearest) < 1e-3:
            slices[nearest], frames[nearest] = _reference(item.data), 0 if item.frame is None else item.frame + 1
    return ImagePlanes(placed.grid, tuple(slices), tuple(frames) if any(frames) else ())


def _reference(data: Dataset) -> tuple[str, str]:
    """SOP class and instance UID; from the file meta header where the data set's are empty."""
    meta = getattr(data, "file_meta", None) or Dataset()
    return (text(data, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID"),
            text(data, "SOPInstanceUID") or text(meta, "MediaStorageSOPInstanceUID"))


def _filled(placed: Stack) -> str:
    if placed.uneven:
        return f"{placed.uneven}: the slices were interpolated linearly to {placed.grid.spacing_mm[0]:.2f} mm."
    count = len(placed.gaps)
    return f"{count} missing slice{'s were' if count > 1 else ' was'} interpolated linearly."


def _fill_gaps(array: np.ndarray, placed: Stack) -> np.ndarray:
    """Every plane of the grid: a slice where one lies on it, else linear between its neighbours."""
    full = np.empty(placed.grid.shape, array.dtype)
    for plane in range(len(full)):
        after = int(np.clip(np.searchsorted(placed.planes, plane - 1e-3), 0, len(array) - 1))
        if abs(placed.planes[after] - plane) < 1e-3 or after == 0:
            full[plane] = array[after]
            continue
        low, high = placed.planes[after - 1], placed.planes[after]
        weight = (plane - low) / (high - low)
        value = array[after - 1] * (1 - weight) + array[after] * weight
        full[plane] = np.round(value) if array.dtype == np.int16 else value
    return full
