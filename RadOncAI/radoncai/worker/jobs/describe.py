"""`describe`: what an image is and whether a model may run on it, before anyone presses Apply."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from radoncai.bodycomp.level import find_level
from radoncai.bodycomp.measure import person_from
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Volume
from radoncai.models.applicability import judge
from radoncai.models.catalogue import find
from radoncai.models.engine.orientation import tilt_degrees
from radoncai.worker import typical
from radoncai.worker.image import Image, read_image, read_place
from radoncai.worker.jobs.models import JOB_OF
from radoncai.worker.protocol import optional
from radoncai.worker.words import for_panel
from radoncai.worker.work import Work

TILTED_DEGREES = 0.5
PLANES = ("axial", "coronal", "sagittal")
OK, DOUBT, NO = "✓", "!", "✕"


def run(work: Work) -> dict[str, Any]:
    """Fields image (array optional) or files, model or models; task alone judges nothing but the image itself.

    A series that cannot be read is a verdict, no failure. What some of several models refuse is a doubt, what all
    refuse a refusal.
    """
    request = work.request
    if not request.get("image"):
        request = {**request, "image": {"files": request.get("files") or []}}
    work.progress.step("looking at the image")
    has_voxels = bool(request["image"].get("array"))
    try:
        image = (read_image if has_voxels else read_place)(request, work.folder)
    except InputError as error:
        return {"verdict": "refused", "lines": [_line(NO, str(error))], "person": None, "spacing_mm": None,
                "orientation": None, "modality": None, "shape": None, "covers": None,
                "expected_s": None}
    lines = [_line(OK, _summary(image)), *(_line(DOUBT, text) for text in image.volume.source.warnings)]
    models = _models(request)
    lines += _judged(image.volume, models, has_voxels)
    covers = None
    if has_voxels and optional(request, "task", str) == "tissue" and not any(line["symbol"] == NO for line in lines):
        covers, more = _covered(image.volume, work)
        lines += more
    symbols = {line["symbol"] for line in lines}
    person = person_from(image.volume.source.header)
    return {"verdict": "refused" if NO in symbols else "doubtful" if DOUBT in symbols else "fine", "lines": lines,
            "person": asdict(person), "spacing_mm": list(image.grid.spacing_mm), "orientation": _plane(image),
            "modality": image.volume.modality or None, "shape": list(image.grid.shape),
            "covers": covers, "expected_s": _expected_s(image, models)}


def _models(request: dict[str, Any]) -> list[str]:
    one = optional(request, "model", str)
    return optional(request, "models", list) or ([one] if one else [])


def _expected_s(image: Image, models: list[str]) -> float | None:
    """Seconds that the models would take on this image, None where one is not known."""
    grid = image.volume.grid
    voxels = float(np.prod(grid.shape))
    size = typical.Size(voxels / 1e6, voxels * grid.voxel_cc / 1e3)
    spent = [typical.expected_s(JOB_OF.get(find(name).model.task, ""), name, size) for name in models]
    return round(sum(spent), 1) if spent and all(spent) else None


def _covered(volume: Volume, work: Work) -> tuple[dict[str, Any] | None, list[dict[str, str]]]:
    """The vertebrae in the scan; a level that is not found is a doubt, since a person can give it."""
    try:
        level = find_level(volume, progress=work.progress)
    except InputError as error:
        return None, [_line(DOUBT, str(error))]
    seen = sorted(level.vertebrae, key=level.vertebrae.get)
    ends = {"top": seen[-1], "bottom": seen[0], "level_mm": level.level_mm}
    return ends, [_line(OK, f"covers {seen[-1]} to {seen[0]}"), *(_line(DOUBT, text) for text in level.notes)]


def _judged(volume: Volume, models: list[str], has_voxels: bool) -> list[dict[str, str]]:
    judged = {name: judge(volume, find(name).model, values=has_voxels) for name in models}
    all_refuse = all(found.refusals for found in judged.values())
    lines = []
    for name, found in judged.items():
        title = f"{find(name).title}: " if len(models) > 1 else ""
        lines += [_line(NO if all_refuse else DOUBT, title + text) for text in found.refusals]
        lines += [_line(DOUBT, title + text) for text in found.warnings]
    return lines


def _line(symbol: str, text: str) -> dict[str, str]:
    return {"symbol": symbol, "text": for_panel(text)}


def _summary(image: Image) -> str:
    """CT, axial, 0.98 x 0.98 x 2.50 mm, 512 x 512 x 161, no gaps."""
    volume, grid = image.volume, image.volume.grid
    parts = [volume.modality or "modality unknown", _plane(image), f"{_sides(grid)} mm",
             " x ".join(str(n) for n in grid.shape[::-1])]
    if volume.source.is_dicom:
        parts.append("no gaps")
    return ", ".join(parts)


def _sides(grid: Grid) -> str:
    return " x ".join(f"{s:.3g}" for s in grid.spacing_mm[::-1])


def _plane(image: Image) -> str:
    """The plane of the slices as they were taken, with the tilt where there is one."""
    plane = PLANES[image.turn.axes.index(0)]
    tilt = tilt_degrees(image.volume.grid)
    return f"{plane}, tilted by {tilt:.1f} degrees" if tilt > TILTED_DEGREES else plane
