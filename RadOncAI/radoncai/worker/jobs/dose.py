"""`dose`: the predicted dose with its DVHs, metrics and goals."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from radoncai.core.dose import Prescription
from radoncai.core.errors import InputError
from radoncai.core.structures import StructureSet
from radoncai.dose.bands import bands_of
from radoncai.dose.channel_map import ChannelMatch, channel_map, unconfirmed
from radoncai.dose.evaluate import evaluate
from radoncai.dose.job import predict_dose
from radoncai.dose.write import provenance
from radoncai.worker.doses import (
    dose_model,
    dose_to_json,
    evaluation_to_json,
    goal_tables_of,
    prescription_of,
)
from radoncai.worker.image import read_image
from radoncai.worker.model import in_short
from radoncai.worker.protocol import optional
from radoncai.worker.structures import structures_from_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, structures, prescription {name: Gy}, fractions, model, goals, device, override, confirmed,
    dose_grid_mm. Rejected structures take no part.
    """
    request, progress = work.request, work.progress
    folder, tables, prescription = dose_model(request), goal_tables_of(request), prescription_of(request)
    if prescription is None:
        raise InputError("No dose is prescribed; give at least one PTV its dose.")
    progress.step("reading the image")
    image = read_image(request, work.folder)
    structures = structures_from_json(request, image, work.folder, ("rejected",))
    rows = _confirmed(structures, prescription, optional(request, "confirmed", dict) or {})
    found = predict_dose(image.volume, structures, prescription, folder,
                         device=optional(request, "device", str) or "auto", override=bool(request.get("override")),
                         dose_grid_mm=optional(request, "dose_grid_mm", (int, float)), progress=progress)
    evaluation = evaluate(found.dose, structures, prescription, tables, bands_of(folder), progress)
    progress.step("handing the dose over")
    options = {"prescription_gy": prescription.targets, "fractions": prescription.fractions,
               "goals": [t.name for t in tables], "dose_grid_mm": request.get("dose_grid_mm"),
               "dvh": evaluation.dvh_choices}
    left_out = [f"{name} took no part: {why}." for name, why in structures.missing.items()]
    channels = [{**vars(r), "target": r.structure in prescription.targets} for r in rows]
    return {"dose": {**dose_to_json(found.dose, work.folder), "kind": found.dose.kind},
            **evaluation_to_json(evaluation), "channels": channels,
            "warnings": [*left_out, *found.warnings], "overrides": list(found.overrides),
            "provenance": asdict(provenance(found, image.volume, structures, options)),
            "model": in_short(folder, found.weights), "device": found.device, "seconds": found.seconds}


def _confirmed(structures: StructureSet, prescription: Prescription,
               confirmed: dict[str, str]) -> tuple[ChannelMatch, ...]:
    rows = channel_map(structures, prescription)
    open_ = unconfirmed(rows, prescription, confirmed)
    if open_:
        channel = next(r.channel for r in rows if r.structure == open_[0])
        raise InputError(f"{open_[0]} is taken for the target of {channel} though its name does not say so; confirm "
                         "it, or rename it.")
    return rows
