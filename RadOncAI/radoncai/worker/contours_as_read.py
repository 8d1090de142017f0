"""The polygons of structures that were read from an RTSTRUCT and not edited since."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.structures import Contour, Structure
from radoncai.dicom.files import is_dicom
from radoncai.dicom.rtstruct_reader import read_contours

MOST_KEPT = 2

_files: dict[tuple[str, int], dict[str, tuple[Contour, ...]]] = {}


def origin_of(structure: Structure, path: Path) -> dict[str, str] | None:
    """What leads back to a structure's polygons: its file, its name there and a checksum of its mask."""
    if not structure.contours:
        return None
    return {"path": str(path), "name": structure.name, "mask": mask_hash(structure)}


def with_contours(structure: Structure, origin: dict[str, Any] | None) -> Structure:
    """The structure with its polygons as read, where its mask is still the one they gave; else as it is."""
    if not origin or mask_hash(structure) != origin.get("mask"):
        return structure
    found = _contours_of(Path(str(origin.get("path")))).get(str(origin.get("name")), ())
    return replace(structure, contours=found)


def mask_hash(structure: Structure) -> str:
    """Depends on the voxels and their place alone."""
    digest = hashlib.sha1(np.packbits(structure.mask).tobytes(), usedforsecurity=False)
    digest.update(repr([(b.start, b.stop) for b in structure.box]).encode())
    return digest.hexdigest()


def _contours_of(path: Path) -> dict[str, tuple[Contour, ...]]:
    """By name; a file that is gone, or holds a name twice, gives nothing for it and the mask counts."""
    try:
        key = (str(path), path.stat().st_mtime_ns)
        if key not in _files:
            rois = read_contours(path).rois if is_dicom(path) else ()
            names = [r.structure.name for r in rois]
            while len(_files) >= MOST_KEPT:
                _files.pop(next(iter(_files)))
            _files[key] = {r.structure.name: r.contours for r in rois if names.count(r.structure.name) == 1}
        return _files[key]
    except (OSError, InputError):
        return {}
