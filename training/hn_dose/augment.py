"""Random views of a cached patient that keep the nine beams where they are."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from radoncai.dose.channels import NAMES, ORGANS

CT, DISTANCES = NAMES.index("ct"), [NAMES.index(n) for n in ("distance", "distance_mid", "distance_high")]
ORGAN_FIRST = NAMES.index(ORGANS[0])
SIDES = (NAMES.index("Parotid_R"), NAMES.index("Parotid_L"))


def mirrored(x: Tensor) -> Tensor:
    """[c, k, j, i] seen in a mirror: left-right flipped, parotids swapped."""
    order = list(range(len(x)))
    order[SIDES[0]], order[SIDES[1]] = order[SIDES[1]], order[SIDES[0]]
    return x.flip(3)[order]


def turned(x: Tensor, degrees: float, zoom: float) -> Tensor:
    """Rotated in the slice about the box's centre and magnified; outside is air, far from targets, without dose."""
    h, w = x.shape[2:]
    side = (max(h, w), max(h, w)) if degrees else (h, w)
    c, s = np.cos(np.deg2rad(degrees)) / zoom, np.sin(np.deg2rad(degrees)) / zoom
    y, z = torch.meshgrid(*(torch.arange(n) - (n - 1) / 2 for n in side), indexing="ij")
    grid = torch.stack([(c * z - s * y) / ((w - 1) / 2), (s * z + c * y) / ((h - 1) / 2)], -1)
    shift = torch.zeros(len(x), 1, 1, 1)
    shift[CT], shift[DISTANCES] = 1.0, -1.0
    planes = functional.grid_sample((x + shift).permute(1, 0, 2, 3), grid[None].expand(x.shape[1], -1, -1, -1).float(),
                                    align_corners=True)
    out = planes.permute(1, 0, 2, 3) - shift
    scaled = out[DISTANCES]
    out[DISTANCES] = torch.where(scaled.abs() < 1, scaled * zoom, scaled).clamp(-1, 1)
    return trimmed(out)


def trimmed(x: Tensor) -> Tensor:
    """Without the rows and columns that hold nothing of the region (the last channel)."""
    seen = x[-1].amax(0) > 0.5
    rows, columns = (torch.nonzero(seen.any(a)).ravel() for a in (1, 0))
    return x[:, :, int(rows[0]):int(rows[-1]) + 1, int(columns[0]):int(columns[-1]) + 1]


def augment(x: Tensor, rng: np.random.Generator) -> Tensor:
    """One random view: mirror, multiples of 40 degrees, zoom, CT noise and offset, organs and CT left out."""
    if rng.random() < 0.5:
        x = mirrored(x)
    angle = 40.0 * rng.integers(1, 9) if rng.random() < 0.4 else 0.0
    zoom = rng.uniform(0.93, 1.07) if rng.random() < 0.4 else 1.0
    if angle or zoom != 1.0:
        x = turned(x, angle, zoom)
    else:
        x = x.clone()
    if rng.random() < 0.5:
        x[CT] += rng.normal(0, 0.03) + torch.randn_like(x[CT]) * rng.uniform(0, 0.04)
    for organ in range(ORGAN_FIRST, ORGAN_FIRST + len(ORGANS)):
        if rng.random() < 0.05:
            x[organ] = 0
    return x
