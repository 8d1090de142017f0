"""`compare.html`: contour sets side by side, the most doubtful structure first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from statistics import median

from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume
from radoncai.report.colours import OUTLINE_ROLES, rgb
from radoncai.report.drawing import grey
from radoncai.report.numbers import DASH, count, fixed, to_float, volume
from radoncai.report.page import banner, page
from radoncai.report.pictures import NOT_APPROVED, Picture, draw_structures, finish
from radoncai.report.places import focus_box, telling_point, three_views
from radoncai.report.sections import Row
from radoncai.report.tables import Column, Notes, doubts, gallery, legend, table

REFERENCE, OTHER = "#56B4E9", "#E69F00"
DASHES = (14.0, 9.0)
MISSING = "missing in one of the two sets"
MEASURES = (("dice", "Dice", "", 3), ("surface_dice", "Surface Dice", "", 3), ("hd95_mm", "HD95", "mm", 1),
            ("mean_surface_mm", "Mean surface", "mm", 1), ("apl_mm", "Added path", "mm", 0))
SHIFTS = ("shift_l_mm", "shift_p_mm", "shift_s_mm")
VOLUMES = ("volume_ref_cc", "volume_other_cc")


def doubt(row: Row) -> float:
    """What sorts the table: 1 - surface Dice, else 1 - Dice; what could not be compared comes first."""
    for key in ("surface_dice", "dice"):
        if (value := to_float(row.get(key))) is not None:
            return 1.0 - value
    return 2.0


def compare_pictures(ct: Volume, reference: StructureSet, other: StructureSet, *,
                     status: str = NOT_APPROVED) -> list[Picture]:
    """Three slices with the reference solid and the other set dashed, one colour a set."""
    pictures = []
    for view in three_views(ct, telling_point(reference), focus_box(reference)):
        canvas = grey(ct, view)
        shown: list[str] = []
        for structures, code, dash in ((reference, REFERENCE, None), (other, OTHER, DASHES)):
            inner = StructureSet(structures.grid, tuple(s for s in structures if s.role not in OUTLINE_ROLES))
            shown += draw_structures(canvas, view, inner, dict.fromkeys(inner.names, rgb(code)), dash=dash)
        pictures.append(finish(canvas, view, status, "reference solid, other dashed", list(dict.fromkeys(shown))))
    return pictures


def _cell(row: Row, keys: Sequence[str], write: Callable[[object], str], notes: Notes, apart: str = ", ") -> str:
    """Values side by side, or a dash with the reason where one is unknown."""
    if any(to_float(row.get(k)) is None for k in keys):
        known = apart.join(write(row.get(k)) for k in keys) if len(keys) == 2 else ""
        return known if known.strip(f"{DASH}{apart}") else notes.unknown(row.get("reason") or MISSING)
    return apart.join(write(row[k]) for k in keys)


def compare_table(rows: Sequence[Row]) -> str:
    """All pairs, most doubtful first. Rows as compare.csv; `reason` explains an empty one."""
    notes, lines = Notes(), []
    several = len({str(r.get("other", "")) for r in rows}) > 1
    for row in sorted(rows, key=doubt, reverse=True):
        line = [escape(str(row.get("structure", "")))] + ([escape(str(row.get("other", "")))] if several else [])
        line += [_cell(row, (k,), partial(fixed, decimals=n), notes) for k, _, _, n in MEASURES]
        if to_float(row.get("surface_dice")) is not None:
            line[-4] += f"<small>at {fixed(row.get('tolerance_mm'))} mm</small>"
        line.append(_cell(row, VOLUMES, volume, notes, " / "))
        line.append(_cell(row, SHIFTS, partial(fixed, sign=True), notes))
        lines.append(line)
    columns = [Column("Structure"), *([Column("Compared")] if several else []),
               *[Column(n, u, True) for _, n, u, _ in MEASURES],
               Column("Volume reference / compared", "cc", True), Column("Shift L, P, S", "mm", True)]
    return table("Most doubtful first", columns, lines, notes)


def compare_page(rows: Sequence[Row], *, title: str = "Contours compared", pictures: Sequence[Picture] = (),
                 reference: str = "", other: str = "", warnings: Sequence[str] = (), version: str = "") -> str:
    """The whole page as HTML; write it with `write_page`. `reference` and `other` name the sets in the pictures."""
    reference = reference or next((str(r["reference"]) for r in rows if r.get("reference")), "reference")
    names = list(dict.fromkeys(str(r.get("structure", "")) for r in rows))
    known = [v for r in rows if (v := to_float(r.get("dice"))) is not None]
    typical = f", median Dice {fixed(median(known), 2)}" if known else ""
    keys = [(f"{reference} (solid)", rgb(REFERENCE)), (f"{other or 'compared'} (dashed)", rgb(OTHER))]
    head = (f'<header><p class="brand">RadOncAI comparison</p><h1>{escape(title)}</h1>'
            f'<p class="ran">Reference: {escape(reference)}</p>{banner()}'
            f'<p class="summary">{count(len(names), "structure")} compared{typical}.</p></header>')
    body = f"{gallery(pictures)}{legend(keys, 'Sets')}" if pictures else ""
    doubt_list = "<h3>What to doubt</h3>" + doubts([("", w) for w in warnings], "") if warnings else ""
    return page(title, f"{head}<main><section>{body}{compare_table(rows)}{doubt_list}</section></main>",
                version=version)
