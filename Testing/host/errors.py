"""Exceptions that Qt and VTK swallow: kept here, so that a test can ask for none."""

from __future__ import annotations

import sys
import traceback

errors: list[BaseException] = []


def keep(place: str, error: BaseException) -> None:
    """Remember an exception that a slot raised, and print it as the application does."""
    error.add_note(f"raised in {place}")
    errors.append(error)
    traceback.print_exception(error, file=sys.stderr)


def _hook(kind, error, trace) -> None:
    keep("a callback of VTK or Qt, or the main program", error)


def catch_swallowed() -> None:
    """Let exceptions in VTK observers and in Qt's virtual methods reach `errors`: both end in `sys.excepthook`."""
    sys.excepthook = _hook
