"""Numbers of things in words."""

from __future__ import annotations

from slicer.i18n import tr as _


def structures(count: int) -> str:
    """1 structure, 7 structures."""
    return _("1 structure") if count == 1 else _("{n} structures").format(n=count)
