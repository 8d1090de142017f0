"""ROIContourSequence encoded by hand, little endian: building 20,000 contours as data sets takes a minute."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

ROI_CONTOUR_SEQUENCE = Tag(0x3006, 0x0039)


@dataclass(frozen=True)
class ContourText:
    """One contour: geometric type, number of points, ContourData, the image it lies on (class, instance UID), and the
    frame of that image where it has several."""

    kind: str
    points: int
    data: bytes
    image: tuple[str, str] = ("", "")
    frame: int = 0


def roi_contour_sequence(rois: Iterable[tuple[int, tuple[int, int, int], list[ContourText]]],
                         implicit: bool) -> RawDataElement:
    """The element for (ROI number, colour, contours); `implicit` is the VR of the file it goes into."""
    items = b"".join(_item(_roi(*roi, implicit)) for roi in rois)
    return RawDataElement(ROI_CONTOUR_SEQUENCE, "SQ", len(items), items, 0, implicit, True)


def _roi(number: int, color: tuple[int, int, int], contours: list[ContourText], implicit: bool) -> bytes:
    items = b"".join(_item(_contour(n, contour, implicit)) for n, contour in enumerate(contours, 1))
    return (_element(0x3006002A, "IS", "\\".join(str(int(c)) for c in color), implicit)
            + (_element(0x30060040, "SQ", items, implicit) if items else b"")
            + _element(0x30060084, "IS", str(number), implicit))


def _contour(number: int, contour: ContourText, implicit: bool) -> bytes:
    images = b""
    if contour.image[1]:
        reference = (_element(0x00081150, "UI", contour.image[0], implicit)
                     + _element(0x00081155, "UI", contour.image[1], implicit))
        if contour.frame:
            reference += _element(0x00081160, "IS", str(contour.frame), implicit)
        images = _element(0x30060016, "SQ", _item(reference), implicit)
    return (images + _element(0x30060042, "CS", contour.kind, implicit)
            + _element(0x30060046, "IS", str(contour.points), implicit)
            + _element(0x30060048, "IS", str(number), implicit)
            + _element(0x30060050, "DS", contour.data, implicit))


def _item(content: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def _element(tag: int, vr: str, value: bytes | str, implicit: bool) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    if len(raw) % 2:
        raw += b"\0" if vr == "UI" else b" "
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return start + struct.pack("<I", len(raw)) + raw
    if vr == "SQ":
        return start + b"SQ\0\0" + struct.pack("<I", len(raw)) + raw
    return start + vr.encode() + struct.pack("<H", len(raw)) + raw
