"""Keep a case with a model, repeat those that are kept, and say what changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from radoncai import __version__
from radoncai.cases.case import Case, Kept, load, places, write
from radoncai.cases.inputs import Input, is_drawn, open_input
from radoncai.cases.measure import measure
from radoncai.core.errors import Cancelled, RadOncAIError
from radoncai.core.progress import Progress
from radoncai.core.structures import Box
from radoncai.models.agreements import fingerprint
from radoncai.models.catalogue import ModelFolder

# least Dice of an unchanged structure, voxels that may differ in a small one; largest difference of an unchanged number
SAME_DICE, SAME_VOXELS = 0.995, 3
SAME = {"Gy": 0.05, "mm": 0.5, "HU": 0.5, "cm2": 0.5, "": 0.5}


@dataclass(frozen=True)
class Change:
    """A structure or number that is not what was kept; `dice` of structures that both runs have."""

    name: str
    text: str
    dice: float | None = None
    before: float | None = None
    now: float | None = None


@dataclass(frozen=True)
class Repeat:
    """One case repeated: `unchanged` and `changes`; `problem` where it could not be run or compared, `note` beside."""

    model: str
    case: str
    unchanged: int
    changes: tuple[Change, ...]
    problem: str = ""
    note: str = ""


def keep(folder: ModelFolder, name: str, recipe: Mapping[str, Any], *, in_model: bool = False, device: str = "auto",
         progress: Progress | None = None) -> tuple[Case, Path]:
    """Run the model on the input and keep what it gives, for this user or in the model's own folder.

    Raises InputError, ModelError, PlatformError, Cancelled; then an earlier case of the name stays.
    """
    progress = progress or Progress()
    progress.step("preparing the case")
    given = open_input(recipe)
    results = measure(folder, given, device, progress)
    case = Case(re.sub(r"[^\w.-]+", "_", name), dict(recipe), given.fingerprint, folder.id, fingerprint(folder),
                __version__, date.today().isoformat(), results)
    return case, write(case, places(folder)[0 if in_model else 1])


def repeat(folder: ModelFolder, *, device: str = "auto", progress: Progress | None = None,
           inputs: dict[str, Input] | None = None) -> list[Repeat]:
    """Repeat all cases of a model; a case that fails is told and the next one is run. Raises Cancelled.

    `inputs` keeps drawn patients between models.
    """
    progress = progress or Progress()
    return [_repeated(folder, case, device, progress, {} if inputs is None else inputs) for case in load(folder)]


def changes(before: Mapping[str, Kept], now: Mapping[str, Kept]) -> tuple[Change, ...]:
    """What differs by more than two runtimes may: Dice below 0.995 (a few voxels in a small structure), and so on."""
    found = [_change(name, before.get(name), now.get(name)) for name in dict.fromkeys([*before, *now])]
    return tuple(change for change in found if change)


def _repeated(folder: ModelFolder, case: Case, device: str, progress: Progress, inputs: dict[str, Input]) -> Repeat:
    empty = Repeat(folder.id, case.name, 0, ())
    progress.step(f"repeating {case.name} with {folder.id}")
    try:
        key = repr(sorted(case.input.items()))
        given = inputs.get(key) or open_input(case.input)
        if is_drawn(case.input):
            inputs[key] = given
        elif given.fingerprint != case.image:
            return replace(empty, problem="its image has changed since it was kept; keep the case again")
        now = measure(folder, given, device, progress)
    except Cancelled:
        raise
    except RadOncAIError as problem:
        return replace(empty, problem=str(problem))
    found = changes(case.results, now)
    note = "" if given.fingerprint == case.image else "the sample patient is drawn differently by this version"
    return Repeat(folder.id, case.name, len(case.results) - sum(c.name in case.results for c in found), found, "", note)


def _change(name: str, before: Kept | None, now: Kept | None) -> Change | None:
    if before is None or (before.value is None and now is not None and now.value is not None):
        return Change(name, f"is new, {now.value:g} {now.unit}", now=now.value)
    if now is None or (now.value is None and before.value is not None):
        why = f" ({now.reason})" if now is not None and now.reason else ""
        return Change(name, f"is gone{why}; it was {before.value:g} {before.unit}", before=before.value)
    if before.value is None or now.value is None:
        return None
    if before.mask is not None and now.mask is not None:
        return _shape_change(name, before, now)
    limit = max(SAME.get(before.unit, 0.0), 0.005 * abs(before.value) if before.unit == "cm2" else 0.0)
    if abs(now.value - before.value) <= limit:
        return None
    return Change(name, f"{before.value:g} to {now.value:g} {before.unit}", None, before.value, now.value)


def _shape_change(name: str, before: Kept, now: Kept) -> Change | None:
    whole = tuple(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(before.box, now.box, strict=True))
    first, second = _within(before, whole), _within(now, whole)
    dice = 2 * int((first & second).sum()) / int(first.sum() + second.sum())
    if dice >= SAME_DICE or int((first ^ second).sum()) <= SAME_VOXELS:
        return None
    moved = float(np.linalg.norm(np.subtract(now.center_mm, before.center_mm)))
    more = 100 * (now.value / before.value - 1)
    text = f"Dice {dice:.3f} with what was kept, volume {before.value:.1f} to {now.value:.1f} cc ({more:+.1f} %), " \
           f"centre moved by {moved:.1f} mm"
    return Change(name, text, round(dice, 4), before.value, now.value)


def _within(kept: Kept, box: Box) -> np.ndarray:
    """The mask in a box that contains its own."""
    out = np.zeros([b.stop - b.start for b in box], bool)
    out[tuple(slice(own.start - b.start, own.stop - b.start) for own, b in zip(kept.box, box, strict=True))] = kept.mask
    return out
