"""A model's card as a page for a text browser: for what, trained on, not trained on, figures with n, limits."""

from __future__ import annotations

import html
from dataclasses import dataclass
from itertools import groupby

from slicer.i18n import tr as _

FIGURES = "figures"
FIGURES_FIELD = "metrics"
FIRST = ("use", "data", "unseen", "limits", "figures")
HEADLINES = 4  # of what it was trained on: text, n, source, terms; the rest stands after the figures
SHORT = 44
LINK = ("https://", "http://")


@dataclass(frozen=True)
class Look:
    """Colours of the theme, as #rrggbb: muted text, thin lines, a quiet background."""

    muted: str
    line: str
    shade: str


def page(card: dict, look: Look) -> str:
    """`card` is the answer of the worker's `card`: title, name, version, sections, figures, gaps."""
    head = (f"<h2 style='margin-bottom:2px'>{_text(card['title'])}</h2>"
            f"<p style='margin-top:0; color:{look.muted}'>{_text(card['name'])} {_text(card['version'])}</p>")
    if not card["sections"]:
        return head + f"<p>{_text(_('This model came without a card.'))}</p>"
    sections = _in_order(card["sections"], card.get("gaps") or ())
    contents = " · ".join(f"<a href='#{_text(s['name'])}'>{_text(s['title']).replace(' ', '&nbsp;')}</a>"
                          for s in sections)
    return f"{head}<p>{contents}</p>" + "".join(_section(s, card, look) for s in sections)


def _in_order(sections: list[dict], gaps: list[str]) -> list[dict]:
    """What people must know first; the data in detail, technique and origin after the figures; then what is missing."""
    known = {s["name"]: s for s in sections}
    first, data = [known[name] for name in FIRST if name in known], known.get("data")
    rest = [s for s in sections if s["name"] not in FIRST]
    if data is not None and len(data["items"]) > HEADLINES:
        first[first.index(data)] = {**data, "items": data["items"][:HEADLINES]}
        rest.insert(0, {"name": "detail", "title": _("The data in detail"), "items": data["items"][HEADLINES:]})
    if gaps:
        rest.append({"name": "gaps", "title": _("Not said"), "items": [{"field": "", "title": "", "texts": gaps}]})
    return [*first, *rest]


def _section(section: dict, card: dict, look: Look) -> str:
    items = [i for i in section["items"] if i["field"] != FIGURES_FIELD]
    tables = card.get("figures") or () if section["name"] == FIGURES else ()
    return (f"<a name='{_text(section['name'])}'></a><table width='100%' cellspacing='0' cellpadding='4' "
            f"style='margin-top:14px; margin-bottom:2px'><tr><td bgcolor='{look.shade}'>"
            f"<b>{_text(section['title'])}</b></td></tr></table>"
            + "".join(_figures(f, look) for f in tables) + "".join(_item(i, look) for i in items))


def _item(item: dict, look: Look) -> str:
    title = f"<span style='color:{look.muted}'>{_text(item['title'])}</span>" if item["title"] else ""
    if len(item["texts"]) == 1:
        text = item["texts"][0]
        between = "&nbsp; " if len(item["title"]) + len(text) < SHORT else "<br>" if title else ""
        return f"<p style='margin-top:5px; margin-bottom:0'>{title}{between}{_linked(text)}</p>"
    lines = "".join(f"<li style='margin-bottom:2px'>{_linked(text)}</li>" for text in item["texts"])
    heading = f"<p style='margin-top:5px; margin-bottom:0'>{title}</p>" if title else ""
    return (f"{heading}<ul style='margin-top:0; margin-left:16px; -qt-list-indent:0'>{lines}</ul>")


def _figures(table: dict, look: Look) -> str:
    """The figures of one data set; rows with other measures get a table of their own, so that it fits a narrow page."""
    caption = f"<p style='margin-top:8px; margin-bottom:2px'><b>{_text(table['data'])}</b></p>" if table["data"] else ""
    grids = [_grid([m for m in table["measures"] if m in measured], list(rows), look)
             for measured, rows in groupby(table["rows"], lambda row: frozenset(row[1]))]
    remarks = "".join(f"<p style='margin-top:2px; margin-bottom:0'>{_text(r)}</p>" for r in table["remarks"])
    return caption + "".join(grids) + remarks


def _grid(measures: list[str], rows: list, look: Look) -> str:
    """Structure, a column a measure, n."""
    head = "".join(_cell(text, n > 0, f"color:{look.muted}") for n, text in enumerate(("", *measures, _("n"))))
    line = f"border-top:1px solid {look.line}"
    body = "".join("<tr>" + _cell(name, False, f"white-space:nowrap; {line}")
                   + "".join(_cell(f"{values[m]:.3g}", True, line) for m in measures)
                   + _cell(n, True, line) + "</tr>" for name, values, n in rows)
    return f"<table width='100%' cellspacing='0' cellpadding='0'><tr>{head}</tr>{body}</table>"


def _cell(text: str, is_number: bool, style: str) -> str:
    align = "right" if is_number else "left"
    return f"<td align='{align}' style='{style}; padding:2px 6px 2px 2px'>{_text(text)}</td>"


def _linked(text: str) -> str:
    """A text whose addresses can be clicked."""
    return " ".join(f"<a href='{_text(w.rstrip('.,;'))}'>{_text(w)}</a>" if w.startswith(LINK) else _text(w)
                    for w in str(text).split(" "))


def _text(value) -> str:
    return html.escape(str(value))
