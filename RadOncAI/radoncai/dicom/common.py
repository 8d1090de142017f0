"""What every object that we write has in common: patient, study, equipment, file header."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pydicom
from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from radoncai import __version__
from radoncai.core.errors import InputError, PlatformError
from radoncai.core.volume import Source
from radoncai.dicom.uids import new_uid

MANUFACTURER = "RadOncAI"
_FROM_SOURCE = {"PatientName": "", "PatientBirthDate": "", "PatientSex": "", "StudyDate": "", "StudyTime": "",
                "AccessionNumber": "", "ReferringPhysicianName": "", "StudyID": ""}
_IF_PRESENT = ("StudyDescription", "PatientAge", "PatientSize", "PatientWeight", "TimezoneOffsetFromUTC")
_LONGEST = {"SH": 16, "LO": 64}  # characters, PS3.5 6.2


def new_object(sop_class: str, source: Source, modality: str, now: datetime, seed: tuple[object, ...] = ()) -> Dataset:
    """A data set with the patient, study, equipment and SOP modules of `source`, and new instance and series UIDs.

    `seed`: where given, UIDs are the same in every run.
    """
    data = Dataset()
    data.SOPClassUID = sop_class
    data.SOPInstanceUID = new_uid(*seed, "instance") if seed else new_uid()
    data.SeriesInstanceUID = new_uid(*seed, "series") if seed else new_uid()
    data.StudyInstanceUID = source.study_uid
    data.Modality = modality
    data.PatientID = source.patient_id
    for keyword, default in _FROM_SOURCE.items():
        setattr(data, keyword, legal(keyword, source.header.get(keyword, default)))
    for keyword in _IF_PRESENT:
        if source.header.get(keyword) not in (None, ""):
            setattr(data, keyword, legal(keyword, short_number(source.header[keyword])))
    data.InstanceCreationDate, data.InstanceCreationTime = date_and_time(now)
    data.SeriesDate, data.SeriesTime = date_and_time(now)
    data.Manufacturer = MANUFACTURER
    data.ManufacturerModelName = "RadOncAI"
    data.SoftwareVersions = __version__
    return data


def legal(keyword: str, value: object) -> object:
    """A text, each of its values cut to what DICOM allows for the attribute; anything else as it is."""
    most = _LONGEST.get(dictionary_VR(keyword))
    if not most or not isinstance(value, str):
        return value
    return "\\".join(part[:most].rstrip() if len(part) > most else part for part in value.split("\\"))


def cut_short(source: Source) -> list[str]:
    """A sentence on the attributes of the images that are too long for DICOM and are written cut, if any."""
    header = source.header
    cut = [k for k in (*_FROM_SOURCE, *_IF_PRESENT) if k in header and legal(k, header[k]) != header[k]]
    return [f"{', '.join(cut)} of the images: longer than DICOM allows, so it was written cut."] if cut else []


def short_number(value: object) -> object:
    """A number as a decimal string of at most 16 characters; other values as they are."""
    return decimal(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def decimal(value: float, digits: int = 10) -> str:
    """The shortest decimal string of at most 16 characters, without a negative zero."""
    while len(text := f"{value:.{digits}g}") > 16:
        digits -= 1
    return "0" if float(text) == 0 else text


def date_and_time(now: datetime) -> tuple[str, str]:
    """DICOM DA and TM of a moment."""
    return now.strftime("%Y%m%d"), now.strftime("%H%M%S")


def write_object(data: Dataset, path: Path, *, implicit: bool = False) -> Path:
    """Write as a DICOM file, explicit VR little endian unless `implicit`. PlatformError where the disk refuses."""
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    data.SpecificCharacterSet = "ISO_IR 100" if all(t.isascii() for t in _texts(data)) else "ISO_IR 192"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.ImplementationVersionName = f"RADONCAI_{__version__}"[:16]
    meta.ImplementationClassUID = new_uid("RadOncAI", "implementation")
    file = FileDataset(str(path), data, file_meta=meta, preamble=b"\0" * 128)
    # pydicom parses elements that are encoded already, unless it believes that they were read like this
    file.set_original_encoding(implicit, True, convert_encodings(data.SpecificCharacterSet))
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        part = Path(path).with_name(f".{Path(path).name}.part")
        pydicom.dcmwrite(part, file, enforce_file_format=True, implicit_vr=implicit, little_endian=True)
        os.replace(part, path)
    except OSError as error:
        raise PlatformError(f"Cannot write {path} ({error.strerror}); choose another folder.") from error
    return Path(path)


def _texts(data: Dataset) -> Iterator[str]:
    """Every text value outside of elements that are encoded already."""
    for tag in sorted(data.keys()):
        if data.get_item(tag).is_raw:
            continue
        element = data[tag]
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.VR in ("LO", "PN", "SH", "ST", "LT", "UT"):
            yield str(element.value)


def require_references(source: Source, what: str) -> None:
    """InputError where an image has no study, series and frame of reference that a DICOM object could name."""
    if not source.is_dicom or not source.study_uid or not source.frame_uid:
        raise InputError(f"The images have no DICOM references (study, series and frame of reference UIDs), so {what} "
                         "cannot be written for them; start from the original DICOM series.")
