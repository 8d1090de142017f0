"""RTDOSE in and out (PS3.3 A.18, C.8.8.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import RTDoseStorage

from radoncai.core.dose import Dose
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Source, Volume
from radoncai.dicom.common import decimal, new_object, require_references, write_object
from radoncai.dicom.files import open_dicom
from radoncai.dicom.geometry import axial_turn, stack, turn
from radoncai.dicom.pixels import decode
from radoncai.dicom.rtplan import TITLE
from radoncai.dicom.values import items, modality_of, number, numbers, text

_PARTS = {"BEAM": "one beam", "FRACTION": "one fraction", "BEAM_SESSION": "one beam of a session",
          "FRACTION_SESSION": "one session", "BRACHY_SESSION": "one session", "CONTROL_POINT": "one control point"}


def write_rtdose(dose: Dose, path: Path, *, plan: tuple[str, str] | None = None, image: Source | None = None,
                 structures: Source | None = None, bits: int = 32, now: datetime | None = None,
                 seed: tuple[object, ...] = ()) -> Path:
    """Write a dose as RTDOSE, 32 bit, Gy; a predicted one says "PREDICTION, NOT A PLAN".

    `dose.volume` lies on an axial grid; its source, or `image`, gives patient, study and frame of reference. `plan`:
    (SOP class, instance) UID as `write_rtplan` returns it, needed for the summation type PLAN. The structure set is
    named by the plan alone (`structures` is not written): an RTDOSE that names one must hold DVHs. `bits`: 32, or 16
    with steps of 1/65535 of the maximum. Values below 0 are written as 0.
    """
    volume, source = dose.volume, image or dose.volume.source
    require_references(source, "an RTDOSE")
    if plan is None:
        raise InputError("An RTDOSE of a whole plan must name its plan; write the plan first (write_rtplan).")
    if not volume.grid.is_axial:
        raise InputError("An RTDOSE can be written from an axial grid only; resample the dose first.")
    data = new_object(RTDoseStorage, source, "RTDOSE", now or datetime.now(), seed)
    data.SeriesNumber, data.InstanceNumber, data.OperatorsName = 903, 1, ""
    data.FrameOfReferenceUID = source.frame_uid
    data.PositionReferenceIndicator = source.header.get("PositionReferenceIndicator", "")
    predicted = dose.kind != "clinical"
    data.SeriesDescription = TITLE if predicted else "Dose"
    comment = "; ".join(part for part in (TITLE if predicted else "", dose.comment) if part)
    if comment:
        data.DoseComment = comment[:1024]
    _reference_items(data, plan)
    _pixels(data, volume, bits)
    write_object(data, path)
    return Path(path)


def read_rtdose(path: Path) -> Dose:
    """An RTDOSE in Gy on an axial grid; `volume.source.slices` names the plan where the file does.

    GridFrameOffsetVector is read in both of its meanings, rising and falling. InputError for relative dose, for
    part of a plan (a beam, a fraction), uneven planes and damaged files.
    """
    data = open_dicom(path)
    _refuse(data, path)
    scaling = number(data, "DoseGridScaling")
    if scaling is None or scaling <= 0:
        raise InputError(f"{path} states no dose grid scaling; export the dose again.")
    stored = decode(data, path)
    stored = stored[None] if stored.ndim == 2 else stored
    if stored.ndim != 3:
        raise InputError(f"{path} does not hold one dose value a voxel; export the dose again.")
    heights = _frame_offsets(data, len(stored), path)
    order, grid = _dose_grid(data, heights, stored.shape[1:], path)
    gray = (stored[order].astype(np.float64) * scaling).astype(np.float32)
    transpose, steps, axial = axial_turn(grid, str(path))
    source = Source(text(data, "PatientID"), text(data, "StudyInstanceUID"), text(data, "SeriesInstanceUID"),
                    text(data, "FrameOfReferenceUID"), _plans(data),
                    {"SeriesDescription": text(data, "SeriesDescription"), "DoseType": text(data, "DoseType")})
    predicted = TITLE in (text(data, "SeriesDescription"), text(data, "DoseComment")[:len(TITLE)])
    kind = text(data, "DoseType")
    if kind == "EFFECTIVE":
        source = replace(source, warnings=("The dose is stated as effective (RBE weighted) Gy.",))
    return Dose(Volume(turn(gray, transpose, steps), axial, "RTDOSE", "Gy", source),
                "predicted" if predicted else "clinical", comment=text(data, "DoseComment"))


def _reference_items(data: Dataset, plan: tuple[str, str]) -> None:
    data.DoseUnits, data.DoseType, data.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = plan
    data.ReferencedRTPlanSequence = Sequence([item])


def _pixels(data: Dataset, volume: Volume, bits: int) -> None:
    """The grid and the values; the scaling is rounded to its decimal string first, then the values to it."""
    grid, gray = volume.grid, np.maximum(np.nan_to_num(np.asarray(volume.array, np.float64)), 0.0)
    slice_mm, row_mm, column_mm = grid.spacing_mm
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.NumberOfFrames, data.Rows, data.Columns = grid.shape
    data.FrameIncrementPointer = Tag(0x3004, 0x000C)
    data.PixelSpacing = [decimal(row_mm), decimal(column_mm)]
    data.ImagePositionPatient = [decimal(v) for v in grid.origin_lps]
    data.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    data.SliceThickness = decimal(slice_mm)
    data.GridFrameOffsetVector = [decimal(n * slice_mm) for n in range(grid.shape[0])]
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, 0
    full_scale = 2**bits - 1
    step = decimal(max(float(gray.max(initial=0.0)), 1e-3) / full_scale * (1 + 1e-9), 9)
    data.DoseGridScaling = step
    stored = np.clip(np.rint(gray / float(step)), 0, full_scale).astype("<u4" if bits == 32 else "<u2")
    data.add_new("PixelData", "OW", stored.tobytes())


def _refuse(data: FileDataset, path: Path) -> None:
    if modality_of(data) != "RTDOSE":
        raise InputError(f"{path} is no RTDOSE but {modality_of(data) or 'an object without a modality'}; "
                         "name the dose file.")
    units = text(data, "DoseUnits").upper()
    if units != "GY":
        raise InputError(f"{path} holds dose in {units or 'unknown'} units; only Gy can be read, export absolute dose.")
    summation = text(data, "DoseSummationType").upper()
    if summation in _PARTS:
        raise InputError(f"{path} is the dose of {_PARTS[summation]} ({summation}), not of the plan; "
                         "export the plan's dose.")
    if text(data, "DoseType").upper() == "ERROR":
        raise InputError(f"{path} holds a dose difference (DoseType ERROR), no dose.")
    if "NumberOfFrames" in data and (number(data, "NumberOfFrames") or 0) < 1:
        raise InputError(f"{path} states a number of frames that is no number; export the dose again.")
    for keyword, count in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2)):
        value = numbers(data, keyword)
        if value is None or len(value) != count:
            raise InputError(f"{path} states no {keyword}; the dose has no place in the patient.")
    if "PixelData" not in data:
        raise InputError(f"{path} is cut off: it holds no dose values; copy it again.")


def _frame_offsets(data: FileDataset, frames: int, path: Path) -> np.ndarray:
    """Distance of each frame from the first along the normal, mm."""
    offsets = numbers(data, "GridFrameOffsetVector")
    if frames == 1:
        return np.zeros(1)
    if offsets is None or len(offsets) != frames:
        raise InputError(f"{path} has {frames} dose planes and {0 if offsets is None else len(offsets)} positions for "
                         "them; export the dose again.")
    position, orientation = numbers(data, "ImagePositionPatient"), numbers(data, "ImageOrientationPatient")
    normal_z = float(np.cross(orientation[:3], orientation[3:])[2])
    if abs(offsets[0]) > 1e-3 and abs(offsets[0] - position[2]) < 0.02 and abs(abs(normal_z) - 1) < 1e-3:
        return (offsets - offsets[0]) * np.sign(normal_z)
    if abs(offsets[0]) > 1e-3:
        raise InputError(f"{path} has plane positions that begin neither at 0 nor at the image position; "
                         "export the dose again.")
    return offsets


def _dose_grid(data: FileDataset, heights: np.ndarray, shape: tuple[int, int], path: Path) -> tuple[np.ndarray, Grid]:
    position, orientation = numbers(data, "ImagePositionPatient"), numbers(data, "ImageOrientationPatient")
    normal = np.cross(orientation[:3], orientation[3:])
    positions = position + heights[:, None] * normal
    spacing = tuple(float(v) for v in numbers(data, "PixelSpacing"))
    thickness = number(data, "SliceThickness") or spacing[0]
    placed = stack(positions, np.tile(orientation, (len(heights), 1)), spacing, shape, thickness, f"The dose {path}")
    if len(placed.gaps):
        raise InputError(f"The dose {path} has uneven plane spacing; export it on an even grid.")
    return placed.order, placed.grid


def _plans(data: FileDataset) -> tuple[tuple[str, str], ...]:
    return tuple((text(p, "ReferencedSOPClassUID"), text(p, "ReferencedSOPInstanceUID"))
                 for p in items(data, "ReferencedRTPlanSequence"))
