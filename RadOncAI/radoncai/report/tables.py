"""HTML pieces: tables with captions and footnotes, lists, legends, figures; what comes in is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from radoncai.report.colours import Rgb, hex_code, on_image
from radoncai.report.numbers import DASH
from radoncai.report.pictures import Picture

UNKNOWN_REASON = "not known"


@dataclass
class Notes:
    """Reasons why a cell is a dash, numbered in the order they come up, for people who read on paper."""

    reasons: list[str] = field(default_factory=list)

    def unknown(self, reason: object = "") -> str:
        """A dash with its reason as title and as the number of a footnote."""
        text = str(reason or UNKNOWN_REASON)
        return f'<span class="unknown" title="{escape(text)}">{DASH}<sup>{self._number(text)}</sup></span>'

    def mark(self, reason: object) -> str:
        """The footnote's number alone, behind a value that needs a word."""
        return f'<span class="unknown" title="{escape(str(reason))}"><sup>{self._number(str(reason))}</sup></span>'

    def _number(self, text: str) -> int:
        if text not in self.reasons:
            self.reasons.append(text)
        return self.reasons.index(text) + 1

    def html(self) -> str:
        if not self.reasons:
            return ""
        return f'<ol class="notes">{"".join(f"<li>{escape(r)}</li>" for r in self.reasons)}</ol>'


@dataclass(frozen=True)
class Column:
    """Header, its unit, and whether the cells are numbers (right-aligned)."""

    header: str
    unit: str = ""
    number: bool = False
    cls: str = ""

    @property
    def classes(self) -> str:
        names = " ".join(n for n in ("num" if self.number else "", self.cls) if n)
        return f' class="{names}"' if names else ""


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], notes: Notes | None = None,
          cls: str = "") -> str:
    """A table whose first cell in each row is the row's header. Cells are HTML; caption and headers are plain text."""
    head = "".join(f'<th scope="col"{c.classes}>{escape(c.header)}'
                   + (f' <span class="unit">[{escape(c.unit)}]</span>' if c.unit else "") + "</th>" for c in columns)
    body = []
    for row in rows:
        first, *rest = row
        cells = "".join(f"<td{c.classes}>{cell}</td>" for c, cell in zip(columns[1:], rest, strict=True))
        body.append(f'<tr><th scope="row"{columns[0].classes}>{first}</th>{cells}</tr>')
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="{cls}">'
            f'<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
            f'<tbody>{"".join(body)}</tbody></table></div>{notes.html() if notes else ""}')


def chip(color: Rgb | None) -> str:
    """A coloured square; an empty one keeps the room where there is no colour."""
    if color is None:
        return '<span class="chip none"></span>'
    return f'<span class="chip" style="background:{hex_code(color)}"></span>'


def named(name: str, colors: Mapping[str, Rgb]) -> str:
    """A structure's name behind its colour as contours show it."""
    return chip(on_image(colors[name]) if name in colors else None) + escape(name)


def legend(entries: Sequence[tuple[str, Rgb]], label: str, titled: bool = False) -> str:
    """Coloured squares with names, the label in front of them where it is not plain what they are."""
    items = "".join(f"<li>{chip(color)}{escape(text)}</li>" for text, color in entries)
    title = f'<li class="of">{escape(label)}</li>' if titled else ""
    return f'<ul class="legend" aria-label="{escape(label)}">{title}{items}</ul>' if items else ""


def gallery(pictures: Sequence[Picture]) -> str:
    """Pictures side by side at one height; each takes the share of the width that its shape needs."""
    figures = []
    for picture in pictures:
        caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
        figures.append(f'<figure style="--a:{picture.aspect:.3f}"><img src="{picture.data_uri()}" '
                       f'width="{picture.image.width}" height="{picture.image.height}" alt="{escape(picture.alt)}">'
                       f"{caption}</figure>")
    shapes = sum(picture.aspect for picture in pictures)
    return f'<div class="gallery" style="--s:{shapes:.3f}">{"".join(figures)}</div>'


def doubts(sentences: Sequence[tuple[str, str]], none: str) -> str:
    """What to doubt: (about, sentence) pairs, or the sentence for none."""
    if not sentences:
        return f'<p class="quiet">{escape(none)}</p>'
    items = "".join(f"<li>{f'<strong>{escape(about)}:</strong> ' if about else ''}{escape(text)}</li>"
                    for about, text in sentences)
    return f'<ul class="doubts">{items}</ul>'


def value_html(value: object) -> str:
    """Any JSON value as HTML: mappings as description lists, lists of flat mappings as tables, the rest as text."""
    if value is None or value == "" or (isinstance(value, (Mapping, list, tuple)) and not value):
        return DASH
    if isinstance(value, Mapping):
        return facts([(str(k), value_html(v)) for k, v in value.items()])
    if isinstance(value, (list, tuple)):
        if all(isinstance(v, Mapping) for v in value) and not any(isinstance(c, Mapping) for v in value
                                                                  for c in v.values()):
            return _rows_of_mappings(value)
        if any(isinstance(v, Mapping) for v in value) or sum(len(str(v)) for v in value) > 60:
            return f'<ul>{"".join(f"<li>{value_html(v)}</li>" for v in value)}</ul>'
        return escape(", ".join(scalar(v) for v in value)) or DASH
    return escape(scalar(value))


def scalar(value: object) -> str:
    """Numbers with four significant digits, yes and no, everything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _rows_of_mappings(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f'<th scope="col">{escape(words_of(n))}</th>' for n in names)
    body = "".join("<tr>" + "".join(_plain_cell(row.get(n)) for n in names) + "</tr>" for row in rows)
    return f'<div class="scroll"><table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _plain_cell(value: object) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f'<td{" class=num" if number else ""}>{value_html(value)}</td>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Description list; values are HTML."""
    return "<dl>" + "".join(f"<dt>{escape(words_of(k))}</dt><dd>{v}</dd>" for k, v in pairs) + "</dl>"


def words_of(key: str) -> str:
    """'not_intended' to 'Not intended'; names with capitals or dots stay as they are."""
    plain = key.islower() and all(c.isalnum() or c in "_ " for c in key)
    return key.replace("_", " ").capitalize() if plain else key
