"""Attributes as plain values; a damaged value reads as absent."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset


def text(data: Dataset, keyword: str, default: str = "") -> str:
    """An attribute as text on one line without padding; several values joined by a backslash."""
    try:
        value = data.get(keyword, None)
    except Exception:  # noqa: BLE001  pydicom raises many kinds on damaged values
        return default
    if value is None:
        return default
    many = not isinstance(value, str) and hasattr(value, "__iter__") and type(value).__name__ == "MultiValue"
    joined = "\\".join(str(v) for v in value) if many else str(value)
    readable = "".join(c if c.isprintable() else " " for c in joined.rstrip(" \0"))
    return readable.strip() or default


def modality_of(data: Dataset) -> str:
    """The modality for a sentence or a comparison: at most 16 characters, "" where absent."""
    return text(data, "Modality")[:16].strip()


def numbers(data: Dataset, keyword: str) -> np.ndarray | None:
    """An attribute as a 1D array of floats; None where it is absent, empty or no number."""
    try:
        value = data.get(keyword, None)
        if value is None or value == "":
            return None
        array = np.atleast_1d(np.array(value, dtype=float))
    except Exception:  # noqa: BLE001  pydicom raises many kinds on damaged values
        return None
    return array if array.size and np.isfinite(array).all() else None


def number(data: Dataset, keyword: str, default: float | None = None) -> float | None:
    """The first value of a numeric attribute."""
    array = numbers(data, keyword)
    return default if array is None else float(array[0])


def items(data: Dataset | None, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is absent, empty, damaged or no sequence."""
    try:
        value = data.get(keyword, None) if data is not None else None
    except Exception:  # noqa: BLE001  pydicom raises many kinds on damaged values
        return []
    if value is None or isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return []
    return [item for item in value if isinstance(item, Dataset)]


def one_line(value: str, most: int) -> str:
    """Text that any short DICOM value takes: one line, no backslash, at most `most` characters."""
    readable = "".join(c if c.isprintable() else " " for c in value).replace("\\", "/")
    return " ".join(readable.split())[:most].strip()
