"""`bodycomp`: level, tissues and numbers at L3."""

from __future__ import annotations

from typing import Any

from radoncai.bodycomp.job import measure_l3
from radoncai.worker.image import read_image
from radoncai.worker.protocol import optional
from radoncai.worker.tissue import person_of, result_to_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, level_mm (null: found), person, model, device."""
    request, progress = work.request, work.progress
    level = optional(request, "level_mm", (int, float))
    progress.step("reading the image")
    image = read_image(request, work.folder)
    result = measure_l3(image.volume, optional(request, "model", str) or "l3_tissue",
                        level_mm=None if level is None else float(level), person=person_of(request),
                        device=optional(request, "device", str) or "auto", progress=progress)
    return result_to_json(result, image, work.folder, {"level_mm": level})
