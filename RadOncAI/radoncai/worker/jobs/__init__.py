"""One job a file: each reads its request, calls one library function, and gives a JSON object back."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from radoncai.core.errors import InputError
from radoncai.worker.work import Work

NAMES = ("models", "describe", "study", "contour", "read_structures", "check_structures", "write_structures", "dose",
         "dose_channels", "dvh", "read_dose", "write_dose", "bodycomp", "bodycomp_edit", "write_bodycomp", "install",
         "install_model", "agree", "card", "presets", "register")

Job = Callable[[Work], dict[str, Any]]


def load(name: str) -> Job:
    """The function of a job; imports what it needs. Raises InputError for an unknown one."""
    if name not in NAMES:
        raise InputError(f"The worker knows no job {name!r}; update the modules and the library together.")
    return import_module(f"radoncai.worker.jobs.{name}").run
