"""Cards in and out: the AID-RT model card's form, and figures from benchmark runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.templates import match
from radoncai.models.card import Field, get, require_card, table
from radoncai.models.catalogue import ModelFolder, place_of

TASKS = {"contour": "Segmentation", "dose": "Dose prediction", "image": "Image-to-Image translation"}
SITES = {"brain": "Brain", "head and neck": "HN", "thorax": "Thorax", "breast": "Thorax", "abdomen": "Abdomen",
         "pelvis": "Pelvis"}
LISTS = ("learning_architectures", "evaluations")
OWN = "radoncai"


def export(folder: ModelFolder) -> dict[str, Any]:
    """The card in the AID-RT form, sections and keys as its tool writes them; our own card rides along whole under
    `radoncai`, so that nothing is lost on the way back.
    """
    card, model = folder.card, folder.model
    out: dict[str, Any] = {"task": TASKS.get(model.task, "Other")}
    for path, value in {"model_basic_information.name": folder.title,
                        "model_basic_information.version_number": _padded(folder.version),
                        "card_metadata.version_number": folder.version,
                        "model_basic_information.model_scope_anatomical_site": _site(model.sites),
                        "technical_specifications.model_inputs": list(model.modality),
                        "technical_specifications.model_outputs": list(model.names)}.items():
        _put(out, path, value)
    for field in table()[1]:
        value = field.value(card)
        for path in field.rt_card if value not in (None, "", [], {}) else ():
            _put(out, path, _words(value))
    figures = [{"name": row.get("metric"), "on_volume": row.get("structure"), "mean_data": row.get("value"),
                "sample_data": row.get("n"), "metric_specifications": row.get("data")}
               for row in card.get("metrics") or () if isinstance(row, Mapping)]
    out.setdefault("evaluations", [{}])[0]["metrics"] = figures
    out[OWN] = {"name": folder.name, "version": folder.version, "card": card}
    return out


def card_of(content: object, where: str) -> dict[str, Any]:
    """Our card from one exported here, from one in the AID-RT form, or from a plain card. Raises ModelError."""
    if isinstance(content, Mapping) and isinstance(content.get(OWN), Mapping):
        return require_card(content[OWN].get("card"), where)
    if not isinstance(content, Mapping) or "model_basic_information" not in content:
        return require_card(content, where)
    card: dict[str, Any] = {"title": get(content, "model_basic_information.name"), "metrics": []}
    for field in table()[1]:
        values = [v for path in field.rt_card if (v := _found(content, path)) not in (None, "", [], {})]
        if values:
            _set(card, field, values[0])
    return require_card(card, where)


def import_card(folder: ModelFolder, content: object, where: str) -> None:
    """Give a model of the user's own another card. Raises ModelError for a bundled one and for what is no card."""
    if place_of(folder) == "bundled":
        raise ModelError(f"{folder.id} is bundled and keeps its card; install a copy of it to change that.")
    write(folder, card_of(content, where))


def fill(folder: ModelFolder, rows: object, data: str = "", only: str = "") -> int:
    """Put a benchmark's rows {table, row, metric, value, unit, n} into the card's figures; how many.

    A row is about a structure of the model where `row` or the last word of `metric` names one. `data` says what they
    were measured on (else `table`, and `row` where that is no structure); earlier figures on the same data go. Rows
    without a value are left out, and those whose metric does not contain the word `only`. Raises ModelError for rows
    of another form, and where none is left.
    """
    if not isinstance(rows, list) or not all(isinstance(r, Mapping) and {"row", "metric", "value"} <= set(r)
                                             for r in rows):
        raise ModelError("These are no rows of a benchmark ({table, row, metric, value, unit, n}); run it with --json.")
    new = [_figure(r, folder.model.names, data) for r in rows
           if r["value"] is not None and only.casefold() in str(r["metric"]).casefold()]
    if not new:
        raise ModelError(f"None of the rows has a value for {only or 'anything'}; the card stays as it was.")
    replaced = {row["data"] for row in new}
    kept = [m for m in folder.card.get("metrics") or () if not (isinstance(m, Mapping) and m.get("data") in replaced)]
    write(folder, {**folder.card, "metrics": [*new, *kept]})
    return len(new)


def _figure(row: Mapping[str, Any], names: tuple[str, ...], data: str) -> dict[str, Any]:
    """A row as the card has it: 'Dice LeftParotid, nobody left out' is about Parotid_L, the rest is about the data."""
    metric, comma, more = str(row["metric"]).partition(", ")
    structure, where = _structure(str(row["row"]), names), [str(row.get("table") or "")]
    if not structure:
        where.append(str(row["row"]))
        first, _, last = metric.rpartition(" ")
        start, _, rest = metric.partition(" ")
        if structure := _structure(last, names):
            metric = first
        elif structure := _structure(start, names):
            metric = rest
    unit = str(row.get("unit") or "")
    value = round(row["value"], 4) if isinstance(row["value"], float) else row["value"]
    return {"structure": structure, "metric": metric, "value": value, **({} if unit in ("", "1") else {"unit": unit}),
            "n": row.get("n"), "data": (data or ", ".join(w for w in where if w)) + comma + more}


def _structure(word: str, names: tuple[str, ...]) -> str:
    """The model's name for a structure, or its TG-263 name; "" for other words."""
    template = match(word) if word else None
    standard = template.name if template and template.role != "derived" else ""
    return next((n for n in names if n.casefold() in (word.casefold(), standard.casefold())), standard)


def write(folder: ModelFolder, card: Mapping[str, Any]) -> None:
    """Replace card.json at once. Raises PlatformError."""
    path = folder.path / "card.json"
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise PlatformError(f"{path} cannot be written ({problem.strerror}); the card stays as it was.") from problem


def _put(out: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        out = out.setdefault(name, [{}])[0] if name in LISTS else out.setdefault(name, {})
    out[last] = value


def _found(content: Mapping[str, Any], path: str) -> Any:
    value: Any = content
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
        if name in LISTS and isinstance(value, list):
            value = value[0] if value else None
    return value


def _set(card: dict[str, Any], field: Field, value: Any) -> None:
    first, _, rest = field.field.partition(".")
    if field.kind == "texts":
        value = [line.strip() for line in value.splitlines() if line.strip()] if isinstance(value, str) else value
    elif field.kind == "number":
        digits = str(value).replace(",", "").strip()
        value = int(digits) if digits.isdigit() else value
    if rest:
        card.setdefault(first, {})[rest] = value
    else:
        card[first] = value


def _words(value: Any) -> Any:
    if isinstance(value, list):
        return "\n".join(str(v) for v in value)
    return value if isinstance(value, int) else str(value)


def _padded(version: str) -> str:
    """'0.2.0' as the AID-RT card writes versions, '00.02.0000'; others as they are."""
    parts = version.split(".")
    if len(parts) != 3 or not all(p.isdigit() for p in parts):
        return version
    return f"{int(parts[0]):02d}.{int(parts[1]):02d}.{int(parts[2]):04d}"


def _site(sites: tuple[str, ...]) -> str:
    return next((SITES[s] for s in sites if s in SITES), "Other")
