"""`write_dose`: RTDOSE with its plan, tables and provenance of a predicted dose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from radoncai.core.errors import InputError
from radoncai.core.output import staged
from radoncai.dose.bands import bands_of
from radoncai.dose.evaluate import evaluate
from radoncai.dose.job import DoseResult
from radoncai.dose.section import dose_section
from radoncai.dose.write import write_results
from radoncai.worker.doses import dose_from_json, dose_model, goal_tables_of, prescription_of
from radoncai.worker.image import read_image, read_place
from radoncai.worker.protocol import field
from radoncai.worker.report import report_of
from radoncai.worker.structures import structures_from_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, structures, dose, prescription, fractions, goals, provenance, output, model.

    `report` also writes report.html, for which the image needs its voxels; without it they are not looked at.
    """
    request = work.request
    output, record = Path(field(request, "output", str)), field(request, "provenance", dict)
    prescription, tables, folder = prescription_of(request), goal_tables_of(request), dose_model(request)
    if prescription is None:
        raise InputError("The dose has no prescription; predict it again before it is written.")
    report = bool(request.get("report"))
    image = (read_image if report else read_place)(request, work.folder)
    structures = structures_from_json(request, image, work.folder, ("rejected",))
    overrides = tuple(request.get("overrides") or record.get("overrides") or ())
    dose = dose_from_json(request, work.folder, replace(image.volume.source, slices=()), prescription)
    dose = replace(dose, kind="predicted", comment="; ".join(f"OVERRIDDEN: {text}" for text in overrides))
    evaluation = evaluate(dose, structures, prescription, tables, bands_of(folder), work.progress)
    weights = next((m.get("weights", "") for m in record.get("models") or ()), "")
    result = DoseResult(dose, folder, record.get("device") or "cpu", weights, overrides,
                        tuple(record.get("warnings") or ()), record.get("name_mapping") or {},
                        record.get("seconds") or {})
    with staged(output) as place:
        written_as = write_results(result, evaluation, image.volume, structures, place, work.progress,
                                   record.get("options") or {})
        if report:
            section = dose_section(result, evaluation, structures, image.volume)
            report_of(place, image.volume, written_as, folder, dose=section)
        written = sorted(p.name for p in place.iterdir())
    return {"path": str(output), "files": written, "warnings": [f"{name} took no part: {why}." for name, why in
                                                                structures.missing.items()]}
