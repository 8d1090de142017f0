"""Finding DICOM files and opening them, with one sentence for what cannot be read."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from pathlib import Path

import pydicom
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from radoncai.core.errors import InputError

_MOST_BYTES = 2 << 30
_UNDEFINED = 0xFFFFFFFF
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_BARE_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")


def files_below(path: Path) -> list[Path]:
    """The file itself, or every file in the folder and below but hidden ones. InputError where nothing is there."""
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path} does not exist; check the path.")
    found = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not found:
        raise InputError(f"The folder {path} is empty; name the folder that holds the DICOM files.")
    return found


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM does: with the preamble, or bare with a group that can come first."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(132)
    except OSError:
        return False
    if start[:2] == b"\x1f\x8b":
        return Path(path).name.lower().endswith(".dcm.gz")
    return start[128:132] == b"DICM" or (len(start) >= 16 and start[:2] in _BARE_STARTS and _plausible_bare(start))


def open_dicom(path: Path, *, pixels: bool = True) -> FileDataset:
    """Read one file, gzipped too. InputError where it is missing, not DICOM or damaged.

    Without `pixels` it is only looked at: an element that is cut off is no error then.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one DICOM file.")
    if not path.is_file():
        raise InputError(f"{path} does not exist; check the path.")
    if not is_dicom(path):
        raise InputError(f"{path} is not a DICOM file; name a DICOM file or folder.")
    try:
        raw = _unzipped(path) if path.name.lower().endswith(".gz") else None
        _refuse_bomb(path, raw)
        data = pydicom.dcmread(io.BytesIO(raw) if raw else path, stop_before_pixels=not pixels, force=True)
        transfer_syntax(data)
        if pixels:
            _refuse_cut(data)
        return data
    except (InvalidDicomError, BytesLengthException, OSError, EOFError, ValueError, TypeError, KeyError, AttributeError,
            NotImplementedError, RecursionError, OverflowError, MemoryError, IndexError, AssertionError, struct.error,
            zlib.error, LookupError, UnicodeError) as error:
        raise InputError(f"{path} is damaged or cut off ({_short(error)}); copy it again.") from error


def _refuse_cut(data: FileDataset) -> None:
    """EOFError where an element is shorter than it states; pydicom reads what is left of a sequence in silence."""
    for tag in data.keys():
        element = data.get_item(tag)
        stated, value = getattr(element, "length", None), getattr(element, "value", None)
        if stated not in (None, _UNDEFINED) and isinstance(value, bytes) and len(value) < stated:
            raise EOFError(f"{tag} ends after {len(value)} of {stated} bytes")


def transfer_syntax(data: FileDataset) -> str:
    """The transfer syntax UID; set from the encoding found where a bare file does not state it."""
    stated = data.file_meta.get("TransferSyntaxUID", "") if getattr(data, "file_meta", None) is not None else ""
    if not stated:
        little = data.original_encoding[1]
        data.file_meta = getattr(data, "file_meta", None) or pydicom.dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if little else ExplicitVRBigEndian
        if little and data.original_encoding[0] is False:
            data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return str(data.file_meta.TransferSyntaxUID)


def _unzipped(path: Path) -> bytes:
    """The content of a gzip file, as far as memory allows."""
    with gzip.open(path) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} unpacks to more than {_MOST_BYTES >> 30} GB; unpack it first.")
    return content


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(600)


def _refuse_bomb(path: Path, raw: bytes | None) -> None:
    """A deflated data set may unpack to more than memory holds; look before pydicom does."""
    head = raw[:600] if raw is not None else _start(path)
    if _DEFLATED not in head:
        return
    content = raw if raw is not None else path.read_bytes()
    end = 144 + int.from_bytes(content[140:144], "little")
    unpacker, total, rest = zlib.decompressobj(-zlib.MAX_WBITS), 0, content[end:]
    while rest and not unpacker.eof and total <= _MOST_BYTES:
        total += len(unpacker.decompress(rest, 1 << 24))
        rest = unpacker.unconsumed_tail
    if total > _MOST_BYTES:
        raise InputError(f"{path} unpacks to more than {_MOST_BYTES >> 30} GB; it is damaged.")


def _plausible_bare(start: bytes) -> bool:
    """A bare file's first element: a small even group, then a value representation or a short length."""
    element = start[2:4]
    explicit = start[4:6].isalpha() and start[4:6].isupper()
    implicit = int.from_bytes(start[4:8], "little") < 1024
    return element[0] < 0x80 and (explicit or implicit)


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:100] or type(error).__name__
