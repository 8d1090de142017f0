"""`models`: what can be chosen for a task, and why a model cannot be."""

from __future__ import annotations

import importlib.util
from typing import Any

from radoncai.models.catalogue import ModelFolder, catalogue, scan
from radoncai.worker import typical
from radoncai.worker.protocol import optional
from radoncai.worker.work import Work

JOB_OF = {"contour": "contour", "dose": "dose", "tissue": "bodycomp"}
REQUIRED = {"onnx": {"onnxruntime": "onnxruntime>=1.20"}, "torch": {"torch": "torch>=2.6"}}
KNOWN_RUNNERS = ("classical", "onnx", "torch")


def run(work: Work) -> dict[str, Any]:
    """All models of `task` (null: of every task), the broken ones with what is wrong."""
    task = optional(work.request, "task", str)
    rows = [_row(f) for f in catalogue().values() if task in (None, f.model.task)]
    broken = [str(problem) for problem in scan()[1].values()]
    return {"models": rows, "broken": broken}


def _row(folder: ModelFolder) -> dict[str, Any]:
    spec, why_not = folder.model, _why_not(folder)
    return {"name": folder.name, "version": folder.version, "title": folder.title, "task": spec.task,
            "modality": spec.modality, "sites": spec.sites, "structures": spec.names,
            "experimental": bool(folder.card.get("experimental")) or "experimental" in folder.title.lower(),
            "licence": spec.licence, "memory_mb": spec.memory_mb,
            "expected_s": typical.expected_s(JOB_OF.get(spec.task, ""), folder.name),
            "card": folder.card, "usable": not why_not, "why_not": why_not,
            "missing": _missing(spec.runner), "needs": next(iter(_missing(spec.runner)), None)}


def _why_not(folder: ModelFolder) -> str | None:
    runner = folder.model.runner
    if runner not in KNOWN_RUNNERS:
        return f"It needs the runner {runner}, which this version does not have."
    missing = [name for name in folder.model.weights if not (folder.path / name).is_file()]
    if missing:
        return f"Its weights {', '.join(missing)} are missing; install it again."
    packages = _missing(runner)
    return f"It needs {', '.join(packages)}, which is not installed." if packages else None


def _missing(runner: str) -> list[str]:
    """Requirements, as pip takes them, that this Python lacks."""
    return [text for name, text in REQUIRED.get(runner, {}).items() if importlib.util.find_spec(name) is None]
