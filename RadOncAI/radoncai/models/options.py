"""How a person wants a model to be run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunOptions:
    """`flips`: also run mirrored and take the mean; `uncertainty`: also give entropies; `override`: run on an image
    outside the model's applicability; `folds`: which members of an ensemble, by number (None: all).
    """

    device: str = "auto"
    flips: bool = False
    uncertainty: bool = False
    override: bool = False
    folds: tuple[int, ...] | None = None


PLAIN = RunOptions()
