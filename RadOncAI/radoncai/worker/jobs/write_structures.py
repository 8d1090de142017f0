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
from radoncai.dicom.rtstruct_writer import write_rtstruct
from radoncai.worker.image import read_place
from radoncai.worker.protocol import field, optional
from radoncai.worker.structures import structures_from_json
from radoncai.worker.work import Work

LEFT_OUT = ("rejected",)


def run(work: Work) -> dict[str, Any]:
    """Fields image (with files; no voxels needed), structures, output, label, description."""
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
        progress.step("writing files", 0.5)
        said = (*left_out, *write_rtstruct(found, image.volume, place / "rtstruct.dcm", label=label,
                                           description=optional(request, "description", str) or ""))
        record = _provenance(found, image.volume, said)
        rows = structure_rows(replace(found, missing={}))
        case = pseudonym(image.volume.source)
        write_table(place / "structures.csv", "structures", rows, case=case, run=record.run)
        record.write(place / "provenance.json")
        progress.step("writing files", 0.9)
        written = sorted(p.name for p in place.iterdir())
    return {"path": str(output / "rtstruct.dcm"), "files": written, "warnings": list(said)}


def _provenance(found: StructureSet, volume: Volume, said: tuple[str, ...]) -> Provenance:
    models = {s.algorithm for s in found if s.algorithm.name}
    ordered = sorted(models, key=lambda a: (a.name, a.version))
    status = {s.name: s.review.status for s in found}
    origin = {s.name: s.origin for s in found}
    return Provenance("write_structures", run_stamp(), {"image": describe(volume.source)},
                      tuple(vars(a) for a in ordered), {"status": status, "origin": origin}, warnings=said)
