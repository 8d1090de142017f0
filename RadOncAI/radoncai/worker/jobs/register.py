"""`register`: how a further image lies on the planning image, for a person to look at and accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from radoncai.contour.images.placed import NEEDLESS, relation, told
from radoncai.contour.images.registered import matrix_of_file
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.provenance import file_hash, run_stamp
from radoncai.core.rigid import motion, register
from radoncai.core.volume import Volume
from radoncai.dicom.registration import find_registrations
from radoncai.report.checkerboard import checkerboard
from radoncai.worker.arrays import save_array
from radoncai.worker.further_images import same_patient
from radoncai.worker.image import read_image, read_place
from radoncai.worker.protocol import field, optional
from radoncai.worker.work import Work

METHODS = ("find", "run", "file")


def run(work: Work) -> dict[str, Any]:
    """Fields image (planning), moving, method: find (headers alone: is a registration needed, is there one of the
    clinic's?), run (register), file (look at the registration in `path`)."""
    request, progress = work.request, work.progress
    method = field(request, "method", str)
    if method not in METHODS:
        raise InputError(f"The request's method {method!r} is none of {', '.join(METHODS)}.")
    read = read_place if method == "find" else read_image
    progress.step("reading the images")
    fixed = read(request, work.folder).volume
    moving = read({"image": field(request, "moving", dict)}, work.folder).volume
    same_patient("further image", fixed, moving)
    if method == "find":
        return {**_found(request, fixed, moving), "checkerboard": None}
    path = Path(field(request, "path", str)) if method == "file" else None
    if path is None:
        result = register(fixed, moving, progress)
        matrix, figures, warnings = result.matrix, result.figures, result.warnings
        record: dict[str, object] = {"by": "registered here", "registered_at": run_stamp()}
    else:
        matrix = matrix_of_file(path, moving, fixed, "the further image and the planning image")
        figures, warnings = motion(matrix, moving.grid), ()
        record = {"by": "file", "sha256": file_hash(path)}
    progress.step("making the checkerboard")
    moved = moving.with_array(moving.array, Grid(moving.grid.shape, matrix @ moving.grid.index_to_lps))
    board = checkerboard(fixed, moved)
    return {"relation": "rigid" if path is None else "dicom", "path": str(path) if path else None,
            "matrix": matrix.ravel().tolist(), "figures": figures, "record": record,
            "warnings": [*warnings, *told(fixed, moving, figures, NEEDLESS)],
            "checkerboard": {"array": save_array(work.folder, "checkerboard.npy", board.array),
                             "ijk_to_lps": board.grid.index_to_lps.ravel().tolist()}}


def _found(request: dict[str, Any], fixed: Volume, moving: Volume) -> dict[str, Any]:
    """What is known without looking at a voxel."""
    known = relation(fixed, moving)
    plain = {"relation": "same_frame", "path": None, "matrix": np.eye(4).ravel().tolist(), "figures": {},
             "warnings": [], "record": {}}
    if known in ("same_frame", "same_grid"):
        return plain
    for path in _clinics(request, fixed, moving):
        try:
            matrix = matrix_of_file(path, moving, fixed, "the further image and the planning image")
        except InputError:
            continue
        return {**plain, "relation": "dicom", "path": str(path), "matrix": matrix.ravel().tolist(),
                "figures": motion(matrix, moving.grid), "record": {"by": "file", "sha256": file_hash(path)}}
    return {**plain, "relation": "none", "matrix": None}


def _clinics(request: dict[str, Any], fixed: Volume, moving: Volume) -> list[Path]:
    """Registration objects beside the files of both images."""
    frames = moving.source.frame_uid, fixed.source.frame_uid
    files = [p for item in (request["moving"], request["image"]) for p in (optional(item, "files", list) or ())[:1]]
    places = [folder for f in files for folder in (Path(f).parent, *Path(f).parent.parents[:1])]
    return find_registrations(*places, between=frames) if all(frames) and places else []
