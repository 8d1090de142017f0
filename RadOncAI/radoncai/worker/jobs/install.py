"""`install`: packages that a model needs, into their private environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radoncai.models.install.environment_install import bring
from radoncai.worker.protocol import field, optional
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields name, `from` (folder of wheels and weights, null: from the network)."""
    name, source = field(work.request, "name", str), optional(work.request, "from", str)
    return {"name": name, "text": " ".join(bring(name, work.progress, Path(source) if source else None))}
