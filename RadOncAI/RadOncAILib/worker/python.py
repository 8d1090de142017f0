"""Which Python runs the worker, and what it must be told: an installed extension's folders reach PythonSlicer not."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def command(python: str | None, arguments: list[str]) -> list[str]:
    """PythonSlicer inside Slicer (its `sys.executable`), the virtual environment's Python elsewhere."""
    return [python or sys.executable, "-m", "radoncai.worker", *arguments]


def environment() -> dict[str, str]:
    """What is added to the application's environment."""
    folder = library_folder()
    before = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(p for p in (folder, before) if p)
    return {"PYTHONPATH": path, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def library_folder() -> str:
    """The folder that holds `radoncai`, "" where it is not found."""
    spec = find_spec("radoncai")
    return str(Path(spec.origin).parents[1]) if spec and spec.origin else ""
