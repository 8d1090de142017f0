"""`install`: packages that a model needs, into their private environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radoncai.models.environment_install import in_words, install, recipe_of
from radoncai.worker.protocol import field, optional
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields name, `from` (folder of wheels, null: from the network)."""
    name, source = field(work.request, "name", str), optional(work.request, "from", str)
    recipe = recipe_of(name)
    found = install(name, work.progress, Path(source) if source else None)
    return {"name": name, "text": in_words(recipe, found)}
