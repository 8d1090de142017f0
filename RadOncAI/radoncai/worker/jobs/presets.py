"""`presets`: the site presets, and what of each can run here."""

from __future__ import annotations

from typing import Any

from radoncai.contour.presets.choose import preset_row
from radoncai.contour.presets.preset import preset_files, read_preset
from radoncai.core.errors import InputError
from radoncai.worker.words import for_panel
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """All presets; the broken ones as sentences. What a person must agree to first counts as there: a panel asks."""
    rows, broken = [], []
    for path in preset_files().values():
        work.progress.step("reading the presets")
        try:
            row = preset_row(read_preset(path), agreed=True)
            rows.append({**row, "structures": [{**s, "why_not": for_panel(s["why_not"])} for s in row["structures"]]})
        except InputError as problem:
            broken.append(str(problem))
    return {"presets": rows, "broken": broken}
