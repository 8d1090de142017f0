"""`dose_channels`: which structure the model would take for what, and what stands against it, before Apply."""

from __future__ import annotations

from typing import Any

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.naming import annotated
from radoncai.core.structures import Structure, StructureSet
from radoncai.dose.channel_map import channel_map, objections, unconfirmed
from radoncai.worker.doses import dose_model, prescription_of
from radoncai.worker.protocol import field, optional
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields structures (name, role, standard_name; no arrays), prescription, fractions, model, confirmed."""
    request = work.request
    structures = annotated(StructureSet(Grid((1, 1, 1), np.eye(4)), tuple(
        _named(item) for item in field(request, "structures", list))))
    prescription = prescription_of(request)
    if prescription is None:
        return {"channels": [], "refusals": ["No dose is prescribed yet; give at least one PTV its dose."],
                "doubts": [], "unconfirmed": []}
    rows = channel_map(structures, prescription)
    try:
        refusals, doubts = objections(structures, prescription, dose_model(request))
    except InputError as error:
        refusals, doubts = [str(error)], []
    open_ = unconfirmed(rows, prescription, optional(request, "confirmed", dict) or {})
    channels = [{**vars(r), "target": r.structure in prescription.targets} for r in rows]
    return {"channels": channels, "refusals": refusals, "doubts": doubts, "unconfirmed": open_}


def _named(item: dict[str, Any]) -> Structure:
    return Structure(field(item, "name", str), np.zeros((0, 0, 0), bool), (slice(0, 0),) * 3,
                     standard_name=item.get("standard_name") or "", role=item.get("role") or "oar")
