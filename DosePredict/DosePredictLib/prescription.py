"""Which structures are prescribed what dose: guessed from names and roles, kept as NAME=GY."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from radoncai.core.templates import match

TARGET_ROLES = ("ptv", "ctv", "gtv")
USUAL_GY_PER_FRACTION = 2.0


@dataclass(frozen=True)
class Guess:
    """`targets` maps every PTV to its dose in Gy, 0 where its name does not say one; highest first."""

    targets: dict[str, float]
    fractions: int | None


def guess(structures: Iterable[Mapping]) -> Guess:
    """PTVs with the doses that their names say; `structures` are those of a request, the rejected ones left out.

    Fractions are those of 2 Gy at the highest dose, None where the highest is not known.
    """
    found = {s["name"]: level_gy(s["name"]) for s in structures
             if s.get("role") == "ptv" and s.get("status") != "rejected"}
    targets = dict(sorted(found.items(), key=lambda pair: -pair[1]))
    top = max(targets.values(), default=0.0)
    known = bool(targets) and all(targets.values())
    return Guess(targets, max(1, round(top / USUAL_GY_PER_FRACTION)) if known else None)


def level_gy(name: str) -> float:
    """The dose that a target's name says, Gy; 0 where it says none."""
    template = match(name)
    return (template.level_gy or 0.0) if template is not None else 0.0


def addable(structures: Iterable[Mapping], prescribed: Iterable[str]) -> list[str]:
    """Names that could be added, targets first."""
    taken = set(prescribed)
    rest = [(s.get("role") not in TARGET_ROLES, s["name"]) for s in structures if s["name"] not in taken]
    return [name for _, name in sorted(rest, key=lambda pair: pair[0])]


def not_there(structures: Iterable[Mapping], prescribed: Iterable[str]) -> list[str]:
    """Prescribed names without a structure, or with a rejected one."""
    usable = {s["name"] for s in structures if s["status"] != "rejected"}
    return [name for name in prescribed if name not in usable]


def to_texts(pairs: Mapping[str, object]) -> list[str]:
    """NAME=VALUE, as the scene keeps it."""
    return [f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in pairs.items()]


def from_texts(texts: Sequence[str]) -> dict[str, str]:
    """Back from NAME=VALUE; a name may hold a =."""
    return dict(text.rsplit("=", 1) for text in texts if "=" in text)


def doses_from_texts(texts: Sequence[str]) -> dict[str, float]:
    """Back from NAME=GY."""
    return {name: float(value) for name, value in from_texts(texts).items()}


def summary(targets: Mapping[str, float], fractions: int) -> str:
    """70 / 56 Gy in 35 fractions, for the folded section."""
    levels = " / ".join(f"{gy:g}" for gy in sorted({gy for gy in targets.values() if gy}, reverse=True))
    return _("{levels} Gy in {n} fractions").format(levels=levels, n=fractions) if levels else ""
