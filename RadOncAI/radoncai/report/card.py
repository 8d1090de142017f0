"""The card of a model: a page of its own that prints on A4, and the short form at the end of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from radoncai.models.card import get
from radoncai.models.catalogue import ModelFolder
from radoncai.report.card_sections import Figures, Item, Section, figures, sections
from radoncai.report.numbers import DASH
from radoncai.report.page import BANNER_MORE, page, write_page
from radoncai.report.tables import Column, table

BLOCKS = {"use": ("intended_use", "not_intended", "intended_users"),
          "data": ("training_data.text", "training_data.reference", "training_data.guideline", "training_data.sex",
                   "training_data.age", "training_data.scanner"),
          "unseen": ("not_trained_on",), "limits": ("limits", "risks")}
SHORT = (("For", "intended_use"), ("Not for", "not_intended"), ("Not trained on", "not_trained_on"),
         ("Known limits", "limits"), ("Licence", "licence"))


def write_card(path: Path, folder: ModelFolder, *, version: str = "") -> None:
    """Write the card of a model as one HTML file. Raises PlatformError where it cannot be written."""
    write_page(path, card_page(folder, version=version))


def card_page(folder: ModelFolder, *, version: str = "") -> str:
    """A whole HTML page: for, trained on, not trained on, known limits, numbers with n, technique, origin."""
    card, model = folder.card, folder.model
    parts = {s.name: s for s in sections(card)}
    gives = f"<p class='gives'>{escape(', '.join(model.names))}</p>" if model.names else ""
    exact = f"{model.task} model · {', '.join(model.modality)} · {', '.join(model.sites)} · {folder.id}"
    head = (f'<header><p class="brand">RadOncAI model card</p><h1>{escape(folder.title)}</h1>'
            f'<p class="ran">{escape(exact)}</p>{gives}{_standing(card)}</header>')
    first = "".join(_block(parts[name], fields) for name, fields in BLOCKS.items() if name in parts)
    rest = "".join(_technical(parts[name]) for name in ("technique", "origin") if name in parts)
    body = f'{head}<main class="sheet"><div class="blocks">{first}</div>{_measured(card, parts)}{rest}</main>'
    return page(f"Model card: {folder.title}", body, version=version)


def card_short(card: Mapping[str, Any]) -> str:
    """What people must know, in a fixed order, for the end of a report; figures and method folded."""
    name = " ".join(str(card[k]) for k in ("name", "version") if card.get(k))
    title = str(card.get("title") or name or "Model")
    items = {i.field: i for section in sections(card) for i in section.items}
    short = [Item(field, word, items[field].texts) for word, field in SHORT if field in items]
    if trained := _trained_on(items):
        short.insert(sum(i.field in ("intended_use", "not_intended") for i in short), trained)
    told = {i.field for i in short} | {"training_data.text", "training_data.n", "training_data.terms", "metrics"}
    more = [item for field, item in items.items() if field not in told]
    tables = "".join(_table(f) for f in figures(card.get("metrics")))
    numbers = f"<details><summary>Numbers with n</summary>{tables}</details>" if tables else ""
    folded = f"<details><summary>The whole card</summary>{_list(more)}</details>" if more else ""
    exact = f" <small>{escape(name)}</small>" if name and name != title else ""
    return f'<article class="card"><h3>{escape(title)}{exact}</h3>{_list(short)}{numbers}{folded}</article>'


def _trained_on(items: Mapping[str, Item]) -> Item | None:
    """'149 patients of OpenKBP (n = 149). Terms: ...' as one text."""
    text, n, terms = (items[f].texts[0].rstrip(".") if (f := f"training_data.{key}") in items else ""
                      for key in ("text", "n", "terms"))
    said = text + (f" (n = {n})" if n not in ("", "0") else "")
    return Item("training_data", "Trained on", (f"{said}. Terms: {terms}." if terms else f"{said}.",)) if text else None


def _standing(card: Mapping[str, Any]) -> str:
    status = str(get(card, "clearance.status") or "")
    more = f"Clearance: {status}." if status else "Nothing is said about its clearance."
    return f'<p class="banner" role="note"><b>{BANNER_MORE}</b> <span>{escape(more)}</span></p>'


def _block(section: Section, fields: tuple[str, ...]) -> str:
    """One of the four blocks that everybody reads: several texts as a list, a single one as a sentence."""
    said = ""
    for title, texts in _together([i for i in section.items if i.field in fields], fields[0]):
        if len(texts) > 1:
            head = f"<h3>{escape(title)}</h3>" if title else ""
            said += f"{head}<ul>{''.join(f'<li>{escape(t)}</li>' for t in texts)}</ul>"
        else:
            said += f"<p>{f'<b>{escape(title)}</b> ' if title else ''}{escape(texts[0])}</p>"
    return f'<section class="block {section.name}"><h2>{escape(section.title)}</h2>{said}</section>'


def _together(items: Sequence[Item], first: str) -> list[tuple[str, tuple[str, ...]]]:
    """(title, texts), the first field without a title; fields that say the same are said once."""
    titles: dict[tuple[str, ...], list[str]] = {}
    for item in items:
        titles.setdefault(item.texts, []).extend([] if item.field == first else [item.title])
    return [(", ".join([n[0], *(t.lower() for t in n[1:])]) if n else "", texts) for texts, n in titles.items()]


def _measured(card: Mapping[str, Any], parts: Mapping[str, Section]) -> str:
    tables = "".join(_table(f) for f in figures(card.get("metrics")))
    said = [i for i in parts["figures"].items if i.field != "metrics"] if "figures" in parts else []
    none = "" if tables else "<p>No figures yet.</p>"
    return (f'<section id="figures"><h2>Numbers with n</h2>{none}<div class="tables">{tables}</div>'
            f'{_list(said) if said else ""}</section>{_data(card, parts)}')


def _data(card: Mapping[str, Any], parts: Mapping[str, Section]) -> str:
    """What the first page leaves out of the training data, and each data set with its terms."""
    items = [i for i in parts["data"].items if i.field not in (*BLOCKS["data"], "data_sets")] if "data" in parts else []
    details = _list(items) if items else ""
    return f'<section id="data" class="small"><h2>The data in detail</h2>{_data_sets(card)}{details}</section>'


def _table(found: Figures) -> str:
    """Structures down, measures across; a bar beside shares such as Dice."""
    if not found.rows:
        return f'<div class="one wide-one">{_remarks(found)}</div>'
    columns = [Column(""), *(Column(m, number=True) for m in found.measures), Column("n", number=True)]
    rows = [[escape(structure) or "all", *(_value(m, values.get(m)) for m in found.measures), escape(n) or DASH]
            for structure, values, n in found.rows]
    wide = " wide-one" if len(found.measures) > 2 else ""
    shown = table(found.data or "Figures", columns, rows, cls="figures")
    return f'<div class="one{wide}">{shown}{_remarks(found)}</div>'


def _remarks(found: Figures) -> str:
    if not found.remarks:
        return ""
    title = "" if found.rows else f"<h3>{escape(found.data)}</h3>"
    items = "".join(f"<li>{escape(text)}</li>" for text in found.remarks)
    return f"{title}<ul class='remarks'>{items}</ul>"


def _value(measure: str, value: float | None) -> str:
    if value is None:
        return ""
    text = f"{value:#.3g}".rstrip(".").replace("-", "−")
    if "dice" not in measure.lower() or not 0 <= value <= 1:
        return text
    return f'<span class="share" style="--v:{value:.3f}">{value:.3f}</span>'


def _data_sets(card: Mapping[str, Any]) -> str:
    rows = card.get("data_sets")
    if not isinstance(rows, list) or not rows:
        return ""
    keys = ("name", "used_for", "n", "source", "terms")
    columns = [Column("Data set"), Column("used for"), Column("n", number=True), Column("from"), Column("terms")]
    cells = [[escape(str(row.get(k) if row.get(k) is not None else DASH)) for k in keys]
             for row in rows if isinstance(row, Mapping)]
    return table("Data sets and their terms", columns, cells, cls="sets")


def _technical(section: Section) -> str:
    return (f'<section id="{section.name}" class="small"><h2>{escape(section.title)}</h2>{_list(section.items)}'
            '</section>')


def _list(items: Sequence[Item]) -> str:
    pairs = "".join(f"<dt>{escape(i.title)}</dt><dd>{_texts(i)}</dd>" for i in items)
    return f"<dl>{pairs}</dl>"


def _texts(item: Item) -> str:
    if len(item.texts) == 1:
        return escape(item.texts[0])
    return f"<ul>{''.join(f'<li>{escape(t)}</li>' for t in item.texts)}</ul>"
