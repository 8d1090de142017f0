"""The dose of a report: isodoses, goals, DVH, metrics, what to doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from radoncai.report.colours import OUTLINE_ROLES, TARGET_ROLES, on_image, structure_colors
from radoncai.report.isodoses import isodoses
from radoncai.report.numbers import by_unit, fixed, limit_parts, limit_text, to_float
from radoncai.report.part import Part, model_line
from radoncai.report.pictures import DOSE_KINDS, RESEARCH, dose_pictures
from radoncai.report.plots import dvh_svg, goal_bar
from radoncai.report.sections import DoseSection, Row
from radoncai.report.tables import Column, Notes, doubts, gallery, legend, named, table

VERDICTS = {"pass": ("✓", "met"), "near": ("~", "met"), "unsure": ("?", "unsure"), "fail": ("✕", "missed"),
            "unknown": ("–", "unknown")}  # best first
TARGET_METRICS = ("D99%", "D98%", "D95%", "D50%", "D2%", "D1%", "V95%", "HI")
ORGAN_METRICS = ("D0.03cc", "D0.1cc", "Dmean", "V20Gy", "V30Gy", "V50Gy")
TITLES = {"near": "met, within 5 % of the limit", "unsure": "the limit lies inside the 90 % band"}
MOSTLY, BOOST = 0.5, "contains {}: its HI, V107% and highest doses are those of the boost"
NOTHING = "No warning came up. A predicted dose shows what is usually reached, not what a plan will reach."


def miss(row: Row) -> str:
    """'1.0 Gy': by how much the value lies beyond the limit; '' where either is unknown."""
    value, (_, limit) = to_float(row.get("value")), limit_parts(row.get("limit"))
    if value is None or limit is None:
        return ""
    return f"{fixed(abs(value - limit))} {row.get('unit', '')}".strip()


def verdict_html(row: Row, notes: Notes) -> str:
    """Symbol, word and colour of a goal's verdict, with the amount where it is missed and the part it holds for."""
    verdict = str(row.get("verdict") or "unknown")
    sign, word = VERDICTS.get(verdict, VERDICTS["unknown"])
    if verdict == "unknown":
        return f'<span class="verdict unknown">{notes.unknown(row.get("reason"))} unknown</span>'
    more = {"near": ", within 5 %", "fail": f" by {miss(row)}" if miss(row) else ""}.get(verdict, "")
    title = f' title="{TITLES[verdict]}"' if verdict in TITLES else ""
    part = f"<small>{escape(str(row['reason']))}</small>" if row.get("reason") else ""
    return f'<span class="verdict {verdict}"{title}><b>{sign}</b> {escape(word + more)}</span>{part}'


def band(row: Row, unit: str) -> str:
    """'64.8 – 67.9', '' where there is none."""
    low, high = to_float(row.get("low")), to_float(row.get("high"))
    return "" if low is None or high is None else f"{by_unit(low, unit)} – {by_unit(high, unit)}"


def metric_name(metric: object) -> str:
    """'D0.1cc[Gy]' to 'D0.1cc'; the unit goes into the header."""
    return str(metric).split("[")[0]


def goal_table(section: DoseSection) -> str:
    """Goals in the order given. One unit for all goes into the header, mixed units stand behind the values."""
    notes, rows = Notes(), []
    colors = structure_colors(section.structures)
    units = {str(row.get("unit") or "") for row in section.goal_rows}
    for row in section.goal_rows:
        sign, limit = limit_parts(row.get("limit"))
        unit, name = str(row.get("unit") or ""), str(row.get("structure", ""))
        behind = f" {escape(unit)}" if len(units) > 1 else ""
        known = to_float(row.get("value")) is not None
        value = by_unit(row["value"], unit) + behind if known else notes.unknown(row.get("reason"))
        goal = f"{escape(metric_name(row.get('metric')))} {sign} {limit_text(limit)} {escape(unit)}"
        rows.append([named(name, colors), goal, verdict_html(row, notes), value, escape(band(row, unit)),
                     goal_bar(row), escape(str(row.get("priority") or ""))])
    unit = units.pop() if len(units) == 1 else ""
    columns = [Column("Structure"), Column("Goal", cls="nowrap"), Column("Verdict"), Column("Value", unit, True),
               Column("90 % band", unit, True), Column("Against the limit"), Column("Priority", "", True)]
    if not any(row[4] for row in rows):
        columns, rows = columns[:4] + columns[5:], [row[:4] + row[5:] for row in rows]
    return table("Goals", columns, rows, notes, "goals") if rows else ""


