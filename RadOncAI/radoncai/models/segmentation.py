"""What a model found on an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.core.structures import Box


@dataclass(frozen=True, eq=False)
class Found:
    """A structure on the image's grid: `mask` covers `box`.

    `uncertainty`: voxels with a probability between 0.2 and 0.8 as a share of the structure's voxels, on the model's
    grid. `entropy`: mean entropy in bits of the structure's voxels there, 0 (sure) to 1 (a coin's toss); both are
    None where the model gives no probabilities, `entropy` also where nobody asked for it.
    """

    mask: np.ndarray
    box: Box
    uncertainty: float | None = None
    entropy: float | None = None


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a model found; `missing` maps the names it did not find to the reason.

    `entropy` is uint8 [k, j, i] on the image's grid, 0 .. 255 = 0 .. 1 bit: of each voxel's structures the least sure
    one. `passes` counts the networks times mirrorings times grids that were averaged, `mirrored` says whether there
    were mirrorings.
    """

    found: dict[str, Found]
    missing: dict[str, str]
    entropy: np.ndarray | None = None
    passes: int = 1
    mirrored: bool = False
