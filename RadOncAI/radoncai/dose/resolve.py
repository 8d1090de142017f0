"""Which structure of a patient a goal is about: by level for targets, by standard name, by side, or joined of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from radoncai.core.dose import Prescription
from radoncai.core.templates import match, plain
from radoncai.dose.dvh import Dvh, joined

_PAIRS = {"Lungs": "Lung", "Kidneys": "Kidney", "Parotids": "Parotid", "Hippocampi": "Hippocampus"}
_SAME_GY = 0.05
_MIDLINE_MM = 10.0
_PAIRED_FOR_MIDLINE = ("Parotid", "Eye", "Lung", "Breast", "Kidney", "Femur_Head", "Glnd_Submand")


@dataclass(frozen=True)
class Found:
    """The structures a goal is about; without any, the reason why; beside them, what was taken for what."""

    dvhs: tuple[Dvh, ...] = ()
    reason: str = ""


def with_prescription(dvhs: Sequence[Dvh], prescription: Prescription | None) -> tuple[Dvh, ...]:
    """The DVHs, the targets with the dose prescribed to them."""
    targets = prescription.targets if prescription else {}
    return tuple(replace(d, prescription_gy=targets.get(d.structure, d.prescription_gy)) for d in dvhs)


def find_structures(name: str, dvhs: Sequence[Dvh]) -> Found:
    """Structures for a goal's name.

    A target with a level (`PTV70`) is every target of its kind prescribed that dose whatever its name, or named so
    where nothing is prescribed; a target without level (`PTV`) is the one of the highest dose. `_Ipsi` and `_Contra`
    follow the side of that target; Lungs, Kidneys and Parotids are joined of left and right where they are not drawn.
    """
    asked = match(name)
    exact = [d for d in dvhs if d.structure == name]
    if asked is not None and asked.role in ("ptv", "ctv", "gtv") and (asked.level_gy or not exact):
        return _targets(name, asked.role, asked.level_gy, dvhs)
    if name.endswith(("_Ipsi", "_Contra")) and not exact:
        return _by_side(name, dvhs)
    same = exact or [d for d in dvhs if plain(standard_name(d)) == plain(asked.name if asked else name)]
    if len(same) == 1:
        said = "" if same[0].structure in (name, asked.name if asked else name) else f"{same[0].structure} is {name}"
        return Found((same[0],), said)
    if same:
        return Found(reason=f"{' and '.join(d.structure for d in same)} could both be {name}")
    return _joined_pair(name, dvhs)


def standard_name(dvh: Dvh) -> str:
    """The TG-263 name of a DVH's structure, "" where it is not known."""
    found = None if dvh.standard_name else match(dvh.structure)
    return dvh.standard_name or (found.name if found else "")


def _targets(name: str, role: str, level: float | None, dvhs: Sequence[Dvh]) -> Found:
    of_role = [d for d in dvhs if d.role == role]
    known = {d.structure: d.prescription_gy or _named_level(d) for d in of_role}
    if level is None and name not in ("PTV", "CTV", "GTV"):
        same = tuple(d for d in of_role if standard_name(d) == name)
        return Found(same, "" if same else f"there is no {name}")
    if level is None:
        level = max((v for v in known.values() if v), default=None)
        if level is None:
            return Found(tuple(of_role)) if len(of_role) == 1 else Found(reason=f"which {name} is meant is not known")
    hits = tuple(d for d in of_role if known[d.structure] and abs(known[d.structure] - level) < _SAME_GY)
    if hits:
        return Found(hits)
    return Found(reason=f"no {role.upper()} is prescribed {level:g} Gy")


def _named_level(dvh: Dvh) -> float | None:
    found = match(dvh.structure)
    return found.level_gy if found else None


def _joined_pair(name: str, dvhs: Sequence[Dvh]) -> Found:
    root = _PAIRS.get(name)
    if root is None:
        return Found(reason=f"there is no {name}")
    sides = [find_structures(f"{root}_{side}", dvhs) for side in "LR"]
    if all(len(s.dvhs) == 1 for s in sides):
        parts = [s.dvhs[0] for s in sides]
        return Found((joined(parts, name),), f"joined of {parts[0].structure} and {parts[1].structure}")
    return Found(reason=f"there is no {name}")


def _by_side(name: str, dvhs: Sequence[Dvh]) -> Found:
    root, _, which = name.rpartition("_")
    side = target_side(dvhs)
    if side is None:
        return Found(reason="the side of the target is not clear")
    other = {"L": "R", "R": "L"}[side]
    found = find_structures(f"{root}_{side if which == 'Ipsi' else other}", dvhs)
    return replace(found, reason="; ".join(r for r in (found.reason, f"the target is on the {_word(side)}") if r))


def target_side(dvhs: Sequence[Dvh]) -> str | None:
    """"L" or "R" where the highest target lies 10 mm or more beside the middle between paired organs, else None."""
    targets = [d for d in dvhs if d.role == "ptv" and d.centroid_lps]
    by_name = {standard_name(d): d for d in dvhs if d.centroid_lps}
    pair = next((p for p in _PAIRED_FOR_MIDLINE if f"{p}_L" in by_name and f"{p}_R" in by_name), None)
    if not targets or pair is None:
        return None
    highest = max(targets, key=lambda d: d.prescription_gy or _named_level(d) or 0.0)
    middle = (by_name[f"{pair}_L"].centroid_lps[0] + by_name[f"{pair}_R"].centroid_lps[0]) / 2
    offset = highest.centroid_lps[0] - middle
    return None if abs(offset) < _MIDLINE_MM else "L" if offset > 0 else "R"


def _word(side: str) -> str:
    return {"L": "left", "R": "right"}[side]