def metric_table(section: DoseSection, names: Sequence[str], chosen: Sequence[str], caption: str) -> str:
    """One row a structure, one column a chosen metric, the 90 % band under the value; all metrics if none is chosen."""
    rows = [r for r in section.metric_rows if str(r.get("structure")) in names]
    found = list(dict.fromkeys((metric_name(r.get("metric")), str(r.get("unit") or "")) for r in rows))
    metrics = [m for name in chosen for m in found if m[0] == name] or found
    if not rows:
        return ""
    notes, lines = Notes(), []
    cells = {(str(r.get("structure")), metric_name(r.get("metric")), str(r.get("unit") or "")): r for r in rows}
    colors = structure_colors(section.structures)
    for name in dict.fromkeys(str(r.get("structure")) for r in rows):
        boost = boost_in(section, name)
        mark = notes.mark(BOOST.format(boost)) if boost else ""
        lines.append([named(name, colors) + mark, *(_metric_cell(cells.get((name, *m)), notes) for m in metrics)])
    columns = [Column("Structure")] + [Column(name, unit, True) for name, unit in metrics]
    return table(caption, columns, lines, notes)


def boost_in(section: DoseSection, name: str) -> str:
    """The target of a higher level that lies mostly in this one, "" where there is none."""
    levels = section.prescription.targets if section.prescription else {}
    found = {s.name: s for s in section.structures if s.name in levels}
    if name not in found:
        return ""
    outer = found[name].full(section.structures.grid.shape)
    return next((n for n, s in found.items() if levels[n] > levels[name]
                 and (s.mask & outer[s.box]).sum() > MOSTLY * s.voxels), "")


def _metric_cell(row: Row | None, notes: Notes) -> str:
    """Value with its band below; a reason beside a value (a maximum of the scanned part) becomes a footnote."""
    if row is None:
        return ""
    if to_float(row.get("value")) is None:
        return notes.unknown(row.get("reason"))
    unit, spread = str(row.get("unit") or ""), band(row, str(row.get("unit") or ""))
    mark = notes.mark(row["reason"]) if row.get("reason") else ""
    return by_unit(row["value"], unit) + mark + (f"<small>{escape(spread)}</small>" if spread else "")


def _metric_tables(section: DoseSection) -> str:
    targets = [s.name for s in section.structures if s.role in TARGET_ROLES]
    outlines = [s.name for s in section.structures if s.role in OUTLINE_ROLES]
    others = list(dict.fromkeys(str(r.get("structure")) for r in section.metric_rows
                                if str(r.get("structure")) not in (*targets, *outlines)))
    spread = any(band(r, "Gy") for r in section.metric_rows)
    more = ", 90 % band below" if spread else ""
    return "".join(metric_table(section, names, chosen, f"{title}{more}") for names, chosen, title in
                   ((targets, TARGET_METRICS, "Dose to targets"), (others, ORGAN_METRICS, "Dose to organs")))


