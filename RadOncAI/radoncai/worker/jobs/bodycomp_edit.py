"""`bodycomp_edit`: the same numbers from regions that a person corrected, without standard deviations."""

from __future__ import annotations

from typing import Any

from radoncai.worker.image import read_image
from radoncai.worker.tissue import edited, result_to_json
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields image, labels {array, box}, level_mm, person, model (what drew the regions first), measured (before)."""
    request = work.request
    work.progress.step("reading the image")
    image = read_image(request, work.folder)
    work.progress.step("measuring the regions", 0.5)
    result, options = edited(request, image, work.folder)
    return result_to_json(result, image, work.folder, options)
