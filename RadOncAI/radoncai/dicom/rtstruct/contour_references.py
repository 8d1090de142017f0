"""The images that contours name, beside the images that are there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.structures import Contour
from radoncai.core.volume import Volume

_ON_IMAGE_MM = 0.5


def reference_remarks(contours: Sequence[Contour], series_uid: str, volume: Volume) -> tuple[str, ...]:
    """Sentences about references that are missing or wrong. Position decides in every case."""
    source = volume.source
    planes = source.planes
    images = planes.slices if planes else source.slices
    grid = planes.grid if planes else volume.grid
    places = {uid: k for k, (_, uid) in enumerate(images) if uid}
    if not places or not contours:
        return ()
    named = [c for c in contours if c.image_uid]
    said = []
    if not named:
        said.append("The contours name no images; they were placed by their position.")
    elif unknown := sum(c.image_uid not in places for c in named):
        which = "The" if unknown == len(named) else f"{unknown}"
        said.append(f"{which} contours name images that are not in this series; they were placed by their position.")
    known = [c for c in named if c.image_uid in places] if not source.frames and (planes is None or not planes.frames) \
        else []
    off = sum(_away_mm(c, places[c.image_uid], grid) > _ON_IMAGE_MM for c in known)
    if off:
        said.append(f"{off} contours do not lie on the image that they name; their position was taken.")
    if series_uid and source.series_uid and series_uid != source.series_uid:
        said.append("The structure set was drawn on another series of this frame of reference.")
    return tuple(said)


def _away_mm(contour: Contour, k: int, grid: Grid) -> float:
    index = grid.to_index(contour.points[:1])
    return float(abs(index[0, 2] - k) * grid.spacing_mm[0]) if len(index) else np.inf
