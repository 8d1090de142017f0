"""The log of what nobody foresaw: where in the code, never whose data."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from radoncai import __version__
from radoncai.core.resources import user_folder

_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|\S*[/\\]\S*""")


def log_bug(error: BaseException, what: str, secrets: Iterable[str] = ()) -> Path:
    """Append an error to the user's radoncai.log and return its place; `what` names the command or job.

    Frames name our own source lines. Messages lose what stands in quotes, paths, and the `secrets`: they may hold a
    patient's name.
    """
    place = user_folder() / "radoncai.log"
    known = sorted({s for s in secrets if len(s) > 2}, key=len, reverse=True)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} radoncai {__version__} {what}\n{_describe(error, known)}\n")
    except OSError:
        pass
    return place


def _describe(error: BaseException, secrets: list[str]) -> str:
    lines = []
    cause = error.__cause__ or error.__context__
    if cause is not None and cause is not error:
        lines += [_describe(cause, secrets), "which led to"]
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    return "\n".join([*lines, frames.rstrip(), f"{type(error).__name__}: {_scrub(str(error), secrets)}"])


def _scrub(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "...")
    return _QUOTED.sub("...", text)[:500]
