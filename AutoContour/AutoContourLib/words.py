"""Sentences of the panel, made from rows and names; without Qt."""

from __future__ import annotations

from RadOncAILib.widgets.counts import structures
from slicer.i18n import tr as _

MOST_NAMED = 4


def summary(rows: list, ran: str) -> str:
    """Run 14:02: 7 structures, 1 not found, 2 with a finding."""
    if not rows:
        return ""
    found = [row for row in rows if not row.is_absent]
    missing = sum(row.status == "not_found" for row in rows)
    lacks = sum(row.status == "not_available" for row in rows)
    telling = sum(bool(row.findings) for row in found)
    parts = [structures(len(found))]
    parts += [_("{n} not found").format(n=missing)] if missing else []
    parts += [_("{n} without a model").format(n=lacks)] if lacks else []
    parts += [_("{n} with a finding").format(n=telling) if telling else _("no finding")]
    text = ", ".join(parts)
    return _("Run {time}: {text}").format(time=ran, text=text) if ran else text


def action(names: list[str]) -> str:
    """What Apply will do."""
    if len(names) == 1:
        return _("Contour {name}").format(name=names[0])
    return _("Contour {structures}").format(structures=structures(len(names))) if names else _("Contour")


def lacking(rows: list[dict]) -> str:
    """No model here for Lens_L, Lens_R and 3 more: what a preset names and nothing installed gives."""
    names = [s["label"] for s in rows]
    text = ", ".join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        text = _("{names} and {n} more").format(names=text, n=len(names) - MOST_NAMED)
    return _("no model here for {names}.").format(names=text)


def result(answer: dict) -> str:
    """14 structures contoured, 2 not found, 3 without a model; and what was warned of."""
    text = _("{structures} contoured").format(structures=structures(len(answer["structures"])))
    missing, absent = len(answer["not_found"]), len(answer.get("not_available") or ())
    text += _(", {n} not found").format(n=missing) if missing else ""
    text += _(", {n} without a model").format(n=absent) if absent else ""
    return " ".join([f"{text}.", *answer["warnings"]])
