"""Masked loss for independent organs of which some are unknown."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMOOTH = 20.0
ABSENT = 0.25
BCE_SHARE = 10.0


def masked_loss(logits: Tensor, target: Tensor, weight: Tensor, positive: float) -> Tensor:
    """Soft Dice (1 - Dice, mean of organs) plus weighted cross entropy; all (n, organs, k, j, i).

    `weight` 0 marks voxels where nobody knows; `positive` weighs organ voxels in the cross entropy. An organ that
    is known but not in the patch counts little in the Dice term: it is there to keep false positives down.
    """
    spatial = (2, 3, 4)
    probability = torch.sigmoid(logits) * weight
    overlap = (probability * target).sum(spatial)
    present = (target * weight).sum(spatial)
    dice = (2 * overlap + SMOOTH) / (probability.sum(spatial) + present + SMOOTH)
    share = torch.where(present > 0, 1.0, ABSENT) * (weight.mean(spatial) > 0.5)
    dice_loss = ((1 - dice) * share).sum() / share.sum().clamp(min=1e-3)
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = entropy * weight * (1 + (positive - 1) * target)
    return dice_loss + BCE_SHARE * entropy.sum() / weight.sum().clamp(min=1.0)
