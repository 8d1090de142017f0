"""`bodycomp_edit`: the same numbers from regions that a person corrected, without standard deviations."""

from __future__ import annotations

from typing import Any

from radoncai.bodycomp.job import BodyResult
from radoncai.models.catalogue import find
from radoncai.worker.image import read_image
from radoncai.worker.protocol import optional
from radoncai.worker.tissue import edited, result_to_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, labels {array, box}, level_mm, person, model (what drew the regions first), measured (before)."""
    request = work.request
    work.progress.step("reading the image")
    image = read_image(request, work.folder)
    work.progress.step("measuring the regions", 0.5)
    measured = edited(request, image, work.folder)
    model = find(optional(request, "model", str) or "l3_tissue")
    weights = next(iter(model.model.weights.values()), "")
    result = BodyResult(measured, model, "cpu", weights, {})
    return result_to_json(result, image, work.folder, {"level_mm": request["level_mm"], "edited": True})
