"""The body composition of a report: the L3 slice, areas, densities, what to doubt."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from radoncai.core.volume import Volume
from radoncai.report.colours import TISSUES, rgb
from radoncai.report.numbers import by_unit, fixed, to_float
from radoncai.report.part import Part, model_line
from radoncai.report.pictures import RESEARCH, body_pictures
from radoncai.report.sections import BodySection, Row
from radoncai.report.tables import Column, Notes, chip, doubts, facts, gallery, legend, scalar, table

# column of bodycomp.csv, words, unit, tissue number of its colour
MEASURES = (
    ("muscle_cm2", "Muscle", "cm²", 1), ("imat_cm2", "Fat in muscle (IMAT)", "cm²", 4),
    ("vat_cm2", "Visceral fat (VAT)", "cm²", 3), ("sat_cm2", "Subcutaneous fat (SAT)", "cm²", 2),
    ("unclassified_fat_cm2", "Unclassified fat", "cm²", 5),
    ("muscle_hu", "Muscle, mean density", "HU", 0), ("fat_hu", "Fat, mean density", "HU", 0),
    ("nama_cm2", "Muscle of 30 to 150 HU (NAMA)", "cm²", 0), ("lama_cm2", "Muscle of −29 to 29 HU (LAMA)", "cm²", 0),
    ("smi_cm2_m2", "Muscle / height² (SMI)", "cm²/m²", 0), ("vati_cm2_m2", "VAT / height²", "cm²/m²", 0),
    ("sati_cm2_m2", "SAT / height²", "cm²/m²", 0),
)
AREAS = {1: "muscle_cm2", 2: "sat_cm2", 3: "vat_cm2", 4: "imat_cm2", 5: "unclassified_fat_cm2"}
FACTS = (("age_y", "Age [y]"), ("sex", "Sex"), ("height_m", "Height [m]"), ("weight_kg", "Weight [kg]"),
         ("kvp", "Tube voltage [kV]"), ("slice_mm", "Slice [mm]"), ("contrast", "Contrast"), ("protocol", "Protocol"))
INDEX_REASON = "needs the height"
NOTHING = "No flag was raised. Look at the overlay: the numbers are as good as its borders."


def measure_table(row: Row) -> str:
    """Every measured number with one standard deviation where it is known."""
    notes, rows = Notes(), []
    spread = any(to_float(row.get(f"{key}_sd")) is not None for key, *_ in MEASURES)
    for key, name, unit, tissue in MEASURES:
        if key == "unclassified_fat_cm2" and to_float(row.get(key)) is None:
            continue
        value = to_float(row.get(key))
        label = chip(rgb(TISSUES[tissue][1]) if tissue else None) + escape(name)
        reason = row.get("reason") or (INDEX_REASON if unit == "cm²/m²" else "")
        cells = [label, by_unit(value, unit) if value is not None else notes.unknown(reason)]
        if spread:
            sd = to_float(row.get(f"{key}_sd"))
            cells.append("" if sd is None else f"± {'&lt;1' if unit == 'HU' and sd < 0.5 else by_unit(sd, unit)}")
        rows.append([*cells, escape(unit)])
    columns = [Column("Measured"), Column("Value", "", True),
               *([Column("± one standard deviation", "", True)] if spread else []), Column("Unit")]
    return table("Areas and densities", columns, rows, notes)


def body_part(section: BodySection) -> Part:
    """Pictures, numbers and doubts of the tissues at one level."""
    row = section.rows[0] if section.rows else {}
    areas = {number: value for number, key in AREAS.items() if (value := to_float(row.get(key))) is not None}
    pictures = body_pictures(section.ct, section.level_mm, section.tissue, areas)
    known = [(label, escape(scalar(row[key]))) for key, label in FACTS if row.get(key) not in (None, "")]
    labels = section.tissue.array if isinstance(section.tissue, Volume) else section.tissue
    shown = [(TISSUES[n][0], rgb(TISSUES[n][1])) for n in TISSUES if (labels == n).any()]
    sentences = [("", str(text)) for text in (*section.flags, *section.warnings)]
    body = [gallery(pictures), legend(shown, "Tissues"), f"<p><b>Level</b> {escape(section.level_text)}</p>",
            f'<div class="columns"><div>{measure_table(row)}</div>{facts(known) if known else ""}</div>',
            "<h3>What to doubt</h3>", doubts(sentences, NOTHING)]
    headline, detail = summary(row)
    state = "bad" if to_float(row.get("muscle_cm2")) is None else "look" if sentences else \
        "good" if row.get("review") == "approved" else "review"
    return Part("body", "Body composition", RESEARCH, headline, detail, state,
                model_line(section.model), "".join(body))


def summary(row: Row) -> tuple[str, str]:
    """('L3 muscle 118.4 ± 2.9 cm²', 'VAT 96.0, SAT 171.2 cm², 34 HU')."""
    if to_float(row.get("muscle_cm2")) is None:
        return "muscle not measured", str(row.get("reason") or "")
    sd = to_float(row.get("muscle_cm2_sd"))
    headline = f"L3 muscle {fixed(row['muscle_cm2'])}{'' if sd is None else f' ± {fixed(sd)}'} cm²"
    more: Sequence[tuple[str, str, str]] = (("smi_cm2_m2", "SMI", "cm²/m²"), ("muscle_hu", "density", "HU"),
                                           ("vat_cm2", "VAT", "cm²"), ("sat_cm2", "SAT", "cm²"))
    detail = [f"{name} {by_unit(row[key], unit)} {unit}" for key, name, unit in more
              if to_float(row.get(key)) is not None]
    return headline, ", ".join(detail[:3])
