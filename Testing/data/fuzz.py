"""Small files of every kind that is read, and ways to damage them: bytes anywhere, values of any attribute."""

from __future__ import annotations

import copy
import io
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from radoncai.core.dose import Dose, Prescription
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.masks.labels import write_seg_nrrd
from radoncai.dicom.raster import write_raster
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtdose.writer import write_rtdose
from radoncai.dicom.rtstruct.writer import write_rtstruct

from .enhanced import write_enhanced
from .odd_dicom import axial_series, noise_volume
from .registrations import write_registration
from .segmentations import SHAPE as SEG_SHAPE
from .segmentations import write_seg

NUMBERS = (b"", b"0", b"-1", b"1", b"nan", b"inf", b"1e308", b"-1e-300", b"99999999999", b"1A", b"1,5", b"65535",
           b"2147483648", b"0\\0", b"1\\2\\3\\4\\5\\6\\7", b"\\\\\\", b" ", b"\xff\xfe", b"9" * 40)
WORDS = (b"", b"CT", b"RTDOSE", b"RTSTRUCT", b"SEG", b"BEAM", b"GY", b"RELATIVE", b"A" * 300, b"\x00\x00", b"\xe4\xf6",
         b"../../x", b"CLOSED_PLANAR", b"POINT", b"1.2.3", b"1.2.840.10008.1.2.4.70", b"ISO_IR 192", b"NOBODY\\X")
BINARY = (b"", b"\0", b"\0\0", b"\xff\xff", b"\xff\xff\xff\xff", b"\1\0", b"\0\0\0\0\0\0\0\0", b"\x10\0")


def seeds(folder: Path) -> dict[str, bytes]:
    """Name to content: CT, multi-frame CT, RTSTRUCT, RTDOSE, RTPLAN, SEG, REG, segmentation and image NRRD, NIfTI."""
    ct = axial_series(folder / "ct", shape=(3, 9, 11))
    mask = np.random.default_rng(0).random(ct.grid.shape) < 0.5
    structures = StructureSet(ct.grid, (Structure.from_full("Noise", mask), Structure.from_full("All", mask | True)))
    write_rtstruct(structures, ct, folder / "rs.dcm")
    write_seg_nrrd(structures, folder / "s.seg.nrrd")
    plan = write_rtplan(Prescription({"PTV": 70.0}, 35), ct.source, folder / "rp.dcm")
    gray = np.abs(ct.array.astype(np.float32))
    write_rtdose(Dose(Volume(gray, ct.grid, "RTDOSE", "Gy", ct.source)), folder / "rd.dcm", plan=plan)
    write_enhanced([noise_volume((3, 5, 7))], folder / "enhanced.dcm")
    write_seg(Grid.axial(SEG_SHAPE, (2.5, 1.1, 0.9)), folder / "seg.dcm")
    write_registration(folder / "reg.dcm", ct.source.frame_uid, {"1.2.3": [np.eye(4)]})
    write_raster(ct.array, ct.grid, folder / "image.nrrd")
    write_raster(mask.astype(np.uint8), ct.grid, folder / "mask.nii.gz")
    names = ("ct/ct_0002.dcm", "rs.dcm", "rp.dcm", "rd.dcm", "enhanced.dcm", "seg.dcm", "reg.dcm", "s.seg.nrrd",
             "image.nrrd", "mask.nii.gz")
    return {name.split("/")[-1]: (folder / name).read_bytes() for name in names}


def bytes_changed(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Each edit: where (of 65535 parts of the file, more often near its start), how many bytes go, what comes."""
    out = bytearray(content)
    for place, gone, new in edits:
        reach = len(out) if place % 3 == 0 else min(len(out), 3000)
        at = place * max(reach - 1, 0) // 65535
        out[at:at + gone] = new
    return bytes(out)


def tags_changed(content: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    """Each edit: which element (of all, nested too), what is done to it, with which value."""
    data = copy.deepcopy(pydicom.dcmread(io.BytesIO(content)))
    for which, action, value in edits:
        places = list(_elements(data))
        holder, tag = places[which % len(places)]
        _change(holder, tag, action, value, data)
    out = io.BytesIO()
    pydicom.dcmwrite(out, data, enforce_file_format=False)
    return out.getvalue()


def _elements(data: Dataset):
    for tag in sorted(data.keys()):
        yield data, tag
        element = data.get_item(tag)
        if not element.is_raw and element.VR == "SQ" or element.VR == "SQ":
            for item in data[tag].value or ():
                yield from _elements(item)


def _change(holder: Dataset, tag, action: int, value: int, data: Dataset) -> None:
    vr = holder.get_item(tag).VR
    if action == 0:
        del holder[tag]
        return
    if vr == "SQ":
        items = holder[tag].value or []
        if action == 1 or not items:
            holder[tag].value = []
        elif action == 2:
            holder[tag].value = [*items, *copy.deepcopy(list(items))]
        else:
            holder[tag].value = list(items)[:-1]
        return
    if action == 1:
        wrong = ("SQ", "UN", "OB", "DS", "US", "LO")[value % 6]
        raw = holder.get_item(tag)
        content = raw.value if isinstance(raw.value, bytes) else str(raw.value).encode()
        if wrong == "SQ" or len(content) > 60000:
            wrong = "UN"
        holder[tag] = RawDataElement(tag, wrong, len(content), content, 0, False, True)
        return
    table = NUMBERS if vr in ("DS", "IS") else BINARY if vr in ("US", "UL", "OW", "OB", "AT", "SS", "SL", "FL", "FD") \
        else WORDS
    new = table[value % len(table)]
    new += b" " * (len(new) % 2) if table is not BINARY else b""
    holder[tag] = RawDataElement(tag, vr, len(new), new, 0, False, True)
