"""The classical model `body`: External and lungs on any CT."""

from __future__ import annotations

import numpy as np

from radoncai.contour.body import external
from radoncai.contour.lungs import lungs
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.engine.orientation import to_lps
from radoncai.models.runners.classical import register


@register("body")
def body(volume: Volume, progress: Progress) -> dict[str, np.ndarray | str]:
    """External, Lung_L, Lung_R as masks on the volume's grid, or the reason why there is none."""
    turned, turn = to_lps(volume)
    outline = external(turned.array, turned.grid, progress)
    if not outline.any():
        reason = "nothing denser than air on this image"
        return {"External": reason, "Lung_L": reason, "Lung_R": reason}
    parts = {"External": outline, **lungs(turned.array, outline, turned.grid, progress)}
    return {name: part if isinstance(part, str) else turn.undo(part) for name, part in parts.items()}
