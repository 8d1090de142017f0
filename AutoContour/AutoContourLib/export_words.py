"""What the export window says, as plain HTML in the theme's own colours; without Qt."""

from __future__ import annotations

import html

from RadOncAILib.widgets import marks
from RadOncAILib.widgets.counts import structures
from slicer.i18n import tr as _

from .rows import cc_text

SYMBOLS = {"error": marks.BAD, "warning": marks.DOUBT, "note": marks.UNKNOWN}


def summary(answer: dict) -> tuple[str, str]:
    """Symbol and sentence for an answer of `check_structures`."""
    counts = {s: sum(f["severity"] == s for f in answer["findings"]) for s in SYMBOLS}
    title = answer["title"]
    if not counts["error"] and not counts["warning"]:
        return marks.GOOD, _("Nothing was found that would trouble {system}.").format(system=title)
    words = {"error": (_("1 error"), _("{n} errors")), "warning": (_("1 warning"), _("{n} warnings"))}
    said = [words[s][n > 1].format(n=n) for s, n in counts.items() if n and s in words]
    text = _("This would trouble {system}: {what}.").format(system=title, what=_(" and ").join(said))
    return (marks.BAD if counts["error"] else marks.DOUBT), text


def checked_html(answer: dict) -> str:
    """What would trouble the system, each with its source, and what is not in the file."""
    if not answer:
        return ""
    rows = [(_mark(SYMBOLS[f["severity"]]), _text(f["structure"] or _("the file")),
             f"{_text(f['text'])}<br><small>{_text(f['source'])}</small>") for f in answer["findings"]]
    rows += [(_mark(marks.DOUBT), "", _text(text)) for text in answer["warnings"]]
    parts = [_table(_("What would trouble {system}").format(system=answer["title"]), (), rows)] if rows else []
    missing = [(_mark(marks.UNKNOWN), _text(m["name"]), _text(m["reason"])) for m in answer["left_out"]]
    parts += [_table(_("Not in the file"), (), missing)] if missing else []
    names = ", ".join(answer["structures"])
    inside = _("In the file: {count} ({names}).").format(count=structures(len(answer["structures"])), names=names)
    return "".join(parts) + f"<p>{_text(inside)}</p>"


def read_back_html(result: dict) -> str:
    """The file as it was read again: volume in it beside the volume meant, and how the voxels agree."""
    rows = []
    for row in result["compared"]:
        same = row["dice"] is None or row["dice"] == 1.0
        dice = "–" if row["dice"] is None else f"{row['dice']:.4f}"
        rows.append((_mark(marks.GOOD if same else marks.BAD), _text(row["name"]), cc_text(row["volume_cc"]),
                     cc_text(row["volume_read_cc"]), dice))
    head = ("", _("Structure"), _("meant, cc"), _("read, cc"), _("Dice"))
    return _table(_("Written and read back"), head, rows) + f"<p>{_text(result['read_back'])}</p>"


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Columns after the second are numbers where there is a head."""
    side = ["left", "left", *["right" if head else "left"] * 3]
    cells = "".join(f"<th align='{a}'>{_text(h)}</th>" for h, a in zip(head, side, strict=False))
    body = "".join("<tr>" + "".join(f"<td align={a}>{c}</td>" for c, a in zip(row, side, strict=False)) + "</tr>"
                   for row in rows)
    top = f"<tr>{cells}</tr>" if head else ""
    return f"<h4>{_text(title)}</h4><table cellspacing='0' cellpadding='3'>{top}{body}</table>"


def _mark(symbol: str) -> str:
    color = marks.COLORS.get(symbol)
    return f"<b><font color='{color}'>{symbol}</font></b>" if color else f"<b>{symbol}</b>"


def _text(value) -> str:
    return html.escape(str(value))
