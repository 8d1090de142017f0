"""`write_structures`: RTSTRUCT with the original series' UIDs, unapproved, with each structure's review."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from radoncai.contour.table import structure_rows
from radoncai.core.errors import InputError
from radoncai.core.output import staged
from radoncai.core.provenance import Provenance, describe, pseudonym, run_stamp
from radoncai.core.structures import StructureSet
from radoncai.core.tables import write_table
from radoncai.core.volume import Volume
from radoncai.dicom.check import check_rtstruct, read_back, read_back_sentence
from radoncai.dicom.profiles import load_profile
from radoncai.dicom.rtstruct_extend import add_to_rtstruct
from radoncai.dicom.rtstruct_writer import write_rtstruct
from radoncai.worker.image import read_place
from radoncai.worker.protocol import field, optional
from radoncai.worker.structures import structures_from_json
from radoncai.worker.work import Work

LEFT_OUT = ("rejected",)


def run(work: Work) -> dict[str, Any]:
    """Fields image (with files; no voxels needed), structures, output, label, description.

    `profile` names the planning system, `contours` "exact" or "smooth" overrides it, `add_to` is an RTSTRUCT whose own
    ROIs go on untouched. What was written is read back and compared.
    """
    request, progress = work.request, work.progress
    output, label = Path(field(request, "output", str)), optional(request, "label", str) or ""
    image = read_place(request, work.folder)
    progress.step("reading the structures", 0.2)
    found = structures_from_json(request, image, work.folder, LEFT_OUT)
    if not len(found):
        raise InputError("There is no structure to write: all are empty or rejected.")
    left_out = tuple(f"{name} was left out: {why}." for name, why in found.missing.items())
    found = replace(found, label=label or "RadOncAI")
    with staged(output) as place:
        progress.step("writing files", 0.3)
        drawing, said = _write(found, image.volume, place / "rtstruct.dcm", request)
        said = (*left_out, *said)
        progress.step("writing files", 0.8)
        record = _provenance(found, image.volume, said, drawing)
        rows = structure_rows(replace(found, missing={}))
        case = pseudonym(image.volume.source)
        write_table(place / "structures.csv", "structures", rows, case=case, run=record.run)
        record.write(place / "provenance.json")
        progress.step("writing files", 0.9)
        written = sorted(p.name for p in place.iterdir())
    return {"path": str(output / "rtstruct.dcm"), "files": written, "warnings": list(said),
            "read_back": drawing["read_back"]}


def _write(found: StructureSet, volume: Volume, path: Path, request: dict[str, Any]
           ) -> tuple[dict[str, Any], tuple[str, ...]]:
    """How it was drawn and what the comparison said; then all that is to be said."""
    profile = load_profile(optional(request, "profile", str) or "generic")
    writing = {**profile.writing, "approve": False}
    if request.get("contours"):
        writing["contours"] = field(request, "contours", str)
    words = {"label": found.label, "description": optional(request, "description", str) or ""}
    existing = optional(request, "add_to", str)
    if existing:
        said = add_to_rtstruct(Path(existing), found, volume, path, same_patient=bool(request.get("same_patient")),
                               **words, **writing)
    else:
        said = write_rtstruct(found, volume, path, **words, **writing)
    compared = read_back(path, found, volume)
    doubts = [f"{profile.title}: {f}." for f in check_rtstruct(path, volume, profile, Path(existing) if existing else
                                                               None) if f.severity != "note"]
    sentence = read_back_sentence(compared)
    off = () if existing or all(row.same for row in compared) else (sentence,)
    return {"profile": profile.name, **writing, "read_back": sentence}, (*said, *off, *doubts)


def _provenance(found: StructureSet, volume: Volume, said: tuple[str, ...], drawing: dict[str, Any]) -> Provenance:
    models = {s.algorithm for s in found if s.algorithm.name}
    ordered = sorted(models, key=lambda a: (a.name, a.version))
    status = {s.name: s.review.status for s in found}
    origin = {s.name: s.origin for s in found}
    options = {"status": status, "origin": origin, "rtstruct": drawing}
    return Provenance("write_structures", run_stamp(), {"image": describe(volume.source)},
                      tuple(vars(a) for a in ordered), options, warnings=said)
