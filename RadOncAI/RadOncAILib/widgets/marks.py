"""How a state is said: symbol, word and colour together (Okabe-Ito, safe for colour-blind readers)."""

from __future__ import annotations

from slicer.i18n import tr as _

GOOD, DOUBT, BAD, UNKNOWN, BUSY = "✓", "!", "✕", "–", "…"
COLORS = {GOOD: "#009E73", DOUBT: "#E69F00", BAD: "#D55E00", "~": "#E69F00", "?": "#56B4E9"}
VERDICTS = {"fine": GOOD, "doubtful": DOUBT, "refused": BAD}
FAILURES = {"input": BAD, "model": BAD, "platform": BAD, "bug": BAD, "cancelled": UNKNOWN}


def word_of(symbol: str) -> str:
    """The word that goes with a symbol at the start of a message."""
    return {DOUBT: _("Doubtful"), BAD: _("Refused")}.get(symbol, "")


def status_word(status: str) -> str:
    """A review status in plain words, as the tables show it."""
    words = {"unreviewed": _("to review"), "needs_work": _("needs work"), "approved": _("approved"),
             "rejected": _("rejected"), "not_found": _("not found"), "not_available": _("no model")}
    return words.get(status, status)
