"""The shell of every HTML page: style, policy, banner, footer, and the writing of it."""

from __future__ import annotations

import os
from functools import cache
from html import escape
from pathlib import Path

from radoncai.core.errors import PlatformError

BANNER = "AI results, not approved"
BANNER_MORE = "Research and teaching. Not a medical device."
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@cache
def style() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def page(title: str, body: str, *, version: str = "") -> str:
    """The shell that every page shares: head, style and footer around a body of HTML."""
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{style()}</style></head>'
            f'<body>{body}<footer>RadOncAI {escape(version)}. {BANNER}. {BANNER_MORE} '
            'This file is complete in itself: no script, nothing loaded from outside.</footer></body></html>')


def banner() -> str:
    return f'<p class="banner" role="note"><b>{BANNER}</b> <span>{BANNER_MORE}</span></p>'


def write_page(path: str | Path, text: str) -> None:
    """Write beside the target, then move into place."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PlatformError(f"The report could not be written to {path}: {error.strerror}; choose another folder.") \
            from error
