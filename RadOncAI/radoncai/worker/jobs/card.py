"""`card`: a model's card in sections, and as a page to open or print."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from radoncai import __version__
from radoncai.models.card import gaps
from radoncai.models.catalogue import find
from radoncai.report.card import write_card
from radoncai.report.card_sections import figures, sections
from radoncai.worker.protocol import field
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Field model (NAME or NAME@VERSION); `file` lies in the job's folder, `gaps` are fields that the card lacks."""
    folder = find(field(work.request, "model", str))
    path = work.folder / "card.html"
    write_card(path, folder, version=__version__)
    return {"model": folder.id, "name": folder.name, "version": folder.version, "title": folder.title,
            "sections": [asdict(s) for s in sections(folder.card)],
            "figures": [asdict(f) for f in figures(folder.card.get("metrics"))],
            "gaps": gaps(folder.card, folder.model.task), "file": path.name}
