"""The goals tables that can be chosen: name and title, without reading the library's dose room."""

from __future__ import annotations

import json

from radoncai.core.resources import resources, user_folder


def goal_titles() -> dict[str, str]:
    """Name to title; the user's folder adds and overrides. A damaged file is shown by its name."""
    folders = (resources() / "Templates" / "goals", user_folder() / "templates" / "goals")
    paths = {p.stem: p for folder in folders if folder.is_dir() for p in sorted(folder.glob("*.json"))}
    return {name: _title(path) for name, path in paths.items()}


def _title(path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["title"])
    except (OSError, ValueError, KeyError, TypeError):
        return path.stem
