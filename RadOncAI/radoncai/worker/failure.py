"""Every ending of a job that is no result, as a kind and one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from radoncai.core.array_file import FULL
from radoncai.core.bug_log import log_bug
from radoncai.core.errors import Cancelled, InputError, ModelError, PlatformError
from radoncai.worker.words import for_panel

_KINDS = ((InputError, "input"), (ModelError, "model"), (PlatformError, "platform"), (Cancelled, "cancelled"))


def describe(error: BaseException, request: dict[str, Any]) -> tuple[str, str]:
    """(kind, sentence) of an error; a bug is written to the log and the sentence names its place."""
    for cls, kind in _KINDS:
        if isinstance(error, cls):
            return kind, for_panel(str(error))
    if isinstance(error, MemoryError):
        return "platform", "The memory of this machine is used up; close programs or crop the image."
    if isinstance(error, OSError) and error.errno in FULL:
        return "platform", f"The disk is full{_where(error)}; free some space and run again."
    place = log_bug(error, f"worker {_job_of(request)}", _texts(request))
    return "bug", f"Something unexpected happened; the details are in {place}."


def _where(error: OSError) -> str:
    return f" in {Path(str(error.filename)).parent}" if error.filename else ""


def _job_of(request: dict[str, Any]) -> str:
    """The job's name; anything else a request says there may hold an identity."""
    job = str(request.get("job"))
    return job if job.isidentifier() and len(job) < 20 else "?"


def _texts(value: object) -> Iterator[str]:
    """Every text of a request and every part of its paths: none of them may reach the log."""
    if isinstance(value, str):
        yield value
        yield from Path(value).parts[1:]
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
