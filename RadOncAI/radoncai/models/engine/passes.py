"""One tile through all members of an ensemble, straight and mirrored: the mean of what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from radoncai.core.errors import InputError, ModelError
from radoncai.core.progress import Progress
from radoncai.models.options import RunOptions
from radoncai.models.runners import TileRunner
from radoncai.models.spec import ModelSpec


def mean_of_passes(spec: ModelSpec, runner: TileRunner, options: RunOptions,
                   progress: Progress) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """A function from (channels, k, j, i) to (outputs, k, j, i) after the activation, and how many passes it averages.

    Raises InputError for flips or members that the model does not have.
    """
    flips = options.flips or spec.flips_always
    if flips and not (spec.flips or spec.flips_always):
        raise InputError(f"The model {spec.name} was not made to be run mirrored; leave flips out.")
    members = chosen(spec, runner, options.folds)
    activate, swap = activation(spec.activation), mirrored_order(spec)
    flat = spec.patch is not None and len(spec.patch) == 2

    def one(tile: np.ndarray, member: int | None) -> np.ndarray:
        given = tile[:, 0] if flat else tile
        out = runner.run(given, progress) if member is None else runner.run_member(member, given, progress)
        if len(out) != len(swap):
            raise ModelError(f"The model {spec.name} gives {len(out)} outputs; its model.json names {len(swap)}.")
        return activate(out[:, None] if flat else out)

    def run(tile: np.ndarray) -> np.ndarray:
        total = None
        for member in members:
            out = one(tile, member)
            total = out if total is None else total + out
            if flips:
                total = total + one(np.ascontiguousarray(tile[..., ::-1]), member)[..., ::-1][swap]
        return total if passes == 1 else total / np.float32(passes)

    passes = len(members) * (2 if flips else 1)
    return run, passes


def chosen(spec: ModelSpec, runner: TileRunner, folds: tuple[int, ...] | None) -> list[int | None]:
    """Members by number; [None] for a model without. Raises InputError for numbers that there are not."""
    there = getattr(runner, "members", 0)
    if not there:
        if folds not in (None, (0,)):
            raise InputError(f"The model {spec.name} is one network, no ensemble; leave the folds out.")
        return [None]
    wanted = list(range(there)) if folds is None else list(dict.fromkeys(folds))
    if not wanted or any(not 0 <= n < there for n in wanted):
        raise InputError(f"The model {spec.name} has the folds 0 to {there - 1}; choose among these.")
    return wanted


def mirrored_order(spec: ModelSpec) -> list[int]:
    """For each output channel the channel it becomes in a mirror: organs whose names end in _L and _R swap."""
    names = (["background"] if spec.activation == "softmax" else []) + list(spec.names)
    swap = {"_L": "_R", "_R": "_L"}
    partner = [name[:-2] + swap[name[-2:]] if name[-2:] in swap else name for name in names]
    return [names.index(p) if p in names else n for n, p in enumerate(partner)]


def activation(kind: str) -> Callable[[np.ndarray], np.ndarray]:
    """sigmoid, softmax over the first axis, or the numbers as they are."""
    if kind == "sigmoid":
        return lambda x: 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    if kind == "softmax":
        def softmax(x: np.ndarray) -> np.ndarray:
            e = np.exp(x - x.max(axis=0))
            return e / e.sum(axis=0)
        return softmax
    return lambda x: x
