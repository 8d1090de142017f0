"""The polygons of structures that were read from an RTSTRUCT and not edited since."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.structures import Contour, Structure
from radoncai.core.volume import Source
from radoncai.dicom.files import is_dicom
from radoncai.dicom.rtstruct.reader import read_contours

MOST_KEPT = 2

_files: dict[tuple[str, int], tuple[Source, dict[str, tuple[Contour, ...]]]] = {}


def origin_of(structure: Structure, path: Path) -> dict[str, str] | None:
    """What leads back to a structure's polygons: its file, its name there and a checksum of its mask."""
    if not structure.contours:
        return None
    return {"path": str(path), "name": structure.name, "mask": mask_hash(structure)}


def with_contours(structure: Structure, origin: dict[str, Any] | None) -> Structure:
    """The structure with its polygons as read, where its mask is still the one they gave; else as it is."""
    if not origin or mask_hash(structure) != origin.get("mask"):
        return structure
    found = _read(Path(str(origin.get("path"))))[1].get(str(origin.get("name")), ())
    return replace(structure, contours=found)


def source_of(structures: Sequence[Structure], origins: Sequence[dict[str, Any] | None], image: Source) -> Source:
    """The RTSTRUCT that all of them stand in unedited, else the patient, study and frame of the image alone."""
    paths = {str(o.get("path")) if o else "" for o in origins}
    if len(paths) == 1 and all(s.contours for s in structures) and paths != {""}:
        return _read(Path(paths.pop()))[0]
    return Source(image.patient_id, image.study_uid, "", image.frame_uid)


def mask_hash(structure: Structure) -> str:
    """Depends on the voxels and their place alone."""
    digest = hashlib.sha1(np.packbits(structure.mask).tobytes(), usedforsecurity=False)
    digest.update(repr([(b.start, b.stop) for b in structure.box]).encode())
    return digest.hexdigest()


def _read(path: Path) -> tuple[Source, dict[str, tuple[Contour, ...]]]:
    """Source and contours by name; a file that is gone and a name it holds twice give nothing: then the mask counts."""
    try:
        key = (str(path), path.stat().st_mtime_ns)
        if key not in _files:
            found = read_contours(path) if is_dicom(path) else None
            names = [r.structure.name for r in found.rois] if found else []
            while len(_files) >= MOST_KEPT:
                _files.pop(next(iter(_files)))
            once = {r.structure.name: r.contours for r in found.rois if names.count(r.structure.name) == 1} \
                if found else {}
            _files[key] = (found.source if found else Source(), once)
        return _files[key]
    except (OSError, InputError):
        return Source(), {}
