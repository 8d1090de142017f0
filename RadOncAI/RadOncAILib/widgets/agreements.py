"""What a person must agree to before a model runs (code it brings, terms of its licence): asked once, clearly."""

from __future__ import annotations

from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from .question import Question


def given(model: dict | None, on_agreed: Callable[[], None], on_failure: Callable[[str], None]) -> bool:
    """True where nothing is left to agree to. Else ask; after a yes the worker keeps it and `on_agreed` is called.

    `model` is a row of the worker's `models`, or a preset whose agreements name their `model`. A test is never asked
    and agrees to nothing.
    """
    wanted = (model or {}).get("agreements") or []
    if not wanted or slicer.app.testingEnabled():
        return True
    if agreed(wanted, _("Agree before the first run")):
        _record(model, on_agreed, on_failure)
    return False


def agreed(wanted: list[dict], title: str) -> bool:
    """Whether a person says yes to all of it; a test is never asked and agrees to nothing."""
    return not slicer.app.testingEnabled() and slicer.util.confirmOkCancelDisplay(question(wanted), windowTitle=title)


def question(wanted: list[dict]) -> str:
    """All that is asked, and what OK means."""
    texts = list(dict.fromkeys(entry["text"] for entry in wanted))
    return "\n\n".join([*texts, _("Do you agree? It is asked once for this version.")])


def _record(model: dict, on_agreed, on_failure) -> None:
    """One job a model, one after the other."""
    kinds: dict[str, list[str]] = {}
    for entry in model["agreements"]:
        kinds.setdefault(entry.get("model") or model["id"], []).append(entry["kind"])
    job = Question("agree")

    def next_one(_answer: dict | None = None) -> None:
        if kinds:
            name, of_name = kinds.popitem()
            job.ask({"model": name, "kinds": of_name}, next_one, on_failure)
        else:
            model["agreements"] = []
            on_agreed()

    next_one()
