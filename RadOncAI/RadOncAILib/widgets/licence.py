"""A licence that forbids commercial use is shown and agreed to once, by a person."""

from __future__ import annotations

import re

import slicer
from slicer.i18n import tr as _

from . import settings

RESTRICTED = re.compile(r"\bNC\b|non-?commercial|research", re.IGNORECASE)


def is_restricted(text: str) -> bool:
    """Whether a licence text keeps a model from free use."""
    return bool(RESTRICTED.search(text or ""))


def agreed(model: dict | None) -> bool:
    """Ask where the licence of this model and version was not agreed to before. A test is never asked."""
    if model is None or not is_restricted(model.get("licence", "")) or slicer.app.testingEnabled():
        return True
    key = f"Licence/{model['name']}/{model['version']}"
    if settings.value(key):
        return True
    text = _("{title} is not free for every use. Its licence: {licence}.\n\nUse it for research and teaching only?")
    full = (model.get("card") or {}).get("licence") or model["licence"]
    if not slicer.util.confirmOkCancelDisplay(text.format(title=model["title"], licence=full.rstrip("."))):
        return False
    settings.remember(key, "agreed")
    return True
