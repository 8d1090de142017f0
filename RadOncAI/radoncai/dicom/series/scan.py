"""What image series lie in a folder, and which one is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.dicom.files import files_below, is_dicom, open_dicom
from radoncai.dicom.series.frames import frame_headers, is_multi_frame
from radoncai.dicom.series.phases import split_phases
from radoncai.dicom.values import modality_of, numbers, text

NOT_IMAGES = {"RTSTRUCT", "RTDOSE", "RTPLAN", "RTRECORD", "RTIMAGE", "REG", "FID", "SR", "SEG", "PR", "KO", "DOC",
              "RWV", "SMR", "PLAN", "AU", "ECG", "RAW"}


@dataclass(frozen=True)
class SeriesInfo:
    """One image series of a folder; `number` is its place in the list, `patient` a counter and no identity.

    `phase` says what tells it from the others of its UID (4D-CT, echoes); `copies` files came twice and were left out.
    """

    number: int
    uid: str
    modality: str
    description: str
    slices: int
    patient: int
    study_uid: str
    files: tuple[Path, ...]
    phase: str = ""
    copies: int = 0

    def __str__(self) -> str:
        name = (f' "{self.description}"' if self.description else "") + (f", {self.phase}" if self.phase else "")
        count = "1 slice" if self.slices == 1 else f"{self.slices} slices"
        return f"{self.number}: {self.modality or 'modality unknown'}{name}, {count}"


@dataclass(frozen=True)
class SliceFile:
    """One image without its pixels: a file, or `frame` (from 0) of a multi-frame file."""

    path: Path
    data: Dataset
    frame: int | None = None

    @property
    def localizer(self) -> bool:
        return "LOCALIZER" in [str(v).upper() for v in self.data.get("ImageType", None) or ()]


def list_series(path: Path) -> tuple[SeriesInfo, ...]:
    """Every image series in a folder and below it. InputError where the folder is empty or holds no DICOM."""
    return tuple(info for info, _ in scan(path))


def scan(path: Path) -> list[tuple[SeriesInfo, list[SliceFile]]]:
    """Series in the order patient, study, series number, UID, phase, with their files."""
    images = [s for s in _dicom_files(Path(path)) if _is_image(s)]
    groups: dict[tuple, list[SliceFile]] = {}
    for image in images:
        groups.setdefault(_series_key(image.data), []).append(image)
    keys = sorted(groups, key=lambda key: (key[:3], _series_number(groups[key][0].data), key[3:]))
    patients = {patient: n for n, patient in enumerate(dict.fromkeys(key[:2] for key in keys), 1)}
    found = []
    for key in keys:
        single, copies = _without_copies(groups[key])
        slices = [frame for item in single for frame in _frames(item)]
        volume = [s for s in slices if not s.localizer]
        phases = split_phases([s.data for s in volume])
        for phase, members in phases:
            chosen = [volume[n] for n in members] if len(phases) > 1 else slices
            first = chosen[0].data
            files = tuple(dict.fromkeys(s.path for s in chosen))
            found.append((SeriesInfo(len(found) + 1, text(first, "SeriesInstanceUID"), modality_of(first),
                                     text(first, "SeriesDescription"), len(chosen), patients[key[:2]],
                                     text(first, "StudyInstanceUID"), files, phase, copies), chosen))
    return found


def slice_files(files: Sequence[Path]) -> list[SliceFile]:
    """The images of these files, multi-frame ones frame by frame. InputError for a file that is damaged."""
    opened = [SliceFile(Path(p), open_dicom(Path(p), pixels=False)) for p in files]
    return [frame for item in _without_copies(opened)[0] for frame in _frames(item)]


def choose(path: Path, series: int | str | None, modality: str | None = None) -> tuple[SeriesInfo, list[SliceFile]]:
    """The series that is asked for, or the only one. InputError lists what is there where the choice is open."""
    found = scan(path)
    if not found:
        raise InputError(f"No image series was found in {path}; it holds other DICOM objects only.")
    listing = _listing(found)
    if series is not None:
        asked = str(series).strip()
        wanted = [pair for pair in found if asked and asked in (str(pair[0].number), pair[0].uid)]
        if len(wanted) > 1:
            raise InputError(f"The series {series} holds {len(wanted)} volumes ({_listing(wanted)}); "
                             "choose one with --series NUMBER.")
        if not wanted:
            raise InputError(f"There is no series {series} in {path}; choose with --series NUMBER|UID from {listing}.")
        return wanted[0]
    if modality:
        found = [pair for pair in found if pair[0].modality == modality]
        if not found:
            raise InputError(f"No {modality} series was found in {path}; it holds {listing}.")
    if len(found) > 1:
        people = len({info.patient for info, _ in found})
        whose = f" of {people} patients" if people > 1 else ""
        raise InputError(f"{path} holds {len(found)} series{whose} ({_listing(found)}); "
                         "choose one with --series NUMBER|UID.")
    return found[0]


def _dicom_files(path: Path) -> list[SliceFile]:
    candidates = files_below(path)
    found = [p for p in candidates if is_dicom(p)]
    if not found:
        what = f"{path} is not a DICOM file" if path.is_file() else \
            f"None of the {len(candidates)} files in {path} is a DICOM file"
        raise InputError(f"{what}; name the folder that holds the DICOM files.")
    return [SliceFile(p, open_dicom(p, pixels=False)) for p in found]


def _frames(item: SliceFile) -> list[SliceFile]:
    """The frames of an enhanced image; a file whose frames have no place stays one item, for reading to refuse."""
    if not is_multi_frame(item.data):
        return [item]
    try:
        return [SliceFile(item.path, header, n) for n, header in enumerate(frame_headers(item.data, item.path))]
    except InputError:
        return [item]


def _without_copies(items: list[SliceFile]) -> tuple[list[SliceFile], int]:
    """The files without those whose instance UID and position came before, and how many those were."""
    kept: dict[tuple, SliceFile] = {}
    for n, item in enumerate(items):
        uid = text(item.data, "SOPInstanceUID")
        kept.setdefault((uid, text(item.data, "ImagePositionPatient")) if uid else (n,), item)
    return list(kept.values()), len(items) - len(kept)


def _is_image(item: SliceFile) -> bool:
    data = item.data
    if text(data, "MediaStorageDirectory") or "DirectoryRecordSequence" in data:
        return False
    if modality_of(data).upper() in NOT_IMAGES:
        return False
    if "SOPClassUID" not in data and "Modality" not in data:
        raise InputError(f"{item.path} is cut off: its header ends early; copy it again.")
    if modality_of(data).upper() in ("CT", "MR", "PT") and not ("Rows" in data and "Columns" in data):
        raise InputError(f"{item.path} is cut off: its header ends early; copy it again.")
    return "Rows" in data and "Columns" in data


def _series_key(data: Dataset) -> tuple:
    """Patient, then study and series; where UIDs are empty, what else tells two series apart."""
    patient = (text(data, "PatientID"), "" if text(data, "PatientID") else text(data, "PatientName"))
    uid = text(data, "SeriesInstanceUID")
    instead = () if uid else (text(data, "FrameOfReferenceUID"), modality_of(data),
                              text(data, "SeriesDescription"), text(data, "SeriesNumber"))
    return (*patient, text(data, "StudyInstanceUID"), uid, *instead)


def _series_number(data: Dataset) -> float:
    value = numbers(data, "SeriesNumber")
    return float(value[0]) if value is not None and np.isfinite(value[0]) else 1e9


def _listing(found: list[tuple[SeriesInfo, list[SliceFile]]], most: int = 12) -> str:
    people = len({info.patient for info, _ in found})
    parts = [str(info) + (f", patient {info.patient}" if people > 1 else "") for info, _ in found[:most]]
    return "; ".join(parts + ([f"and {len(found) - most} more"] if len(found) > most else []))
