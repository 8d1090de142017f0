"""Whether a head-and-neck dose model may speak about a patient: its limits are data of the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from radoncai.core.dose import Prescription


def refusals(
    limits: dict[str, Any],
    prescription: Prescription,
    target: np.ndarray,
    body: np.ndarray,
    spacing_mm: tuple[float, float, float],
) -> list[str]:
    """What the model was not made for, a sentence each; empty where it applies.

    `limits` is the `applicability` of model.json; `target` and `body` are masks [k, j, i] of one shape.
    """
    return [*_levels(limits, prescription), *_site(limits, target, body, spacing_mm)]


def doubts(limits: dict[str, Any], prescription: Prescription, organs: list[str]) -> list[str]:
    """What makes a prediction less certain without forbidding it."""
    out = []
    known = limits.get("fractions")
    if prescription.fractions is None:
        out.append("The number of fractions was not given; goals with a fractionation read unknown.")
    elif known and not known[0] <= prescription.fractions <= known[1]:
        out.append(
            f"The model was trained on {known[0]} to {known[1]} fractions, this prescription has "
            f"{prescription.fractions}."
        )
    missing = [name for name in limits.get("organs", []) if name not in organs]
    if missing:
        out.append(f"Without {', '.join(missing)} the model does not know what to spare there.")
    return out


def _levels(limits: dict[str, Any], prescription: Prescription) -> list[str]:
    highest, lower = limits.get("highest_level_gy"), limits.get("lower_levels_gy")
    top, *rest = prescription.levels
    if highest and not highest[0] <= top <= highest[1]:
        return [f"the highest prescribed dose is {top:g} Gy, the model knows {highest[0]:g} to {highest[1]:g} Gy"]
    outside = [v for v in rest if lower and not lower[0] <= v <= lower[1]]
    if outside:
        return [
            f"the prescribed level {outside[0]:g} Gy lies outside the {lower[0]:g} to {lower[1]:g} Gy that the model "
            "knows below the highest"
        ]
    return []


def _site(
    limits: dict[str, Any], target: np.ndarray, body: np.ndarray, spacing_mm: tuple[float, float, float]
) -> list[str]:
    """The neck is the narrowest place of the trunk: a target whose narrowest slice is wide lies elsewhere."""
    most = limits.get("widest_neck_cm2")
    where = target.any(axis=(1, 2))
    if not most or not where.any():
        return []
    section = body[where].sum(axis=(1, 2)).min() * spacing_mm[1] * spacing_mm[2] / 100
    if section <= most:
        return []
    return [
        f"the targets do not lie in the head and neck (the narrowest body section beside them has {section:.0f} cm2, "
        f"necks have up to {most:g} cm2)"
    ]
