"""Model cards: what people must know before they use a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from radoncai.models.spec import read_json

REQUIRED = ("title", "intended_use", "not_intended", "training_data", "method", "metrics", "limits", "licence",
            "contact", "date")


def read_card(path: Path) -> dict[str, Any]:
    """A card as JSON. Raises ModelError that names the file."""
    return read_json(path)


def missing_fields(card: dict[str, Any]) -> list[str]:
    """Required fields that a card lacks or leaves empty; an empty list of metrics is allowed, it says "none yet"."""
    return [key for key in REQUIRED if key not in card or (key != "metrics" and card[key] in ("", None, [], {}))]
