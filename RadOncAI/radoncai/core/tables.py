"""The result tables: their columns, in order, and how a cell is written. An empty cell means unknown."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

COLUMNS = {
    "structures": "structure standard_name role volume_cc slices pieces center_l_mm center_p_mm center_s_mm "
                  "uncertainty status findings",
    "dvh": "structure dose_gy volume_cc volume_pct",
    "dvh_metrics": "structure metric value unit low high reason",
    "goals": "structure metric limit unit value low high verdict priority source",
    "compare": "reference other structure dice surface_dice tolerance_mm hd95_mm mean_surface_mm apl_mm "
               "volume_ref_cc volume_other_cc shift_l_mm shift_p_mm shift_s_mm",
    "bodycomp": "series_uid study_date age_y sex height_m weight_kg kvp slice_mm contrast protocol level_mm "
                "level_methods_agree level_spread_mm muscle_cm2 muscle_cm2_sd imat_cm2 imat_cm2_sd vat_cm2 vat_cm2_sd "
                "sat_cm2 sat_cm2_sd unclassified_fat_cm2 unclassified_fat_cm2_sd muscle_hu muscle_hu_sd fat_hu "
                "fat_hu_sd smi_cm2_m2 smi_cm2_m2_sd vati_cm2_m2 vati_cm2_m2_sd sati_cm2_m2 sati_cm2_m2_sd nama_cm2 "
                "nama_cm2_sd lama_cm2 lama_cm2_sd flags review model version weights",
}


def columns(table: str) -> list[str]:
    """Column names of a table, `case` and `run` first so that tables of many patients stack."""
    return ["case", "run", *COLUMNS[table].split()]


def write_table(path: Path, table: str, rows: Iterable[Mapping[str, object]], *, case: str, run: str) -> None:
    """Write rows as CSV (comma, point, UTF-8). A key that is no column of the table is a bug and raises KeyError."""
    names = columns(table)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            unknown = set(row) - set(names)
            if unknown:
                raise KeyError(f"{table} has no column {sorted(unknown)[0]}")
            writer.writerow([cell({"case": case, "run": run, **row}.get(name)) for name in names])


def cell(value: object) -> str:
    """A number with at most six significant digits, words of a list joined by semicolons, sentences by a space, None
    as the empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return "; ".join(cell(v) for v in value).replace(".; ", ". ")
    return str(value)
