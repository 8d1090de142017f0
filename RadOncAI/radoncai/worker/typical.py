"""How long the steps of a job usually take: measured here before, else a table that ships with the library."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from radoncai.core.resources import resources, user_folder

LEAST_S = 0.01
START = "starting"
DEFAULT_MODEL = {"dose": "hn_dose", "bodycomp": "l3_tissue"}


def key_of(request: dict[str, Any]) -> str:
    """Job and model: what the seconds depend on most."""
    job = str(request.get("job"))
    model = request.get("model") or DEFAULT_MODEL.get(job)
    return f"{job}:{model}" if isinstance(model, str) else job


def seconds(request: dict[str, Any]) -> dict[str, float]:
    """Step name to typical seconds, in order; empty where nothing is known."""
    key = key_of(request)
    return _measured().get(key) or _shipped().get(key) or _shipped().get(str(request.get("job"))) or {}


def expected_s(job: str, model: str) -> float | None:
    """Seconds that a run took here last time, else usually on two cores; None where nothing is known."""
    found = seconds({"job": job, "model": model}) if job else None
    return round(sum(found.values()), 1) if found else None


def remember(request: dict[str, Any], spent: dict[str, float]) -> None:
    """Keep the seconds of a run that went well; a folder that cannot be written is no reason to fail."""
    kept = {step: round(s, 3) for step, s in spent.items() if s >= LEAST_S and step != START}
    if not kept:
        return
    table = _measured()
    table[key_of(request)] = kept
    place = _place()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}")
        part.write_text(json.dumps(table, indent=1), encoding="utf-8")
        os.replace(part, place)
    except OSError:
        pass


@cache
def _measured() -> dict[str, dict[str, float]]:
    try:
        found = json.loads(_place().read_text(encoding="utf-8"))
        return {str(k): {str(s): float(t) for s, t in v.items()} for k, v in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


@cache
def _shipped() -> dict[str, dict[str, float]]:
    path = resources() / "Templates" / "job_seconds.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _place() -> Path:
    return user_folder() / "job_seconds.json"
