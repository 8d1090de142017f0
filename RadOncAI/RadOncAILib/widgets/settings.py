"""What a person chose last, kept in Slicer's settings under RadOncAI/."""

from __future__ import annotations

import qt

PREFIX = "RadOncAI/"


def value(key: str, default: str = "") -> str:
    """A remembered text."""
    found = qt.QSettings().value(PREFIX + key, default)
    return str(found) if found is not None else default


def remember(key: str, text: str) -> None:
    qt.QSettings().setValue(PREFIX + key, text)
