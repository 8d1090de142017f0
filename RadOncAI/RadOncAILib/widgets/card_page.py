"""A model's card as a page for a text browser: for what, trained on, not trained on, figures with n, limits."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

from slicer.i18n import tr as _

FIGURE = ("structure", "value", "n")
RAGGED = ("structure", "value", "n", "metric", "data")


@dataclass(frozen=True)
class Look:
    """Colours of the theme, as #rrggbb: muted text, thin lines, a quiet background."""

    muted: str
    line: str
    shade: str


def page(card: dict, look: Look) -> str:
    """`card` is the answer of the worker's `card`: title, name, version, sections of items, gaps."""
    sections = [s for s in card["sections"] if s["items"]]
    contents = " &nbsp;·&nbsp; ".join(f"<a href='#{_text(s['name'])}'>{_text(s['title'])}</a>" for s in sections)
    head = (f"<h2 style='margin-bottom:2px'>{_text(card['title'])}</h2>"
            f"<p style='margin-top:0; color:{look.muted}'>{_text(card['name'])} {_text(card['version'])}</p>")
    gaps = [_text(gap) for gap in card.get("gaps") or ()]
    missing = _heading("gaps", _("Not said"), look) + _bullets(gaps) if gaps else ""
    if not sections:
        return head + f"<p>{_text(_('This model came without a card.'))}</p>"
    return head + f"<p>{contents}</p>" + "".join(_section(s, look) for s in sections) + missing


def _section(section: dict, look: Look) -> str:
    return _heading(section["name"], section["title"], look) + "".join(_item(i, look) for i in section["items"])


def _heading(name: str, title: str, look: Look) -> str:
    return (f"<a name='{_text(name)}'></a><table width='100%' cellspacing='0' cellpadding='4' "
            f"style='margin-top:14px; margin-bottom:4px'><tr><td bgcolor='{look.shade}'><b>{_text(title)}</b></td></tr>"
            "</table>")


def _item(item: dict, look: Look) -> str:
    title = f"<p style='margin-bottom:0; color:{look.muted}'>{_text(item['title'])}</p>" if item.get("title") else ""
    if item.get("rows"):
        return title + _rows(item["rows"], look)
    texts = item.get("texts")
    body = _bullets([_text(t) for t in texts]) if texts else \
        f"<p style='margin-top:0'>{_linked(item.get('text', ''))}</p>"
    return title + body


def _bullets(texts: Iterable[str]) -> str:
    items = "".join(f"<li style='margin-bottom:3px'>{text}</li>" for text in texts)
    return f"<ul style='margin-top:0; margin-left:14px; -qt-list-indent:0'>{items}</ul>"


def _rows(rows: list[dict], look: Look) -> str:
    """Figures one table for each measure and data, so that it fits a narrow page; other rows a paragraph each."""
    if not all("value" in row and "metric" in row for row in rows):
        return "".join(_record(row, look) for row in rows)
    groups: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        groups.setdefault((str(row["metric"]), str(row.get("data") or "")), []).append(row)
    return "".join(_figures(metric, data, of, look) for (metric, data), of in groups.items())


def _figures(metric: str, data: str, rows: list[dict], look: Look) -> str:
    caption = f"<p style='margin-bottom:2px'><b>{_text(metric)}</b> <span style='color:{look.muted}'>{_text(data)}</span>"
    more = [key for key in dict.fromkeys(k for row in rows for k in row) if key not in RAGGED]
    columns = [c for c in (*more, *FIGURE) if any(row.get(c) not in (None, "") for row in rows)]
    head = "".join(_cell(_word(c), c, f"color:{look.muted}") for c in columns)
    body = "".join("<tr>" + "".join(_cell(_number(row.get(c)), c, f"border-top:1px solid {look.line}")
                                    for c in columns) + "</tr>" for row in rows)
    return f"{caption}</p><table width='100%' cellspacing='0' cellpadding='2'><tr>{head}</tr>{body}</table>"


def _cell(text: str, column: str, style: str) -> str:
    align = "right" if column in ("value", "n") else "left"
    return f"<td align='{align}' style='{style}; padding:2px 8px 2px 2px'>{_text(text)}</td>"


def _record(row: dict, look: Look) -> str:
    """Name in bold, then what else is known of it."""
    name, *others = [(k, v) for k, v in row.items() if v not in (None, "", [])] or [("", "")]
    rest = "".join(f"<br><span style='color:{look.muted}'>{_text(_word(k))}</span> {_linked(v)}" for k, v in others)
    return f"<p style='margin-top:4px; margin-bottom:4px'><b>{_text(name[1])}</b>{rest}</p>"


def _word(key: str) -> str:
    return key.replace("_", " ")


def _number(value) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _linked(value) -> str:
    text = _text(value)
    return f"<a href='{text}'>{text}</a>" if text.startswith(("https://", "http://")) and " " not in text else text


def _text(value) -> str:
    return html.escape(str(value))
