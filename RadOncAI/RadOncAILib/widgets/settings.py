"""What a person chose last, kept in Slicer's settings under RadOncAI/."""

from __future__ import annotations

from pathlib import Path

import qt

PREFIX = "RadOncAI/"


def value(key: str, default: str = "") -> str:
    """A remembered text."""
    found = qt.QSettings().value(PREFIX + key, default)
    return str(found) if found is not None else default


def remember(key: str, text: str) -> None:
    qt.QSettings().setValue(PREFIX + key, text)


def last_folder(key: str) -> str:
    """Where to begin to look: the folder that was remembered, else the person's home."""
    return value(key, str(Path.home()))


def ask_folder(parent, title: str, key: str) -> str:
    """A folder that a person chooses, remembered under `key`; "" for none."""
    folder = qt.QFileDialog.getExistingDirectory(parent, title, last_folder(key))
    if folder:
        remember(key, folder)
    return folder
