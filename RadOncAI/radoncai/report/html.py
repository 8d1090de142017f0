"""`report.html`: one file that opens anywhere, prints on A4 and loads nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from radoncai.report.body_part import body_part
from radoncai.report.compare import compare_page
from radoncai.report.contour_part import contour_part
from radoncai.report.dose_part import dose_part
from radoncai.report.page import banner, page, write_page
from radoncai.report.part import Part
from radoncai.report.sections import BodySection, ContourSection, DoseSection
from radoncai.report.tables import facts, scalar, value_html, words_of

__all__ = ["compare_page", "write_page", "write_report"]

MOST_FIGURES = 6
FOLDED = {"method", "citation", "contact", "date"}
CARD_KEYS = ("intended_use", "not_intended", "limits", "training_data", "method", "metrics", "licence", "citation",
             "contact", "date")


def first_screen(subject: str, parts: Sequence[Part]) -> str:
    """Who, what was run, and the results in words."""
    ran = ", ".join(part.title.lower() for part in parts) or "nothing was run"
    sentence = "; ".join(part.headline for part in parts)
    return (f'<header><p class="brand">RadOncAI report</p><h1>{escape(subject)}</h1>'
            f'<p class="ran">{escape(ran[:1].upper() + ran[1:])}</p>{banner()}'
            f'<p class="summary">{escape(sentence)}{"." if sentence else ""}</p>'
            f'<nav class="tiles" aria-label="Results">{"".join(part.tile() for part in parts)}</nav></header>')


def card_html(card: Mapping[str, object]) -> str:
    """A model card in short: what people must know, in a fixed order; the method and many figures folded."""
    name = " ".join(str(card[k]) for k in ("name", "version") if card.get(k))
    title = str(card.get("title") or name or "Model")
    figures = figure_lines(card.get("metrics"))
    card = {**card, "training_data": _training_words(card.get("training_data")), "metrics": figures}
    pairs = [(key, value_html(card[key])) for key in CARD_KEYS if card.get(key) not in (None, "", [], {})]
    many = isinstance(figures, list) and len(figures) > MOST_FIGURES
    folds = {*FOLDED, "metrics"} if many else FOLDED
    more = [p for p in pairs if p[0] in folds]
    title_of_more = "Method, figures, citation" if many else "Method, citation"
    folded = f"<details><summary>{title_of_more}</summary>{facts(more)}</details>" if more else ""
    short = [("figures" if key == "metrics" else key, value) for key, value in pairs if key not in folds]
    exact = f" <small>{escape(name)}</small>" if name and name != title else ""
    return f'<article class="card"><h3>{escape(title)}{exact}</h3>{facts(short)}{folded}</article>'


def figure_lines(metrics: object) -> object:
    """Rows {structure, metric, value, n, data} as one line a metric and data set; anything else as it is.

    'Dice on validation (n = 40): Brainstem 0.78, SpinalCord 0.75'.
    """
    if not isinstance(metrics, (list, tuple)) or not all(isinstance(m, Mapping) and "value" in m for m in metrics):
        return metrics
    lines: dict[str, list[str]] = {}
    for m in metrics:
        what = str(m.get("metric") or "")
        head = (what[:1].upper() + what[1:]) + (f" on {m['data']}" if m.get("data") else "")
        head += f" (n = {m['n']})" if m.get("n") else ""
        lines.setdefault(head, []).append(f"{m.get('structure') or ''} {_short(m['value'])}".strip())
    return [f"{head}: {', '.join(values)}" for head, values in lines.items()]


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else scalar(value)


def _training_words(data: object) -> object:
    """{text, n, source, terms} as sentences; anything else as it is."""
    if not isinstance(data, Mapping) or not isinstance(data.get("text"), str):
        return data
    first = data["text"].rstrip(".") + (f" (n = {data['n']})" if data.get("n") else "")
    rest = [f"{words_of(str(k))}: {v}" for k, v in data.items()
            if k not in ("text", "n") and v and isinstance(v, (str, int))]
    return ". ".join([first, *(r.rstrip(".") for r in rest)]) + "."


def background(cards: Sequence[Mapping[str, object]], provenance: Sequence[Mapping[str, object]]) -> str:
    """Model cards and provenance."""
    out = ""
    if cards:
        out += f'<section id="models"><h2>Models in short</h2>{"".join(card_html(c) for c in cards)}</section>'
    if provenance:
        runs = "".join(f"<details><summary>{escape(_run_name(run))}</summary>{value_html(run)}</details>"
                       for run in provenance)
        out += f'<section id="provenance" class="small"><h2>Where this comes from</h2>{runs}</section>'
    return out


def _run_name(run: Mapping[str, object]) -> str:
    job = str(run.get("job") or run.get("command") or run.get("task") or "Run")
    models = run.get("models") or run.get("model") or ()
    models = [models] if isinstance(models, (str, Mapping)) else models
    names = ", ".join(str(m.get("name", "") if isinstance(m, Mapping) else m) for m in models)
    return f"{job}: {names}" if names else job


def write_report(path: str | Path, *, subject: str, contour: ContourSection | None = None,
                 dose: DoseSection | None = None, body: BodySection | None = None,
                 cards: Sequence[Mapping[str, object]] = (), provenance: Sequence[Mapping[str, object]] = (),
                 version: str = "") -> None:
    """Write the report of one subject (a pseudonym) as one HTML file.

    The sections that are None are left out. `cards` are the dicts of card.json, `provenance` those of
    provenance.json. Raises PlatformError where the file cannot be written; an older file stays until the new one
    is complete.
    """
    parts = [make(section) for make, section in ((contour_part, contour), (dose_part, dose), (body_part, body))
             if section is not None]
    text = first_screen(subject, parts) + "<main>" + "".join(part.section() for part in parts)
    write_page(path, page(f"RadOncAI report, {subject}", text + background(cards, provenance) + "</main>",
                          version=version))
