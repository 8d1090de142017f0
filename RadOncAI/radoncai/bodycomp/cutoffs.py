"""Published reference values and cut-offs, always with their population; nothing here is a verdict."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from radoncai.core.resources import resources

METRIC_OF = {"smi_cm2_m2": "SMI", "muscle_cm2": "SMA", "muscle_hu": "SMRA", "vat_cm2": "VAT", "sat_cm2": "SAT"}


@dataclass(frozen=True)
class Reference:
    """One published number: for whom (sex M, F or MF; BMI and age as printed), where from, how far it was read."""

    metric: str
    sex: str
    bmi_range: str
    age_range: str
    statistic: str
    value: float
    unit: str
    level: str
    population: str
    n: str
    contrast: str
    source: str
    doi: str
    checked: str


@cache
def references() -> tuple[Reference, ...]:
    """All rows of `bodycomp_cutoffs.csv`."""
    with open(resources() / "Templates" / "bodycomp_cutoffs.csv", encoding="utf-8", newline="") as file:
        return tuple(Reference(**{**row, "value": float(row["value"])}) for row in csv.DictReader(file))


def matching(column: str, sex: str | None, age_y: float | None = None, bmi: float | None = None) -> list[Reference]:
    """Rows for a column of bodycomp.csv that fit sex, age and BMI; what is unknown fits only rows for all.

    Without a sex the list is empty: nearly every table is split by sex.
    """
    metric = METRIC_OF.get(column)
    if metric is None or sex not in ("M", "F"):
        return []
    return [r for r in references() if r.metric == metric and sex in r.sex
            and _fits(r.age_range, age_y, "adult") and _fits(r.bmi_range, bmi, "all")]


def _fits(printed: str, value: float | None, everyone: str) -> bool:
    """Whether a value lies in a range printed as 20-29, 75-, <45, >=30 or in the word for everyone."""
    if printed in ("", everyone):
        return True
    if value is None:
        return False
    if printed[0] in "<>":
        limit = float(printed.lstrip("<>="))
        return value < limit if printed[0] == "<" else value >= limit
    low, high = printed.split("-")
    return float(low) <= value and (high == "" or value < float(high) + (1 if everyone == "adult" else 0))
