"""Private environments: packages that clash with others live in a folder of their own, with their own Python.

An environment is whole once its `environment.json` is there. Two kinds: `venv` has a Python of its own; `target` is a
folder of packages for a Python that an application brings (Slicer's), from which no virtual environment can be made.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from radoncai.core.errors import ModelError
from radoncai.core.resources import resources, user_folder

MARKER = "environment.json"
_LEFT_OUT = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Recipe:
    """A row of `Resources/Templates/environments.json`: what pip is asked for, and what must then be importable.

    `unwanted` is removed where it cannot be imported beside the rest. Not `private`: it goes into the Python that runs.
    """

    name: str
    title: str
    requirements: tuple[str, ...]
    imports: tuple[str, ...]
    unwanted: tuple[str, ...] = ()
    private: bool = True
    disk_gb: float = 1.0

    @property
    def pins(self) -> Path | None:
        """Constraints for pip, the versions that the tests ran with; None where any will do."""
        file = resources() / "Templates" / "environments" / f"{self.name}.txt"
        return file if file.is_file() else None


@dataclass(frozen=True)
class Environment:
    """A whole environment. `packages` is put before everything else on the path, None where Python finds its own."""

    name: str
    folder: Path
    python: Path
    packages: Path | None
    versions: dict[str, str]


def recipes() -> dict[str, Recipe]:
    """The environments there can be."""
    rows = json.loads((resources() / "Templates" / "environments.json").read_text(encoding="utf-8"))
    return {name: Recipe(name, **{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
            for name, row in rows.items()}


def place(name: str) -> Path:
    """Where an environment lies or would lie; `RADONCAI_ENVIRONMENTS` names another folder for all of them."""
    return Path(os.environ.get("RADONCAI_ENVIRONMENTS") or user_folder() / "environments").absolute() / name


def installed(name: str) -> bool:
    """Whether the environment is whole; nothing is started."""
    return _read(name) is not None


def environment(name: str) -> Environment:
    """Raises ModelError that names the command where the environment is missing or its Python is gone."""
    found = _read(name)
    if found is None:
        title = recipes()[name].title if name in recipes() else name
        raise ModelError(f"{title} is not installed here; radoncai install {name} brings it.")
    return found


def variables(env: Environment) -> dict[str, str]:
    """The environment variables for its processes: nothing of this process's own packages reaches them."""
    left_out = _LEFT_OUT if env.packages is None else ("PYTHONSTARTUP",)
    return {k: v for k, v in os.environ.items() if k not in left_out} | {"PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1"}


def python_in(folder: Path) -> Path:
    """Where a virtual environment keeps its Python."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _read(name: str) -> Environment | None:
    folder = place(name)
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        is_venv = content["kind"] == "venv"
        python = python_in(folder) if is_venv else Path(content["python"])
        found = Environment(name, folder, python, None if is_venv else folder / "packages", dict(content["versions"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if python.exists() else None
