"""The contours of a report: pictures, volumes, what to doubt."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from radoncai.report.colours import TARGET_ROLES, on_image, structure_colors
from radoncai.report.numbers import count, fixed, to_float, volume
from radoncai.report.part import Part, model_line
from radoncai.report.pictures import NOT_APPROVED, contour_pictures
from radoncai.report.sections import ContourSection, Row
from radoncai.report.tables import Column, Notes, doubts, gallery, legend, named, table

STATES = {"unreviewed": "to review", "needs_work": "! needs work", "approved": "✓ approved",
          "rejected": "✕ rejected", "not_found": "– not found", "not_available": "– no model"}
ABSENT = ("not_found", "not_available")
NOTHING = "The checks found nothing to doubt. They see little; every contour needs a person's eye."


def findings_of(section: ContourSection, row: Row) -> list[str]:
    """Sentences about one structure, from the section or else from the table's own cell, which parts them by ';'."""
    name = str(row.get("structure", ""))
    if name in section.findings:
        return [str(s) for s in section.findings[name]]
    cell = row.get("findings") or ""
    given = cell.split(";") if isinstance(cell, str) else cell
    return [str(s).strip() for s in given if str(s).strip()]


def _cells(section: ContourSection, row: Row, colors: dict, notes: Notes) -> list[str]:
    name = str(row.get("structure", ""))
    reason = row.get("reason") or section.structures.missing.get(name) or ""
    if not reason and row.get("status") == "not_found":
        reason = "the model did not find it"
    standard = str(row.get("standard_name") or "")
    cells = [named(name, colors) + (f' <span class="alias">{escape(standard)}</span>'
                                    if standard not in ("", name) else "")]
    for key, write in (("volume_cc", volume), ("slices", lambda v: fixed(v, 0)), ("pieces", lambda v: fixed(v, 0))):
        cells.append(notes.unknown(reason) if to_float(row.get(key)) is None else write(row[key]))
    status = str(row.get("status") or "unreviewed")
    cells.append("given" if status == "unreviewed" and name in given_names(section) else
                 escape(STATES.get(status, status)))
    found = findings_of(section, row)
    sign = "" if row.get("status") in ABSENT else "! "
    cells.append(f"{sign}{escape(' '.join(found))}" if found else "")
    return cells


def contour_part(section: ContourSection, status: str = NOT_APPROVED) -> Part:
    """Pictures, table and doubts of a set of contours. Uncertainty stays in the CSV until it is calibrated."""
    colors, notes = structure_colors(section.structures), Notes()
    pictures = contour_pictures(section.ct, section.structures, status=status) if len(section.structures) else []
    columns = [Column("Structure"), Column("Volume", "cc", True), Column("Slices", "", True),
               Column("Pieces", "", True), Column("State", cls="nowrap"), Column("To look at", cls="wide")]
    rows = [_cells(section, row, colors, notes) for row in section.rows]
    body = [gallery(pictures), legend(_shown(section, pictures, colors), "Colours of the contours"),
            table("Volumes and state", columns, rows, notes), "<h3>What to doubt</h3>",
            doubts(_sentences(section), NOTHING)]
    headline, detail, state = summary(section)
    tag = "; ".join(t for t in (status, _given_words(section)) if t)
    return Part("contours", "Contours", tag, headline, detail, state, _made_by(section), "".join(body))


def given_names(section: ContourSection) -> list[str]:
    """The structures that no model made, where others of the set are a model's; [] where all are of one kind."""
    drawn = [s.name for s in section.structures if s.origin == "MANUAL"]
    return drawn if len(drawn) < len(section.structures) else []


def _made_by(section: ContourSection) -> str:
    line, given = model_line(section.model), given_names(section)
    return " ".join(t for t in (line, f"{', '.join(given)}: as given, not made by a model." if given else "") if t)


def _counted(section: ContourSection, found: Sequence[Row]) -> str:
    """'14 structures', or apart where some were given: '10 AI contours, 2 targets given'."""
    given = given_names(section)
    if not given:
        return count(len(found), "structure")
    return f"{count(len(found) - len(given), 'AI contour')}, {_given_words(section)}"


def _given_words(section: ContourSection) -> str:
    """'2 targets given', '' where none was."""
    given = given_names(section)
    roles = [s.role for s in section.structures if s.name in given]
    word = "target" if all(role in TARGET_ROLES for role in roles) else "structure"
    return f"{count(len(given), word)} given" if given else ""


def _shown(section: ContourSection, pictures: Sequence, colors: dict) -> list[tuple[str, tuple[int, int, int]]]:
    seen = {name for picture in pictures for name in picture.shown}
    return [(n, on_image(colors[n])) for n in section.structures.names if n in seen]


def _sentences(section: ContourSection) -> list[tuple[str, str]]:
    found = [row for row in section.rows if row.get("status") not in ABSENT]
    out = [(str(row.get("structure", "")), text) for row in found for text in findings_of(section, row)]
    none = section.structures.unavailable
    out += [(f"{name} {'not available' if name in none else 'not found'}", reason)
            for name, reason in section.structures.missing.items()]
    return out + [("", str(text)) for text in section.warnings]


def summary(section: ContourSection) -> tuple[str, str, str]:
    """('14 structures, 2 need a look', 'not found: Larynx', state)."""
    lost = [str(r.get("structure")) for r in section.rows if r.get("status") in ABSENT]
    lost += [n for n in section.structures.missing if n not in lost]
    found = [r for r in section.rows if r.get("status") not in ABSENT]
    look = [r for r in found if findings_of(section, r) or r.get("status") in ("needs_work", "rejected")]
    approved = sum(r.get("status") == "approved" for r in found)
    headline = f"{_counted(section, found)}, "
    headline += f"{len(look)} {'needs' if len(look) == 1 else 'need'} a look" if look else "none with findings"
    detail = f"not found: {', '.join(lost)}" if lost else (
        f"{approved} approved" if approved else "each still to be reviewed by a person")
    return headline, detail, "look" if look or lost else "good" if found and approved == len(found) else "review"
