"""DICOM headers without pixels, and their values as ctkDICOMDatabase words them."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.multival import MultiValue


def read_headers(folder: Path) -> dict[str, pydicom.Dataset]:
    """Path -> header of every DICOM file with a SOP Instance UID below the folder, in the order of the paths."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        header = read_header(path)
        if header is not None:
            found[str(path)] = header
    return found


def read_header(path: Path) -> pydicom.Dataset | None:
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, OSError):
        return None
    return header if "SOPInstanceUID" in header else None


def value_of(header: pydicom.Dataset | None, tag) -> str:
    """An element as text, several values joined by backslash; empty for sequences and what is not there."""
    element = header.get(tag) if header is not None else None
    if element is None:
        return ""
    value = element.value if isinstance(element, pydicom.DataElement) else element
    if value is None or isinstance(value, (bytes, pydicom.Sequence)):
        return ""
    if isinstance(value, MultiValue):
        return "\\".join(str(part) for part in value)
    return str(value)


def tag_of(text: str) -> tuple[int, int]:
    """`"0010,0020"` as numbers."""
    group, _, element = text.partition(",")
    return int(group, 16), int(element, 16)
