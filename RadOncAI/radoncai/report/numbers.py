"""How numbers are written: volumes, doses, percent, areas and distances with one decimal, HU whole."""

from __future__ import annotations

import math
import re

DASH = "–"
LIMIT = re.compile(r"\s*(<=|>=|<|>|≤|≥)?\s*([-+]?\d+(?:\.\d+)?)")
SIGNS = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", None: "≤"}


def to_float(value: object) -> float | None:
    """A finite number, or None for None, "", text and NaN."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def fixed(value: object, decimals: int = 1, sign: bool = False) -> str:
    """'-0.04' with one decimal is '0.0', minus is the minus sign; a dash where there is no number."""
    number = to_float(value)
    if number is None:
        return DASH
    text = f"{round(number, decimals) + 0.0:{'+' if sign else ''}.{decimals}f}"
    return text.replace("-", "−")


def volume(value: object) -> str:
    """cc: one decimal, two below 10."""
    number = to_float(value)
    return fixed(value, 2 if number is not None and number < 9.995 else 1)


def by_unit(value: object, unit: str) -> str:
    """As the unit wants it: cc by `volume`, HU whole, numbers without unit two decimals, everything else one."""
    return volume(value) if unit == "cc" else fixed(value, {"HU": 0, "": 2}.get(unit, 1))


def limit_parts(limit: object) -> tuple[str, float | None]:
    """'>=66.5' to ('≥', 66.5); a bare number is an upper limit."""
    match = LIMIT.match(str(limit))
    if not match:
        return "", None
    return SIGNS.get(match[1], match[1] or ""), float(match[2])


def limit_text(limit: float | None) -> str:
    """A limit as its table has it: 59.85, 45; a dash where there is none."""
    return DASH if limit is None else f"{limit:g}".replace("-", "−")


def count(n: int, word: str, plural: str = "") -> str:
    """'1 structure', '2 structures'."""
    return f"{n} {word if n == 1 else plural or word + 's'}"
