"""`report.html`: one file that opens anywhere, prints on A4 and loads nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from radoncai.report.body_part import body_part
from radoncai.report.card import card_short
from radoncai.report.compare import compare_page
from radoncai.report.contour_part import contour_part
from radoncai.report.dose_part import dose_part
from radoncai.report.page import banner, page, write_page
from radoncai.report.part import Part
from radoncai.report.sections import BodySection, ContourSection, DoseSection
from radoncai.report.tables import value_html

__all__ = ["compare_page", "write_page", "write_report"]


def first_screen(subject: str, parts: Sequence[Part]) -> str:
    """Who, what was run, and the results in words."""
    ran = ", ".join(part.title.lower() for part in parts) or "nothing was run"
    sentence = "; ".join(part.headline for part in parts)
    return (f'<header><p class="brand">RadOncAI report</p><h1>{escape(subject)}</h1>'
            f'<p class="ran">{escape(ran[:1].upper() + ran[1:])}</p>{banner()}'
            f'<p class="summary">{escape(sentence)}{"." if sentence else ""}</p>'
            f'<nav class="tiles" aria-label="Results">{"".join(part.tile() for part in parts)}</nav></header>')


def background(cards: Sequence[Mapping[str, object]], provenance: Sequence[Mapping[str, object]]) -> str:
    """Model cards and provenance."""
    out = ""
    if cards:
        out += f'<section id="models"><h2>Models in short</h2>{"".join(card_short(c) for c in cards)}</section>'
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
