"""What a person must agree to before a model runs (code it brings, terms of its licence): asked once, clearly."""

from __future__ import annotations

from collections.abc import Callable, Container

import slicer
from slicer.i18n import tr as _

from .question import Question


def given(model: dict | None, left_out: Container[str], on_agreed: Callable[[], None],
          on_failure: Callable[[str], None]) -> bool:
    """True where nothing is left to agree to. Else ask; after a yes the worker keeps it and `on_agreed` is called.

    `model` is a row of the worker's `models`, or a preset whose agreements name their `model` and the structures that
    it `gives`: one whose structures are all `left_out` does not run and is not asked for. A test is never asked and
    agrees to nothing.
    """
    entries = (model or {}).get("agreements") or []
    wanted = [e for e in entries if not e.get("gives") or any(name not in left_out for name in e["gives"])]
    if not wanted or slicer.app.testingEnabled():
        return True
    if agreed(wanted, _("Agree before the first run")):
        _record(model, wanted, on_agreed, on_failure)
    return False


def agreed(wanted: list[dict], title: str) -> bool:
    """Whether a person says yes to all of it; a test is never asked and agrees to nothing."""
    return not slicer.app.testingEnabled() and slicer.util.confirmOkCancelDisplay(question(wanted), windowTitle=title)


def question(wanted: list[dict]) -> str:
    """All that is asked, and what OK means."""
    texts = list(dict.fromkeys(entry["text"] for entry in wanted))
    return "\n\n".join([*texts, _("Do you agree? It is asked once for this version.")])


def _record(model: dict, wanted: list[dict], on_agreed, on_failure) -> None:
    """One job a model, one after the other."""
    kinds: dict[str, list[str]] = {}
    for entry in wanted:
        kinds.setdefault(entry.get("model") or model["id"], []).append(entry["kind"])
    job = Question("agree")

    def next_one(_answer: dict | None = None) -> None:
        if kinds:
            name, of_name = kinds.popitem()
            job.ask({"model": name, "kinds": of_name}, next_one, on_failure)
        else:
            model["agreements"] = [entry for entry in model["agreements"] if entry not in wanted]
            on_agreed()

    next_one()
