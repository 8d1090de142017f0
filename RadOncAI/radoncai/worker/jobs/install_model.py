"""`install_model`: a model's folder, archive or file into the catalogue; or a folder that stays where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radoncai.models.catalogue import find, verify
from radoncai.models.install.describing import facts_from
from radoncai.models.install.installing import add, install
from radoncai.worker.jobs.models import row
from radoncai.worker.protocol import field, optional
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields path, agreed (kinds; null: none), facts (words as the command's options), stay (true: only look there)."""
    path = Path(field(work.request, "path", str))
    if work.request.get("stay"):
        found = add(path)
    else:
        found = [install(path, agreed=optional(work.request, "agreed", list) or (), progress=work.progress,
                         facts=facts_from(optional(work.request, "facts", dict) or {}))]
    return {"models": [row(f, find(f.name).id == f.id) for f in found],
            "findings": [text for f in found for text in verify(f)]}