def dose_part(section: DoseSection) -> Part:
    """Pictures, goals, DVH, metrics and doubts of a dose."""
    status = DOSE_KINDS.get(section.dose.kind, RESEARCH)
    pictures = dose_pictures(section.ct, section.structures, section.dose, section.prescription)
    colors = structure_colors(section.structures)
    seen = {name for picture in pictures for name in picture.shown}
    levels = [(f"{i.gy:.1f} Gy, {100 * i.share:.0f} %{f' ({i.note})' if i.note else ''}", i.color)
              for i in reversed(isodoses(section.dose, section.prescription))]
    title = "Predicted dose" if section.dose.kind == "predicted" else f"{section.dose.kind.capitalize()} dose"
    body = [gallery(pictures), legend(levels, "Isodoses", True),
            legend([(n, on_image(colors[n])) for n in section.structures.names if n in seen], "Contours", True),
            _prescription(section), goal_table(section), _plot(section), _metric_tables(section),
            "<h3>What to doubt</h3>", doubts(_sentences(section), NOTHING)]
    headline, detail, state = summary(section.goal_rows)
    return Part("dose", title, status, headline, detail, state, model_line(section.model), "".join(body))


def _plot(section: DoseSection) -> str:
    drawing = dvh_svg(section.dvh_rows, section.structures, kind=section.dose.kind, metric_rows=section.metric_rows)
    if not drawing:
        return ""
    kinds = {str(c.get("kind", section.dose.kind)) for c in section.dvh_rows}
    how = "dashed: predicted" if kinds == {"predicted"} else "dashed: predicted, solid: given" \
        if "predicted" in kinds else ""
    spread = any(band(r, "Gy") for r in section.metric_rows)
    caption = ", ".join(t for t in ("Dose-volume histogram, cumulative", how,
                                    "bars: 90 % band of a metric" if spread else "") if t)
    return f'<figure class="plot"><div class="scroll">{drawing}</div><figcaption>{caption}</figcaption></figure>'


def _prescription(section: DoseSection) -> str:
    if not section.prescription:
        return '<p class="quiet">No prescription is known: isodoses are shares of the highest dose.</p>'
    given = ", ".join(f"{escape(n)} {gy:g} Gy" for n, gy in
                      sorted(section.prescription.targets.items(), key=lambda item: -item[1]))
    fractions = f" in {section.prescription.fractions} fractions" if section.prescription.fractions else ""
    return f"<p><b>Prescription</b> {given}{fractions}. Percentages are of the highest level.</p>"


def _sentences(section: DoseSection) -> list[tuple[str, str]]:
    failed = [r for r in section.goal_rows if r.get("verdict") == "fail"]
    missed = [f"{_goal_name(r)} by {miss(r)}".removesuffix(" by ") for r in failed]
    unsure = [_goal_name(r) for r in section.goal_rows if r.get("verdict") == "unsure"]
    out = [("Missed", ", ".join(missed) + ".")] if missed else []
    out += [("Unsure", f"{', '.join(unsure)}. The limit lies inside the 90 % band.")] if unsure else []
    return out + [("", str(text)) for text in section.warnings]


def _goal_name(row: Row) -> str:
    return f"{row.get('structure', '')} {metric_name(row.get('metric'))}"


def tally(goal_rows: Sequence[Row]) -> Counter:
    """How many goals have each verdict; the rows of one group count once, with their best verdict."""
    order = list(VERDICTS)
    best: dict[object, str] = {}
    for n, row in enumerate(goal_rows):
        verdict, key = str(row.get("verdict") or "unknown"), row.get("group") or n
        best[key] = min(best.get(key, verdict), verdict, key=order.index)
    return Counter(best.values())


def summary(goal_rows: Sequence[Row]) -> tuple[str, str, str]:
    """('9 of 12 goals met', '1 missed, 2 unsure', state); goals that cannot be judged count apart."""
    if not goal_rows:
        return "dose without goals", "", "look"
    found = tally(goal_rows)
    met, judged = found["pass"] + found["near"], sum(found.values()) - found["unknown"]
    parts = [f"{found[v]} {w}" for v, w in (("fail", "missed"), ("unsure", "unsure"), ("near", "near the limit"),
                                           ("unknown", "cannot be judged")) if found[v]]
    state = "bad" if found["fail"] else "look" if found["unsure"] or found["unknown"] or not judged else "good"
    return f"{met} of {judged} goals met", ", ".join(parts), state
