"""Model cards: what people must know before they use a model.

The fields are a table, `Resources/Templates/card_fields.json`; a card is a JSON object with these keys, where
"training_data.sex" stands for the key `sex` of the object `training_data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from radoncai.core.errors import ModelError
from radoncai.core.resources import resources
from radoncai.models.spec import read_json

NEEDS = ("basic", "card", "may")
SUBGROUPS = ("sex", "age", "site", "scanner")


@dataclass(frozen=True)
class Field:
    """One field: `need` is basic (no card without it), card (an RT model card is incomplete without it) or may;
    `when` learned or dose limits that to models with training data or of the task dose; `rt_card` names its places
    in the AID-RT card.
    """

    field: str
    section: str
    kind: str
    need: str
    title: str
    rt_card: tuple[str, ...] = ()
    when: str = ""
    columns: tuple[str, ...] = ()

    def value(self, card: Mapping[str, Any]) -> Any:
        """What a card says, None where it says nothing."""
        return get(card, self.field)


@cache
def table() -> tuple[dict[str, str], tuple[Field, ...]]:
    """Sections (name to title) and fields, in the order people read them."""
    content = read_json(resources() / "Templates" / "card_fields.json")
    fields = tuple(Field(**{**row, "rt_card": tuple(row["rt_card"].split()), "columns": tuple(row.get("columns", ()))})
                   for row in content["fields"])
    return {s["name"]: s["title"] for s in content["sections"]}, fields


def read_card(path: Path) -> dict[str, Any]:
    """A card as JSON. Raises ModelError that names the file."""
    return read_json(path)


def get(card: Mapping[str, Any], path: str) -> Any:
    """The value at "training_data.sex"; a plain text under `training_data` answers for its `text`."""
    first, _, rest = path.partition(".")
    value = card.get(first)
    if not rest:
        return value
    if isinstance(value, Mapping):
        return get(value, rest)
    return value if rest == "text" else None


def missing_fields(card: Mapping[str, Any]) -> list[str]:
    """Fields without which a card is none; an empty list of metrics is allowed, it says "none yet"."""
    return _lacking(card, "", ("basic",))


def gaps(card: Mapping[str, Any], task: str = "contour") -> list[str]:
    """Required fields of an RT model card that this one lacks, the basic ones too; subgroups by their name."""
    return _lacking(card, task, ("basic", "card")) + [f"subgroups.{by}" for by in _silent_subgroups(card)]


def check_rows(card: Mapping[str, Any]) -> list[str]:
    """What is wrong with the card's tables, as sentences."""
    found = []
    for field in table()[1]:
        value = field.value(card)
        if field.kind != "rows" or not isinstance(value, list):
            continue
        for number, row in enumerate(value, 1):
            lacks = [c for c in field.columns if not isinstance(row, Mapping) or row.get(c) in (None, "")]
            if lacks:
                found.append(f"row {number} of {field.field} lacks {', '.join(lacks)}")
    return found


def require_card(content: object, where: str) -> dict[str, Any]:
    """A card from outside. Raises ModelError where it is none."""
    if not isinstance(content, dict) or not content.get("title") or not content.get("intended_use"):
        raise ModelError(f"{where} is no model card: title and intended_use are missing.")
    return content


def _lacking(card: Mapping[str, Any], task: str, needs: tuple[str, ...]) -> list[str]:
    learned = get(card, "training_data.n") not in (0, None) if isinstance(card.get("training_data"), Mapping) else False
    holds = {"": True, "learned": learned, "dose": task == "dose"}
    return [f.field for f in table()[1] if f.need in needs and holds[f.when] and _empty(f, card)]


def _empty(field: Field, card: Mapping[str, Any]) -> bool:
    value = field.value(card)
    if field.field == "training_data.n" and isinstance(card.get("training_data"), str):
        return False
    return value is None or value == "" or (field.field != "metrics" and value in ([], {}))


def _silent_subgroups(card: Mapping[str, Any]) -> list[str]:
    """Of sex, age, site and scanner those that no row of `subgroups` names with figures or with the reason for none."""
    rows = card.get("subgroups")
    if not isinstance(rows, list):
        return []
    said = {r.get("by") for r in rows if isinstance(r, Mapping) and (r.get("reason") or r.get("value") is not None)}
    return [by for by in SUBGROUPS if by not in said]
