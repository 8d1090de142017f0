"""Which structure a dose model takes for what, said before it runs, so that a person can object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.core.dose import Prescription
from radoncai.core.structures import StructureSet
from radoncai.core.templates import match
from radoncai.dose.applicability import doubts, refusals
from radoncai.dose.job import check_targets, organ_names
from radoncai.models.catalogue import ModelFolder

SAME_GY = 0.05
NOTHING = np.zeros((1, 1, 1), bool)


@dataclass(frozen=True)
class ChannelMatch:
    """`how`: exact = the structure's own name is the standard one; alias = another name of it; level = a target that
    is known by its prescribed dose alone. `channel` is the organ's name, "body", or a target's level such as "70 Gy".
    """

    structure: str
    channel: str
    how: str


def channel_map(structures: StructureSet, prescription: Prescription) -> tuple[ChannelMatch, ...]:
    """Targets of the prescription first, highest level first, then organs and body; masks are not looked at."""
    targets = sorted(prescription.targets.items(), key=lambda pair: -pair[1])
    rows = [ChannelMatch(name, f"{gy:g} Gy", _how_target(name, gy)) for name, gy in targets]
    for have, wanted in organ_names(structures).items():
        rows.append(ChannelMatch(have, wanted, "exact" if have == wanted else "alias"))
    outside = next((s for s in structures if s.role == "external"), None)
    if outside is not None:
        rows.append(ChannelMatch(outside.name, "body", "exact" if outside.name == "External" else "alias"))
    return tuple(rows)


def unconfirmed(rows: tuple[ChannelMatch, ...], prescription: Prescription, confirmed: dict[str, str]) -> list[str]:
    """Targets that are not matched by their exact name and that nobody confirmed for just this channel."""
    return [r.structure for r in rows
            if r.structure in prescription.targets and r.how != "exact" and confirmed.get(r.structure) != r.channel]


def objections(structures: StructureSet, prescription: Prescription, model: ModelFolder) -> tuple[list[str], list[str]]:
    """(refusals, doubts) that names, roles and prescription alone give; the masks may bring more."""
    check_targets(structures, prescription)
    limits = model.model.applicability
    organs = list(organ_names(structures).values())
    said = [_sentence(text) for text in refusals(limits, prescription, NOTHING, NOTHING, (1.0, 1.0, 1.0))]
    return said, [*_levels_in_names(prescription), *doubts(limits, prescription, organs)]


def _how_target(name: str, gy: float) -> str:
    template = match(name)
    if template is None or template.level_gy is None or abs(template.level_gy - gy) > SAME_GY:
        return "level"
    return "exact" if template.name == name else "alias"


def _levels_in_names(prescription: Prescription) -> list[str]:
    said = []
    for name, gy in prescription.targets.items():
        template = match(name)
        if template is not None and template.level_gy is not None and abs(template.level_gy - gy) > SAME_GY:
            said.append(f"The name {name} says {template.level_gy:g} Gy, the prescription {gy:g} Gy.")
    return said


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
