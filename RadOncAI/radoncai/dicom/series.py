"""Reading a CT, MR or PET series from its slice files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset

from radoncai.core.errors import InputError
from radoncai.core.volume import Source, Volume
from radoncai.dicom.files import open_dicom
from radoncai.dicom.geometry import Stack, axial_turn, stack, turn
from radoncai.dicom.pixels import read_stack
from radoncai.dicom.scan import SeriesInfo, SliceFile, choose, list_series
from radoncai.dicom.values import modality_of, number, numbers, text

__all__ = ["SeriesInfo", "list_series", "read_headers", "read_series"]

HEADER_TEXT = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "PatientAge", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName", "StudyID", "StudyDescription", "SeriesDescription", "SeriesDate",
    "SeriesNumber", "ContrastBolusAgent", "ProtocolName", "ConvolutionKernel", "TimezoneOffsetFromUTC",
    "PatientPosition", "PositionReferenceIndicator", "Manufacturer", "ManufacturerModelName", "BodyPartExamined",
    "SpecificCharacterSet", "Units")
HEADER_NUMBERS = ("PatientSize", "PatientWeight", "KVP", "SliceThickness")


def read_series(path: Path, *, series: int | str | None = None, gaps: str = "refuse",
                modality: str | None = None) -> Volume:
    """An image series as a volume on an axial LPS grid, k towards the head; no voxel is interpolated.

    `path`: a folder (searched below too) or one file; `series`: its number in `list_series` or its UID;
    `gaps`: "refuse" missing slices or "interpolate" them linearly; `modality`: only series of this one. Values are
    rescaled (HU for CT), int16 where whole, else float32. `source.slices` follows the array; it is empty for
    sagittal and coronal series. InputError for all that cannot be read exactly.
    """
    if gaps not in ("refuse", "interpolate"):
        raise InputError(f"--gaps {gaps} is not known; use refuse or interpolate.")
    info, items = choose(Path(path), series, modality)
    where = f"Series {info.number}" + (f' "{info.description}"' if info.description else "") + f" in {path}"
    placed, ordered, notes = place_slices(items, where, gaps)
    array = read_stack([item.path for item in ordered], placed.grid.shape[1:])
    slices = [_references(item.data) for item in ordered]
    if len(placed.gaps):
        array, slices = _fill_gaps(array, slices, placed)
        notes.append(f"{len(placed.gaps)} missing slices were interpolated linearly.")
    return _axial_volume(array, slices, placed, ordered[0].data, where, notes)


def read_headers(files: Sequence[Path]) -> Volume:
    """What the headers of slice files say, as a volume on the grid of their stack, without voxels (one 0 seen often).

    `source.slices` follows k, which runs along the slices' normal. InputError as in `read_series`, but an oblique
    series is no error here.
    """
    items = [SliceFile(Path(p), open_dicom(Path(p), pixels=False)) for p in files]
    placed, ordered, notes = place_slices(items, "The series", "refuse")
    first = ordered[0].data
    modality = modality_of(first) or "CT"
    source = _source(first, tuple(_references(item.data) for item in ordered), tuple(notes))
    nothing = np.broadcast_to(np.int16(0), placed.grid.shape)
    return Volume(nothing, placed.grid, modality, _unit(first, modality), source)


def place_slices(items: list[SliceFile], where: str, gaps: str) -> tuple[Stack, list[SliceFile], list[str]]:
    """The stack that slice files form, the files in its order, and what was said; InputError for what forms none."""
    items, notes = _image_slices(items, where)
    _refuse_unlike(items, where)
    placed = _stack(items, where)
    if len(placed.gaps) and gaps == "refuse":
        raise InputError(_gap_sentence(placed, where))
    return placed, [items[n] for n in placed.order], notes


def _axial_volume(array: np.ndarray, slices: list[tuple[str, str]], placed: Stack, first: FileDataset, where: str,
                  notes: list[str]) -> Volume:
    transpose, steps, grid = axial_turn(placed.grid, where)
    array = turn(array, transpose, steps)
    if transpose[0] == 0:
        slices = slices[::steps[0]]
    else:
        slices = []
        notes.append("The series is sagittal or coronal: it was turned to axial and contours cannot refer to it.")
    if not text(first, "SeriesInstanceUID") or not text(first, "StudyInstanceUID"):
        notes.append("The study and series UIDs of the images are empty; contours cannot refer to them.")
    modality = modality_of(first) or "CT"
    return Volume(array, grid, modality, _unit(first, modality), _source(first, tuple(slices), tuple(notes)))


def _source(first: FileDataset, slices: tuple[tuple[str, str], ...], notes: tuple[str, ...]) -> Source:
    header: dict[str, object] = {k: text(first, k) for k in HEADER_TEXT if text(first, k)}
    header |= {k: number(first, k) for k in HEADER_NUMBERS if number(first, k) is not None}
    return Source(text(first, "PatientID"), text(first, "StudyInstanceUID"), text(first, "SeriesInstanceUID"),
                  text(first, "FrameOfReferenceUID"), slices, header, warnings=notes)


def _unit(data: FileDataset, modality: str) -> str:
    if modality == "CT":
        return "HU"
    return text(data, "Units") or "1"


def _references(data: FileDataset) -> tuple[str, str]:
    """SOP class and instance UID; from the file meta header where the data set's are empty."""
    meta = data.file_meta
    return (text(data, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID"),
            text(data, "SOPInstanceUID") or text(meta, "MediaStorageSOPInstanceUID"))


def _image_slices(items: list[SliceFile], where: str) -> tuple[list[SliceFile], list[str]]:
    """The slices without the localizers of the same series; InputError for what is no plain slice."""
    kept = [item for item in items if not item.localizer]
    notes = [f"{len(items) - len(kept)} localizer images of the series were left out."] if 0 < len(kept) < len(items) \
        else []
    for item in kept or items:
        data = item.data
        if (number(data, "NumberOfFrames", 1) or 1) > 1 or "PerFrameFunctionalGroupsSequence" in data:
            raise InputError(f"{where} is an enhanced multi-frame image, which cannot be read yet; "
                             "export it as single slices.")
        if number(data, "SamplesPerPixel", 1) != 1 or not text(data, "PhotometricInterpretation",
                                                               "MONOCHROME2").startswith("MONOCHROME"):
            raise InputError(f"{where} holds colour images; name a CT, MR or PET series.")
        if (numbers(data, "ImagePositionPatient") is None or numbers(data, "ImageOrientationPatient") is None
                or numbers(data, "PixelSpacing") is None):
            raise InputError(f"{item.path} states no image position, orientation or pixel spacing; "
                             "it is no slice of a volume, or the file is cut off.")
    return kept or items, notes


def _refuse_unlike(items: list[SliceFile], where: str) -> None:
    """All slices must share size, pixel spacing, frame of reference and modality."""
    sizes = {(int(number(i.data, "Rows")), int(number(i.data, "Columns"))) for i in items}
    if len(sizes) > 1:
        raise InputError(f"{where} mixes images of {' and '.join(f'{r} x {c}' for r, c in sorted(sizes))} pixels; "
                         "keep those of one size in the folder.")
    spacings = np.array([numbers(i.data, "PixelSpacing")[:2] for i in items])
    if np.ptp(spacings, axis=0).max() > 1e-3 or spacings.min() <= 0:
        raise InputError(f"{where} mixes images of different pixel spacing; keep those of one kind in the folder.")
    if len({text(i.data, "FrameOfReferenceUID") for i in items}) > 1:
        raise InputError(f"{where} mixes images of different frames of reference; keep those of one in the folder.")


def _stack(items: list[SliceFile], where: str) -> Stack:
    first = items[0].data
    positions = np.array([numbers(i.data, "ImagePositionPatient")[:3] for i in items])
    orientations = [numbers(i.data, "ImageOrientationPatient") for i in items]
    if any(len(o) != 6 for o in orientations):
        raise InputError(f"{where} states an image orientation without six numbers; export it again.")
    thickness = number(first, "SliceThickness") or number(first, "SpacingBetweenSlices") or 1.0
    spacing = tuple(float(v) for v in numbers(first, "PixelSpacing")[:2])
    shape = (int(number(first, "Rows")), int(number(first, "Columns")))
    return stack(positions, np.array(orientations), spacing, shape, abs(thickness), where)


def _gap_sentence(placed: Stack, where: str) -> str:
    missing = placed.gaps
    along = placed.grid.directions[:, 2]
    at = [float((placed.grid.origin_lps + along * n * placed.grid.spacing_mm[0]) @ along) for n in missing]
    which = ", ".join(f"{n + 1} at {v:.1f} mm" for n, v in list(zip(missing, at, strict=True))[:5])
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    plural = "slice is" if len(missing) == 1 else "slices are"
    return (f"{where}: {len(missing)} {plural} missing in the middle (number {which}{more}); find the files, or add "
            "--gaps interpolate.")


def _fill_gaps(array: np.ndarray, slices: list[tuple[str, str]],
               placed: Stack) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Missing planes between their neighbours, linearly; they have no UIDs."""
    full = np.empty(placed.grid.shape, array.dtype)
    full[placed.planes] = array
    references = [("", "")] * placed.grid.shape[0]
    for plane, reference in zip(placed.planes, slices, strict=True):
        references[plane] = reference
    for plane in placed.gaps:
        after = int(np.searchsorted(placed.planes, plane))
        low, high = placed.planes[after - 1], placed.planes[after]
        weight = (plane - low) / (high - low)
        value = array[after - 1] * (1 - weight) + array[after] * weight
        full[plane] = np.round(value) if array.dtype == np.int16 else value
    return full, references
