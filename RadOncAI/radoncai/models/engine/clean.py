"""The clean-up rules that `model.json` declares for a structure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from radoncai.core import morphology
from radoncai.core.errors import ModelError
from radoncai.core.structures import Box, bounding_box, within
from radoncai.models.spec import ModelSpec

RULES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "largest_component": morphology.largest_component,
    "fill_holes": morphology.fill_holes_in_slices,
}


def clean(mask: np.ndarray, spec: ModelSpec, name: str) -> np.ndarray:
    """The mask after the rules in the order declared. Raises ModelError for a rule that is unknown."""
    for rule in spec.postprocess.get(name, ()):
        if rule not in RULES:
            raise ModelError(f"The model {spec.name} asks for the clean-up rule {rule}, which is unknown here.")
        mask = RULES[rule](mask)
    return mask


def cleaned(mask: np.ndarray, spec: ModelSpec, name: str, box: Box | None = None) -> tuple[np.ndarray, Box] | None:
    """What the rules leave of a mask that covers `box` (None: the image), cut to it, and its box; None if nothing.

    Raises ModelError for a rule that is unknown.
    """
    mask = clean(mask, spec, name)
    inner = bounding_box(mask)
    if inner is None:
        return None
    return np.ascontiguousarray(mask[inner]), inner if box is None else within(inner, box)
