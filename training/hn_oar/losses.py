"""Masked loss for independent organs of which some are unknown, with its gradient written out: half the time."""

from __future__ import annotations

import torch
from torch import Tensor

SMOOTH = 20.0
ABSENT = 0.25
ENTROPY_SHARE = 10.0


def dice_loss(logits: Tensor, target: Tensor, weight: Tensor, positive: float) -> tuple[float, Tensor]:
    """Soft Dice loss (1 - Dice, mean of organs), and the gradient at the logits of it plus weighted cross entropy.

    All (n, organs, k, j, i). `weight` 0 marks voxels where nobody knows; `positive` weighs organ voxels in the cross
    entropy, which counts ENTROPY_SHARE times. An organ that is known but not in the patch counts little in the Dice
    term: it is there to keep false positives down.
    """
    spatial = (2, 3, 4)
    chance = torch.sigmoid(logits)
    present = (target * weight).sum(spatial, keepdim=True)
    seen = chance * weight
    top = 2 * (seen * target).sum(spatial, keepdim=True) + SMOOTH
    bottom = seen.sum(spatial, keepdim=True) + present + SMOOTH
    share = torch.where(present > 0, 1.0, ABSENT) * (weight.mean(spatial, keepdim=True) > 0.5)
    share = share / share.sum().clamp(min=1e-3)
    slope = (target * (-2 * share / bottom)).add_(share * top / bottom**2).mul_(seen).mul_(1 - chance)
    entropy = (chance - target).mul_(weight).mul_(target * (positive - 1) + 1)
    slope.add_(entropy, alpha=ENTROPY_SHARE / max(float(weight.sum()), 1.0))
    return float(((1 - top / bottom) * share).sum()), slope
