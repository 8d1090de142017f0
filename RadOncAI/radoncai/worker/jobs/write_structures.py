"""`write_structures`: RTSTRUCT with the original series' UIDs and each structure's review, read back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from radoncai.contour.table import structure_rows
from radoncai.core.errors import InputError
from radoncai.core.output import staged
from radoncai.core.provenance import Provenance, describe, pseudonym, run_stamp
from radoncai.core.structures import StructureSet
from radoncai.core.tables import write_table
from radoncai.core.volume import Volume
from radoncai.dicom.check.judge import ReadBack, check_rtstruct, read_back, read_back_sentence
from radoncai.dicom.check.profiles import Profile, load_profile
from radoncai.dicom.rtstruct.extend import add_to_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.worker.image import read_place
from radoncai.worker.protocol import field, optional
from radoncai.worker.structures import structures_from_json
from radoncai.worker.work import Work

LEFT_OUT = ("rejected",)


@dataclass(frozen=True)
class Leaving:
    """A set that is about to leave: its structures, what is `missing` from it, and how it is drawn."""

    structures: StructureSet
    volume: Volume
    profile: Profile
    writing: dict[str, Any]
    add_to: Path | None
    same_patient: bool


def leaving(work: Work) -> Leaving:
    """Fields image (with files; no voxels needed), structures, not_found, label, profile, contours, holes, add_to.

    `profile` names the planning system; `contours` "exact" or "smooth" and `holes` "keyhole" or "xor" override it;
    `not_found` (name, reason) is named in the file; `add_to` is an RTSTRUCT whose own ROIs go on untouched.
    """
    request, progress = work.request, work.progress
    profile = load_profile(optional(request, "profile", str) or "generic")
    image = read_place(request, work.folder)
    progress.step("reading the structures", 0.2)
    leave_out = LEFT_OUT if profile.rejected == "leave_out" else ()
    found = structures_from_json(request, image, work.folder, leave_out)
    if not len(found):
        raise InputError("There is no structure to write: all are empty or rejected.")
    asked = {m["name"]: m["reason"] for m in optional(request, "not_found", list) or () if not found.find(m["name"])}
    found = replace(found, label=optional(request, "label", str) or "RadOncAI", missing={**asked, **found.missing})
    overridden = {key: field(request, key, str) for key in ("contours", "holes") if request.get(key)}
    existing = optional(request, "add_to", str)
    return Leaving(found, image.volume, profile, {**profile.writing, **overridden},
                   Path(existing) if existing else None, bool(request.get("same_patient")))


def run(work: Work) -> dict[str, Any]:
    """Fields as of `leaving`, and output and description. What was written is read back and compared."""
    request, progress = work.request, work.progress
    output = Path(field(request, "output", str))
    out = leaving(work)
    found = out.structures
    with staged(output) as place:
        progress.step("writing files", 0.3)
        compared, said = _write(out, place / "rtstruct.dcm", optional(request, "description", str) or "")
        progress.step("writing files", 0.8)
        drawing = {"profile": out.profile.name, **out.writing, "read_back": read_back_sentence(compared)}
        record = _provenance(found, out.volume, said, drawing)
        rows = structure_rows(replace(found, missing={}))
        write_table(place / "structures.csv", "structures", rows, case=pseudonym(out.volume.source), run=record.run)
        record.write(place / "provenance.json")
        progress.step("writing files", 0.9)
        written = sorted(p.name for p in place.iterdir())
    return {"path": str(output / "rtstruct.dcm"), "files": written, "warnings": list(said),
            "read_back": drawing["read_back"], "compared": [asdict(row) for row in compared]}


def _write(out: Leaving, path: Path, description: str) -> tuple[tuple[ReadBack, ...], tuple[str, ...]]:
    """The comparison with what was read back, and all that is to be said."""
    found, words = out.structures, {"label": out.structures.label, "description": description}
    if out.add_to:
        said = add_to_rtstruct(out.add_to, found, out.volume, path, same_patient=out.same_patient, **words,
                               **out.writing)
    else:
        said = write_rtstruct(found, out.volume, path, **words, **out.writing)
    compared = read_back(path, found, out.volume)
    doubts = [f"{out.profile.title}: {f}." for f in check_rtstruct(path, out.volume, out.profile, out.add_to)
              if f.severity != "note"]
    off = () if out.add_to or all(row.same for row in compared) else (read_back_sentence(compared),)
    left_out = (f"{name} was left out: {why}." for name, why in found.missing.items())
    return compared, (*left_out, *said, *off, *doubts)


def _provenance(found: StructureSet, volume: Volume, said: tuple[str, ...], drawing: dict[str, Any]) -> Provenance:
    models = {s.algorithm for s in found if s.algorithm.name}
    ordered = sorted(models, key=lambda a: (a.name, a.version))
    status = {s.name: s.review.status for s in found}
    origin = {s.name: s.origin for s in found}
    options = {"status": status, "origin": origin, "rtstruct": drawing}
    return Provenance("write_structures", run_stamp(), {"image": describe(volume.source)},
                      tuple(vars(a) for a in ordered), options, warnings=said)
