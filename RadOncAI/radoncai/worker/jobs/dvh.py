"""`dvh`: DVHs, metrics and goals of any dose in the scene."""

from __future__ import annotations

from typing import Any

from radoncai.dose.bands import bands_of
from radoncai.dose.evaluate import evaluate
from radoncai.models.catalogue import find
from radoncai.worker.doses import dose_from_json, evaluation_to_json, goal_tables_of, prescription_of
from radoncai.worker.image import read_place
from radoncai.worker.protocol import optional
from radoncai.worker.structures import structures_from_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image (no voxels needed), structures, dose, prescription (may be null), fractions, goals.

    A dose of the kind `predicted` takes the bands of `model` where that is named.
    """
    request = work.request
    prescription, tables = prescription_of(request), goal_tables_of(request)
    image = read_place(request, work.folder)
    structures = structures_from_json(request, image, work.folder, ("rejected",))
    dose = dose_from_json(request, work.folder, image.volume.source, prescription)
    model = optional(request, "model", str)
    bands = bands_of(find(model)) if model and dose.kind == "predicted" else None
    evaluation = evaluate(dose, structures, prescription, tables, bands, work.progress)
    left_out = [f"{name} took no part: {why}." for name, why in structures.missing.items()]
    return {**evaluation_to_json(evaluation), "warnings": left_out}
