"""What image series lie in a folder, and which one is meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset

from radoncai.core.errors import InputError
from radoncai.dicom.files import files_below, is_dicom, open_dicom
from radoncai.dicom.values import modality_of, numbers, text

NOT_IMAGES = {"RTSTRUCT", "RTDOSE", "RTPLAN", "RTRECORD", "RTIMAGE", "REG", "FID", "SR", "SEG", "PR", "KO", "DOC",
              "RWV", "SMR", "PLAN", "AU", "ECG", "RAW"}


@dataclass(frozen=True)
class SeriesInfo:
    """One image series of a folder; `number` is its place in the list, `patient` a counter and no identity."""

    number: int
    uid: str
    modality: str
    description: str
    slices: int
    patient: int
    study_uid: str
    files: tuple[Path, ...]

    def __str__(self) -> str:
        name = f' "{self.description}"' if self.description else ""
        count = "1 slice" if self.slices == 1 else f"{self.slices} slices"
        return f"{self.number}: {self.modality or 'modality unknown'}{name}, {count}"


@dataclass(frozen=True)
class SliceFile:
    """One image file without its pixels."""

    path: Path
    data: FileDataset

    @property
    def localizer(self) -> bool:
        return "LOCALIZER" in [str(v).upper() for v in self.data.get("ImageType", None) or ()]


def list_series(path: Path) -> tuple[SeriesInfo, ...]:
    """Every image series in a folder and below it. InputError where the folder is empty or holds no DICOM."""
    return tuple(info for info, _ in scan(path))


def scan(path: Path) -> list[tuple[SeriesInfo, list[SliceFile]]]:
    """Series in the order patient, study, series number, UID, with their files."""
    images = [s for s in _dicom_files(Path(path)) if _is_image(s)]
    groups: dict[tuple, list[SliceFile]] = {}
    for image in images:
        groups.setdefault(_series_key(image.data), []).append(image)
    keys = sorted(groups, key=lambda key: (key[:3], _series_number(groups[key][0].data), key[3:]))
    patients = {patient: n for n, patient in enumerate(dict.fromkeys(key[:2] for key in keys), 1)}
    found = []
    for number, key in enumerate(keys, 1):
        first = groups[key][0].data
        found.append((SeriesInfo(number, text(first, "SeriesInstanceUID"), modality_of(first),
                                 text(first, "SeriesDescription"), len(groups[key]), patients[key[:2]],
                                 text(first, "StudyInstanceUID"), tuple(s.path for s in groups[key])), groups[key]))
    return found


def choose(path: Path, series: int | str | None, modality: str | None = None) -> tuple[SeriesInfo, list[SliceFile]]:
    """The series that is asked for, or the only one. InputError lists what is there where the choice is open."""
    found = scan(path)
    if not found:
        raise InputError(f"No image series was found in {path}; it holds other DICOM objects only.")
    listing = _listing(found)
    if series is not None:
        wanted = [pair for pair in found if str(series).strip() in (str(pair[0].number), pair[0].uid)]
        if len(wanted) != 1:
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


def _series_key(data: FileDataset) -> tuple:
    """Patient, then study and series; where UIDs are empty, what else tells two series apart."""
    patient = (text(data, "PatientID"), "" if text(data, "PatientID") else text(data, "PatientName"))
    uid = text(data, "SeriesInstanceUID")
    instead = () if uid else (text(data, "FrameOfReferenceUID"), modality_of(data),
                              text(data, "SeriesDescription"), text(data, "SeriesNumber"))
    return (*patient, text(data, "StudyInstanceUID"), uid, *instead)


def _series_number(data: FileDataset) -> float:
    value = numbers(data, "SeriesNumber")
    return float(value[0]) if value is not None and np.isfinite(value[0]) else 1e9


def _listing(found: list[tuple[SeriesInfo, list[SliceFile]]], most: int = 12) -> str:
    people = len({info.patient for info, _ in found})
    parts = [str(info) + (f", patient {info.patient}" if people > 1 else "") for info, _ in found[:most]]
    return "; ".join(parts + ([f"and {len(found) - most} more"] if len(found) > most else []))
