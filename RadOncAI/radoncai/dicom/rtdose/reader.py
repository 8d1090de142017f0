"""Reading RTDOSE of any program (PS3.3 A.18, C.8.8.3)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset

from radoncai.core.dose import Dose
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Source, Volume
from radoncai.dicom.files import open_dicom
from radoncai.dicom.geometry import Stack, degrees_from_axial, is_straight, stack
from radoncai.dicom.rtdose.plan import TITLE
from radoncai.dicom.series.pixels import decode
from radoncai.dicom.series.planes import upright
from radoncai.dicom.values import items, modality_of, number, numbers, text

PARTS = {"BEAM": "one beam", "FRACTION": "one fraction group", "BRACHY": "one brachytherapy setup",
         "BEAM_SESSION": "one beam of a session", "FRACTION_SESSION": "one session", "BRACHY_SESSION": "one session",
         "CONTROL_POINT": "one control point"}
_MOST_GY = 1e5
_UNITS = {"GY": 1.0, "CGY": 0.01}


def read_rtdose(path: Path, *, parts: bool = False) -> Dose:
    """An RTDOSE in Gy on an axial grid; `volume.source.slices` names the plan where the file does.

    GridFrameOffsetVector is read in both of its meanings, rising and falling; uneven planes are interpolated and an
    oblique grid is resampled, which `volume.source.warnings` says. InputError for relative dose, for part of a plan
    (a beam, a fraction group) unless `parts`, and for damaged files.
    """
    data = open_dicom(path)
    _refuse(data, path, parts)
    stored = decode(data, path)
    stored = stored[None] if stored.ndim == 2 else stored
    if stored.ndim != 3:
        raise InputError(f"{path} does not hold one dose value a voxel; export the dose again.")
    placed = _dose_stack(data, _frame_offsets(data, len(stored), path), stored.shape[1:], path)
    gray = (stored[placed.order].astype(np.float64) * gray_a_step(data, path)).astype(np.float32)
    return _placed_dose(data, gray, placed, path)


def read_plane_files(paths: Sequence[Path]) -> Dose:
    """A dose that lies in one file a plane. InputError where the planes form no volume."""
    opened = [open_dicom(path) for path in paths]
    planes = []
    for path, data in zip(paths, opened, strict=True):
        _refuse(data, path, False)
        stored = np.squeeze(decode(data, path))
        if stored.ndim != 2 or planes and stored.shape != planes[0].shape:
            raise InputError(f"{path} does not hold one plane of the size of the others; export the dose again.")
        planes.append((stored.astype(np.float64) * gray_a_step(data, path)).astype(np.float32))
    first, where = opened[0], f"The dose in {Path(paths[0]).parent}"
    place = [np.array([numbers(d, k) for d in opened]) for k in ("ImagePositionPatient", "ImageOrientationPatient")]
    spacing = tuple(float(v) for v in numbers(first, "PixelSpacing"))
    thickness = abs(number(first, "SliceThickness") or spacing[0])
    placed = stack(*place, spacing, planes[0].shape, thickness, where, uneven=True)
    return _placed_dose(first, np.stack(planes)[placed.order], placed, paths[0])


def _placed_dose(data: FileDataset, gray: np.ndarray, placed: Stack, path: Path) -> Dose:
    if not float(gray.max(initial=0.0)) <= _MOST_GY:
        raise InputError(f"{path} states doses of {gray.max():.3g} Gy, which cannot be right; export the dose again.")
    said = []
    if len(placed.gaps) or placed.uneven:
        gray = _on_even_planes(gray, placed)
        distance = placed.grid.spacing_mm[0]
        said.append(f"The planes of the dose lie unevenly; they were interpolated to {distance:.2f} mm.")
    return _dose(data, gray, placed.grid, path, said)


def _dose(data: FileDataset, gray: np.ndarray, stored: Grid, path: Path, said: list[str]) -> Dose:
    array, grid = upright(gray, stored, 0.0, f"The dose {path}")
    if not is_straight(stored):
        said.append(f"The dose grid is oblique by {degrees_from_axial(stored):.1f} degrees; it was resampled to axial "
                    "planes.")
    if text(data, "DoseType").upper() == "EFFECTIVE":
        said.append("The dose is stated as effective (RBE weighted) Gy.")
    if text(data, "DoseUnits").upper() == "CGY":
        said.append("The file states centigray, which DICOM does not know; it was read as 0.01 Gy.")
    source = Source(text(data, "PatientID"), text(data, "StudyInstanceUID"), text(data, "SeriesInstanceUID"),
                    text(data, "FrameOfReferenceUID"), _plans(data),
                    {"SeriesDescription": text(data, "SeriesDescription"), "DoseType": text(data, "DoseType"),
                     "DoseSummationType": text(data, "DoseSummationType")}, warnings=tuple(said))
    predicted = TITLE in (text(data, "SeriesDescription"), text(data, "DoseComment")[:len(TITLE)])
    return Dose(Volume(array, grid, "RTDOSE", "Gy", source), "predicted" if predicted else "clinical",
                comment=text(data, "DoseComment"))


def gray_a_step(data: FileDataset, path: Path) -> float:
    """Gy of one step of the stored values. InputError where it is not stated."""
    scaling = number(data, "DoseGridScaling")
    if scaling is None or scaling <= 0:
        raise InputError(f"{path} states no dose grid scaling; export the dose again.")
    return scaling * _UNITS[text(data, "DoseUnits").upper()]


def _refuse(data: FileDataset, path: Path, parts: bool) -> None:
    if modality_of(data) != "RTDOSE":
        raise InputError(f"{path} is no RTDOSE but {modality_of(data) or 'an object without a modality'}; "
                         "name the dose file.")
    units = text(data, "DoseUnits").upper()[:16]
    if units not in _UNITS:
        raise InputError(f"{path} holds dose in {units or 'unknown'} units; only Gy can be read, export absolute dose.")
    summation = text(data, "DoseSummationType").upper()
    if summation in PARTS and not parts:
        raise InputError(f"{path} is the dose of {PARTS[summation]} ({summation}), not of the plan; export the plan's "
                         "dose, or name the folder with all of them to add them up.")
    if text(data, "DoseType").upper() == "ERROR":
        raise InputError(f"{path} holds a dose difference (DoseType ERROR), no dose.")
    if "NumberOfFrames" in data and (number(data, "NumberOfFrames") or 0) < 1:
        raise InputError(f"{path} states a number of frames that is no number; export the dose again.")
    for keyword, count in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2)):
        value = numbers(data, keyword)
        if value is None or len(value) != count:
            raise InputError(f"{path} states no {keyword}; the dose has no place in the patient.")
    if min(numbers(data, "PixelSpacing")) <= 0:
        raise InputError(f"{path} states a pixel spacing of 0 or less; export the dose again.")
    gray_a_step(data, path)
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


def _dose_stack(data: FileDataset, heights: np.ndarray, shape: tuple[int, int], path: Path) -> Stack:
    position, orientation = numbers(data, "ImagePositionPatient"), numbers(data, "ImageOrientationPatient")
    normal = np.cross(orientation[:3], orientation[3:])
    positions = position + heights[:, None] * normal
    spacing = tuple(float(v) for v in numbers(data, "PixelSpacing"))
    thickness = abs(number(data, "SliceThickness") or spacing[0])
    return stack(positions, np.tile(orientation, (len(heights), 1)), spacing, shape, thickness, f"The dose {path}",
                 uneven=True)


def _on_even_planes(gray: np.ndarray, placed: Stack) -> np.ndarray:
    """Linear between planes that lie unevenly."""
    planes = np.arange(placed.grid.shape[0])
    after = np.clip(np.searchsorted(placed.planes, planes), 1, len(gray) - 1)
    low, high = placed.planes[after - 1], placed.planes[after]
    weight = np.clip((planes - low) / (high - low), 0.0, 1.0).astype(np.float32)[:, None, None]
    return gray[after - 1] * (1 - weight) + gray[after] * weight


def _plans(data: FileDataset) -> tuple[tuple[str, str], ...]:
    return tuple((text(p, "ReferencedSOPClassUID"), text(p, "ReferencedSOPInstanceUID"))
                 for p in items(data, "ReferencedRTPlanSequence"))
