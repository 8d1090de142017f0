"""`models`: what can be chosen for a task, and why a model cannot be."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from radoncai.models import agreements, ready
from radoncai.models.catalogue import ModelFolder, catalogue, place_of, scan, versions, words
from radoncai.worker import typical
from radoncai.worker.protocol import optional
from radoncai.worker.work import Work

JOB_OF = {"contour": "contour", "dose": "dose", "tissue": "bodycomp"}


def run(work: Work) -> dict[str, Any]:
    """All versions of all models of `task` (null: of every task), the broken ones with what is wrong."""
    task = optional(work.request, "task", str)
    chosen = {f.id for f in catalogue().values()}
    rows = [row(f, f.id in chosen) for f in versions() if task in (None, f.model.task)]
    broken = [str(problem) for problem in scan()[1].values()]
    return {"models": rows, "broken": broken}


def row(folder: ModelFolder, default: bool) -> dict[str, Any]:
    """One version of a model; `default`: the plain name stands for this version."""
    spec, why_not, missing = folder.model, ready.why_not(folder), ready.missing_packages(folder.model.runner)
    return {"id": folder.id, "name": folder.name, "version": folder.version, "title": folder.title,
            "default": default, "place": place_of(folder), "task": spec.task, "runner": spec.runner,
            "modality": spec.modality, "sites": spec.sites, "structures": spec.names,
            "images": [asdict(i) for i in spec.images],
            "experimental": bool(folder.card.get("experimental")) or "experimental" in folder.title.lower(),
            "licence": spec.licence, "agreements": [asdict(a) for a in agreements.needed(folder)],
            "flips": spec.flips, "flips_always": spec.flips_always, "spreads": spec.spreads,
            "memory_mb": spec.memory_mb, "search": words(folder),
            "expected_s": typical.expected_s(JOB_OF.get(spec.task, ""), folder.name),
            "card": folder.card, "usable": not why_not, "why_not": why_not or None,
            "missing": missing, "needs": ready.install(folder) or next(iter(missing), None)}

