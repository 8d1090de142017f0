"""`install_model`: a model's folder, archive or file into the catalogue; or a folder that stays where it is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from radoncai.models.card import check_rows, missing_fields
from radoncai.models.catalogue import ModelFolder, damages, find
from radoncai.models.install.describing import facts_from
from radoncai.models.install.installing import NotAgreed, add, install
from radoncai.worker.jobs.models import row
from radoncai.worker.protocol import field, optional
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields path, agreed (kinds; null: none), facts (words as the command's options), stay (true: only look there).

    Where a licence must be agreed to first nothing is kept, and `agreements` says what to.
    """
    path = Path(field(work.request, "path", str))
    try:
        found = add(path) if work.request.get("stay") else [
            install(path, agreed=optional(work.request, "agreed", list) or (), progress=work.progress,
                    facts=facts_from(optional(work.request, "facts", dict) or {}))]
    except NotAgreed as wanted:
        return {"models": [], "findings": [], "agreements": [asdict(a) for a in wanted.agreements]}
    return {"models": [row(f, find(f.name).id == f.id) for f in found],
            "findings": [text for f in found for text in _findings(f)], "agreements": []}


def _findings(folder: ModelFolder) -> list[str]:
    """What `verify` finds, the fields that a card lacks in one line."""
    lacking = missing_fields(folder.card)
    return [*damages(folder), *([f"the card of {folder.id} lacks {', '.join(lacking)}"] if lacking else ()),
            *(f"{folder.id}: card.json: {text}" for text in check_rows(folder.card))]
