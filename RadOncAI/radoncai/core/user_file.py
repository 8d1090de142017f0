"""Small JSON files of a user: settings, agreements."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from radoncai.core.errors import PlatformError
from radoncai.core.resources import user_folder


def read(name: str) -> dict[str, Any]:
    """The JSON object of `NAME.json` in the user's folder; empty where there is none.

    Raises PlatformError where it cannot be read, so that nothing a person wrote is overwritten.
    """
    path = _path(name)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise PlatformError(f"{path} cannot be read ({problem}); mend it or delete it.") from None
    if not isinstance(content, dict):
        raise PlatformError(f"{path} must hold one JSON object; mend it or delete it.")
    return content


def write(name: str, content: dict[str, Any]) -> Path:
    """Replace the file at once. Raises PlatformError where it cannot be written."""
    path = _path(name)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise PlatformError(f"{path} cannot be written ({problem.strerror}); free some space or set RADONCAI_HOME.") \
            from problem
    return path


def _path(name: str) -> Path:
    return user_folder() / f"{name}.json"
