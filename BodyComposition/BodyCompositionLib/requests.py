"""What the worker is asked, from nodes; without Qt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer
from RadOncAILib.scene import tissue
from RadOncAILib.scene.image import image_request
from slicer.i18n import tr as _

from radoncai.core.array_file import write_array
from radoncai.core.errors import InputError

from . import results, views

Request = dict[str, Any]


def measure(folder: Path, volume, model: str, person: dict, level_mm: float | None, device: str) -> Request:
    """Job `bodycomp`. Raises InputError for an image that cannot be worked on."""
    return {"image": image_request(volume, folder), "model": model, "person": person, "level_mm": level_mm,
            "device": device}


def coverage(folder: Path, volume, model: str | None) -> Request:
    """Job `describe` with voxels: which vertebrae are in the scan."""
    return {"image": image_request(volume, folder), "task": "tissue", "model": model}


def measure_regions(folder: Path, volume, regions, person: dict) -> Request:
    """Job `bodycomp_edit`: regions that are still the network's keep its ±. Raises InputError without a result."""
    before = _result_of(regions)
    level = before["level"]
    return {"image": _one_slice(folder, volume, level["slice"]),
            "labels": tissue.labels_request(regions, volume, folder), "level_mm": level["level_mm"],
            "person": person, "model": before["model"]["name"], "measured": before["network"]}


def write(folder: Path, volume, regions, person: dict, output: str, report: bool = False) -> Request:
    """Job `write_bodycomp`. Raises InputError where the regions have no result yet."""
    before = _result_of(regions)
    return {"image": image_request(volume, folder), "labels": tissue.labels_request(regions, volume, folder),
            "person": person, "measured": before["measured"], "output": str(output), "report": report}


def _one_slice(folder: Path, volume, index: int) -> Request:
    """The image with the voxels of one slice across the body: edits come often, and the whole CT is large."""
    request, axis = image_request(volume), views.s_axis(volume)
    box = [[0, n] for n in request["shape"]]
    box[axis] = [index, index + 1]
    part = slicer.util.arrayFromVolume(volume)[tuple(slice(a, b) for a, b in box)]
    write_array(Path(folder) / "slice.npy", np.ascontiguousarray(part))
    return {**request, "array": "slice.npy", "box": box}


def _result_of(regions) -> dict:
    found = results.result_of(regions)
    if found is None:
        raise InputError(_("There are no measured regions; measure L3 first."))
    return found
