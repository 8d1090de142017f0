"""`agree`: a person agreed to what a model asks for."""

from __future__ import annotations

from typing import Any

from radoncai.models.agreements import needed, record
from radoncai.models.catalogue import find
from radoncai.worker.protocol import field, optional
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields model (NAME or NAME@VERSION), kinds (code, licence; null: all that is asked for)."""
    folder = find(field(work.request, "model", str))
    kinds = optional(work.request, "kinds", list)
    given = record(folder, [a.kind for a in needed(folder)] if kinds is None else [str(k) for k in kinds])
    return {"model": folder.id, "agreed": list(given)}
