"""What would trouble a planning system in an RTSTRUCT or RTPLAN, and whether a written file holds what it should."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.check.facts import SetFacts, facts_of, read_facts
from radoncai.dicom.check.plan import PLAN_CHECKS, read_plan_facts, sets_among
from radoncai.dicom.check.profiles import SEVERITIES, Profile, Rule, load_profile
from radoncai.dicom.check.rules import CHECKS, type_differs
from radoncai.dicom.rtstruct.drawing import DrawnSet
from radoncai.dicom.rtstruct.reader import read_rtstruct

ALL_CHECKS = frozenset({*CHECKS, *PLAN_CHECKS, "type_differs"})


@dataclass(frozen=True)
class Finding:
    """One thing that a planning system may stumble over. `structure` is "" for the file as a whole."""

    severity: str
    check: str
    structure: str
    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.structure}: {self.text}" if self.structure else self.text[:1].upper() + self.text[1:]


@dataclass(frozen=True)
class ReadBack:
    """One structure as it was to be written and as read from the file: voxels, volume in cc, and how they agree.

    `dice` is None where it has contours but no mask.
    """

    name: str
    voxels: int
    voxels_read: int
    dice: float | None
    volume_cc: float
    volume_read_cc: float

    @property
    def same(self) -> bool:
        return self.dice is None or self.dice == 1.0


def check_rtstruct(path: Path, volume: Volume | None = None, profile: Profile | str = "generic",
                   existing: Mapping[str, str] | Path | None = None) -> tuple[Finding, ...]:
    """Findings of a file by the rules of a profile, errors first.

    `volume`: the images, for what lies where; `existing`: ROI names and types that the planning system has already, or
    the RTSTRUCT with them. InputError where the file is no RTSTRUCT.
    """
    return judge(read_facts(path), volume, profile, existing)


def check_drawn(drawn: DrawnSet, volume: Volume, label: str, profile: Profile | str = "generic",
                existing: Mapping[str, str] | Path | None = None) -> tuple[Finding, ...]:
    """Findings of a set before it is written, by the same rules."""
    return judge(facts_of(drawn, label), volume, profile, existing)


def check_rtplan(path: Path, volume: Volume | None = None, profile: Profile | str = "generic",
                 others: Sequence[Path] = ()) -> tuple[Finding, ...]:
    """Findings of an RTPLAN; `others`: files beside it, among which its structure set may be."""
    facts = read_plan_facts(path, sets_among(others))
    return _findings(profile, lambda rule: PLAN_CHECKS[rule.check](facts, rule, volume), PLAN_CHECKS)


def judge(facts: SetFacts, volume: Volume | None, profile: Profile | str,
          existing: Mapping[str, str] | Path | None) -> tuple[Finding, ...]:
    """Findings of a structure set by the rules of a profile, errors first."""
    known = types_in(read_facts(existing)) if isinstance(existing, (str, Path)) else existing or {}
    checks = {**CHECKS, "type_differs": lambda facts, rule, volume: type_differs(facts, known)}
    return _findings(profile, lambda rule: checks[rule.check](facts, rule, volume), checks)


def _findings(profile: Profile | str, said: Callable[[Rule], Iterable[tuple[str, str]]],
              checks: Iterable[str]) -> tuple[Finding, ...]:
    """What the rules of a profile for one kind of file say. InputError where it names a check that is not known."""
    found = []
    for rule in (load_profile(profile) if isinstance(profile, str) else profile).rules:
        if rule.check not in ALL_CHECKS:
            raise InputError(f"A profile names the check {rule.check}, which is not known; mend the profile.")
        if rule.check in checks:
            found += [Finding(rule.severity, rule.check, name, text, rule.source) for name, text in said(rule)]
    return tuple(sorted(found, key=lambda f: SEVERITIES.index(f.severity)))


def read_back(path: Path, structures: StructureSet, volume: Volume) -> tuple[ReadBack, ...]:
    """Each structure that is in the file, compared with what was to be written, voxel for voxel.

    Structures that still have the contours of another file are compared by what those enclose here, so their `dice` is
    1 only where nothing moved. Names are matched in their order in the file.
    """
    found = read_rtstruct(path, volume, same_patient=True)
    left = list(found)
    rows = []
    for s in structures:
        twin = next((t for t in left if t.name.split() == s.name[:64].replace("\\", "/").split()), None)
        if twin is None:
            continue
        left.remove(twin)
        shape = structures.grid.shape
        a, b = (s.full(shape), twin.full(shape)) if s.mask.any() else (None, None)
        dice = None if a is None else 2 * np.count_nonzero(a & b) / (s.voxels + twin.voxels)
        rows.append(ReadBack(s.name, s.voxels, twin.voxels, dice, structures.volume_cc(s),
                             found.volume_cc(twin)))
    return tuple(rows)


def types_in(facts: SetFacts) -> dict[str, str]:
    """Name to interpreted type."""
    return {roi.name: roi.type for roi in facts.rois}


def read_back_sentence(rows: tuple[ReadBack, ...]) -> str:
    """The comparison in one sentence."""
    off = [r for r in rows if not r.same]
    if not off:
        return f"Read back: {len(rows)} structure{'s' * (len(rows) != 1)}, every voxel the same (Dice 1.0000)."
    worst = ", ".join(f"{r.name} {r.dice:.4f}" for r in sorted(off, key=lambda r: r.dice)[:5])
    return f"Read back: {len(off)} of {len(rows)} structures differ from what was written (Dice: {worst})."
