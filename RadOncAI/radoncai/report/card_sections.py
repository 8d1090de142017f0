"""A model card as people read it: sections, each with titled texts; page, panel and terminal show the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from radoncai.models.card import Field, table
from radoncai.report.tables import scalar, words_of


@dataclass(frozen=True)
class Item:
    """One field of a card, its content as plain texts."""

    field: str
    title: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """`name` as in the table of fields; only fields that say something."""

    name: str
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Figures:
    """Figures on one data set: `rows` are (structure, values by measure, n); texts that are no numbers stand apart."""

    data: str
    measures: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, float], str], ...]
    remarks: tuple[str, ...]


def sections(card: Mapping[str, Any]) -> tuple[Section, ...]:
    """What a card says, in the order of the table; sections without content are left out."""
    titles, fields = table()
    found = []
    for name, title in titles.items():
        items = [Item(f.field, f.title, texts) for f in fields
                 if f.section == name and f.field != "title" and (texts := _texts(f, card))]
        if items:
            found.append(Section(name, title, tuple(items)))
    return tuple(found)


def figures(metrics: object) -> tuple[Figures, ...]:
    """The card's rows {structure, metric, value, unit, n, data}, one table a data set, in the card's order."""
    rows = [m for m in metrics if isinstance(m, Mapping) and "value" in m] if isinstance(metrics, list) else []
    return tuple(_figures(data, [m for m in rows if str(m.get("data") or "") == data])
                 for data in dict.fromkeys(str(m.get("data") or "") for m in rows))


def figure_lines(metrics: object) -> object:
    """Rows {structure, metric, value, n, data} as one line a metric and data set; anything else as it is.

    'Dice on validation (n = 40): Brainstem 0.78, SpinalCord 0.75'.
    """
    if not isinstance(metrics, (list, tuple)) or not all(isinstance(m, Mapping) and "value" in m for m in metrics):
        return metrics
    lines: dict[str, list[str]] = {}
    for m in metrics:
        what = _measure(m)
        head = (what[:1].upper() + what[1:]) + (f" on {m['data']}" if m.get("data") else "")
        head += f" (n = {m['n']})" if m.get("n") else ""
        lines.setdefault(head, []).append(f"{m.get('structure') or ''} {_short(m['value'])}".strip())
    return [f"{head}: {', '.join(values)}" for head, values in lines.items()]


def _figures(data: str, rows: list[Mapping[str, Any]]) -> Figures:
    table_rows: dict[tuple[str, str], dict[str, float]] = {}
    measures, remarks = [], []
    for m in rows:
        structure, measure, n = str(m.get("structure") or ""), _measure(m), str(m.get("n") or "")
        if isinstance(m["value"], (int, float)) and not isinstance(m["value"], bool):
            measures.append(measure)
            table_rows.setdefault((structure, n), {})[measure] = float(m["value"])
        else:
            head = " ".join(part for part in (structure, measure) if part)
            remarks.append(f"{head} (n {n}): {m['value']}" if n else f"{head}: {m['value']}")
    return Figures(data, tuple(dict.fromkeys(measures)),
                   tuple((structure, values, n) for (structure, n), values in table_rows.items()), tuple(remarks))


def _measure(row: Mapping[str, Any]) -> str:
    unit = str(row.get("unit") or "")
    name = str(row.get("metric") or "")
    return f"{name} [{unit}]" if unit and f"[{unit}]" not in name else name


def _texts(field: Field, card: Mapping[str, Any]) -> tuple[str, ...]:
    value = field.value(card)
    if value in (None, "", [], {}):
        return ()
    if field.field == "metrics":
        value = figure_lines(value)
    elif field.field == "subgroups" and isinstance(value, list):
        return tuple(_subgroup(row) for row in value if isinstance(row, Mapping))
    if isinstance(value, (list, tuple)):
        return tuple(_line(v) for v in value)
    return (_line(value),)


def _line(value: object) -> str:
    if isinstance(value, Mapping):
        return ". ".join(f"{words_of(str(k))}: {_line(v)}".rstrip(".") for k, v in value.items() if v not in ("", None))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else scalar(value)


def _subgroup(row: Mapping[str, Any]) -> str:
    by = str(row.get("by") or "")
    if row.get("value") is None:
        return f"by {by}: {row.get('reason') or 'not known'}"
    what = " ".join(str(row[k]) for k in ("structure", "metric") if row.get(k))
    return f"by {by}, {row.get('group', '')}: {what} {_short(row['value'])} (n {row.get('n', '?')})"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else scalar(value)
