"""How long the steps of a job usually take: measured here before, else a table that ships with the library.

Seconds are kept with the size of the image they were measured on, and grow with it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.errors import RadOncAIError
from radoncai.core.resources import resources, user_folder

LEAST_S = 0.01
START = "starting"
FIXED = ("loading the model",)
DEFAULT_MODEL = {"dose": "hn_dose", "bodycomp": "l3_tissue"}
GROWING = ("contour", "bodycomp")
FACTORS = (0.02, 50.0)


@dataclass(frozen=True)
class Size:
    """How much there is to do: voxels of the image in millions, and what it covers in litres."""

    megavoxels: float
    litres: float


USUAL = Size(512 * 512 * 150 / 1e6, 0.98 * 0.98 * 2.5 * 512 * 512 * 150 / 1e6)


def key_of(request: dict[str, Any]) -> str:
    """Job and model: what the seconds depend on most."""
    job = str(request.get("job"))
    model = request.get("preset") or request.get("model") or DEFAULT_MODEL.get(job)
    return f"{job}:{model}" if isinstance(model, str) else job


def seconds(request: dict[str, Any], size: Size | None = None) -> dict[str, float]:
    """Step name to seconds expected for an image of this size, in order; empty where nothing is known."""
    key, job = key_of(request), str(request.get("job"))
    entry = _measured().get(key) or _shipped().get(key) or _shipped().get(job)
    if not entry:
        return {}
    factor = _factor(job, key, entry, size) if size else 1.0
    return {step: s if step in FIXED else s * factor for step, s in entry["seconds"].items()}


def expected_s(job: str, model: str, size: Size = USUAL) -> float | None:
    """Seconds of a whole run on an image of this size, None where nothing is known."""
    found = seconds({"job": job, "model": model}, size) if job else None
    return round(sum(found.values()), 1) if found else None


def size_of(request: dict[str, Any]) -> Size | None:
    """The size of a request's image from its shape or array; None where it does not say."""
    try:
        image = request["image"]
        shape = image.get("shape") or np.load(Path(request["folder"]) / image["array"], mmap_mode="r").shape
        voxels = float(np.prod(shape)) / 1e6
        matrix = np.asarray(image["ijk_to_lps"], float).reshape(4, 4)
        return Size(voxels, voxels * abs(float(np.linalg.det(matrix[:3, :3]))))
    except (KeyError, TypeError, ValueError, AttributeError, OSError, EOFError):
        return None


def remember(request: dict[str, Any], spent: dict[str, float], size: Size | None) -> None:
    """Keep the seconds of a run that went well; a folder that cannot be written is no reason to fail."""
    kept = {step: round(s, 3) for step, s in spent.items() if s >= LEAST_S and step != START}
    if not kept:
        return
    table = _measured()
    table[key_of(request)] = {"seconds": kept, **(vars(size) if size else {})}
    place = _place()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}")
        part.write_text(json.dumps(table, indent=1), encoding="utf-8")
        os.replace(part, place)
    except OSError:
        pass


def _factor(job: str, key: str, entry: dict[str, Any], size: Size) -> float:
    """How much longer this image takes than the one that was measured."""
    if job not in GROWING:
        return 1.0
    name = "litres" if _has_own_grid(key.partition(":")[2]) else "megavoxels"
    before = entry.get(name)
    return float(np.clip(getattr(size, name) / before, *FACTORS)) if before else 1.0


@cache
def _has_own_grid(model: str) -> bool:
    """Whether a model works on voxels of its own size, so that the space counts and not the voxels."""
    from radoncai.models.catalogue import find

    try:
        return find(model).model.spacing_mm is not None
    except RadOncAIError:
        return False


@cache
def _measured() -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(_place().read_text(encoding="utf-8"))
        return {str(k): v for k, v in found.items() if _is_entry(v)}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_entry(entry: object) -> bool:
    steps = entry.get("seconds") if isinstance(entry, dict) else None
    if not isinstance(steps, dict):
        return False
    numbers = (*steps.values(), entry.get("litres", 1.0), entry.get("megavoxels", 1.0))
    return all(isinstance(n, (int, float)) and n > 0 for n in numbers)


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    path = resources() / "Templates" / "job_seconds.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _place() -> Path:
    return user_folder() / "job_seconds.json"
