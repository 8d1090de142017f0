"""Measured numbers as rows of the panel's tables; knows neither Qt nor the scene."""

from __future__ import annotations

from dataclasses import dataclass

from slicer.i18n import tr as _

from radoncai.report.colours import TISSUES
from radoncai.report.numbers import by_unit

SMALLEST_HU = 0.5


@dataclass(frozen=True)
class Row:
    """One number: words, value, one standard deviation, unit, colour of its tissue ("" for none), tool tip."""

    key: str
    words: str
    value: str
    sd: str
    unit: str
    color: str
    tool_tip: str


@dataclass(frozen=True)
class Published:
    """One published value beside the measured one."""

    words: str
    measured: str
    published: str
    meaning: str
    source: str


def shown() -> tuple[tuple[str, str, str, int, str], ...]:
    """Column of bodycomp.csv, words, unit, tissue number, what it is."""
    return (
        ("muscle_cm2", _("Muscle"), "cm²", 1, _("Muscle of the slice, -29 to 150 HU.")),
        ("smi_cm2_m2", _("Muscle index (SMI)"), "cm²/m²", 0, _("Muscle area divided by height squared.")),
        ("muscle_hu", _("Muscle density"), "HU", 0, _("Mean of all muscle pixels.")),
        ("vat_cm2", _("Visceral fat (VAT)"), "cm²", 3, _("Fat inside the cavity, -150 to -50 HU.")),
        ("sat_cm2", _("Subcutaneous fat (SAT)"), "cm²", 2, _("Fat under the skin, -190 to -30 HU.")),
        ("imat_cm2", _("Fat in muscle (IMAT)"), "cm²", 4, _("Fat inside and between muscles, -190 to -30 HU.")),
    )


def rows(result: dict | None) -> list[Row]:
    """The six numbers; a dash and the reason where one is unknown. None: nothing measured yet."""
    result = result or {}
    values, deviations = result.get("values") or {}, result.get("sd") or {}
    return [_row(line, values.get(line[0]), deviations.get(line[0]), result) for line in shown()]


def _row(line: tuple, value: float | None, sd: float | None, result: dict) -> Row:
    key, words, unit, tissue, what = line
    reason = what if value is not None else why_unknown(key, result)
    if value is not None and sd is None:
        reason = f"{what} {why_no_spread(result)}"
    color = TISSUES[tissue][1] if tissue else ""
    return Row(key, words, by_unit(value, unit), spread(sd, unit) if value is not None else "", unit, color, reason)


def spread(sd: float | None, unit: str) -> str:
    """±2.9; ±<1 for densities below half a unit; a dash where there is none."""
    if sd is None:
        return "–"
    return "±<1" if unit == "HU" and sd < SMALLEST_HU else f"±{by_unit(sd, unit)}"


def why_unknown(key: str, result: dict) -> str:
    if not result:
        return _("Not measured yet.")
    if key == "smi_cm2_m2":
        return _("Unknown: it needs the height.")
    return _("Unknown: no pixel of this tissue in the slice.")


def why_no_spread(result: dict) -> str:
    if is_edited(result):
        return _("No ± for regions drawn by a person: it is calibrated for the network's own.")
    return _("No ±: it is not calibrated for this number.")


def is_edited(result: dict | None) -> bool:
    """Whether the numbers come from regions that a person changed."""
    options = ((result or {}).get("measured") or {}).get("options") or {}
    return bool(options.get("edited"))


def published(result: dict | None) -> list[Published]:
    """Published values that fit sex, age and BMI, with population and source; nothing here is a verdict."""
    units = {line[0]: line[2] for line in shown()}
    short = {"muscle_cm2": _("muscle"), "smi_cm2_m2": "SMI", "muscle_hu": _("density"), "vat_cm2": "VAT",
             "sat_cm2": "SAT", "imat_cm2": "IMAT"}
    out = []
    for item in (result or {}).get("cutoffs") or ():
        words, unit = short.get(item["column"], item["column"]), units.get(item["column"], item["unit"])
        out.append(Published(words, by_unit(item["measured"], unit), by_unit(item["value"], unit),
                             meaning(item), source(item)))
    return out


def meaning(item: dict) -> str:
    """p5, healthy Caucasian kidney donors, F, 20-82 y, n 237."""
    parts = [item["statistic"], item["population"], {"MF": _("both sexes")}.get(item["sex"], item["sex"])]
    if item["age_range"] not in ("", "adult"):
        parts.append(_("{range} y").format(range=item["age_range"]))
    if item["bmi_range"] not in ("", "all"):
        parts.append(_("BMI {range}").format(range=item["bmi_range"]))
    if item["n"]:
        parts.append(_("n {n}").format(n=item["n"]))
    return ", ".join(parts)


def source(item: dict) -> str:
    """Where the number is printed, and how far it was read."""
    parts = [item["source"], f"doi:{item['doi']}" if item["doi"] else "", item["checked"]]
    return "; ".join(p for p in parts if p)


def why_nothing_published(result: dict | None) -> str:
    if not result:
        return _("They appear with the numbers.")
    if not (result.get("person") or {}).get("sex"):
        return _("Published values are split by sex: choose it above.")
    return _("None of the published values fits this sex, age and BMI.")


def percentile_text(result: dict | None) -> str:
    """Percentile for sex, age, BMI: 41; a dash with the reason where there is none."""
    found = (result or {}).get("percentile")
    if found is not None:
        return _("Percentile for sex, age, BMI: {n}").format(n=round(found))
    reason = _("the published tables give limits and means, not whole distributions") if result else _("not measured")
    return _("Percentile for sex, age, BMI: – ({reason})").format(reason=reason)


def flag_text(result: dict | None) -> tuple[str, str]:
    """Symbol and sentence under the table."""
    if not result:
        return "", ""
    if result["flags"]:
        return "!", " ".join(result["flags"])
    return "✓", _("No flag was raised. The numbers are as good as the borders in the overlay.")


def summary(result: dict | None) -> str:
    """The folded block in one line."""
    if not result:
        return ""
    line = rows(result)[0]
    sd = line.sd if line.sd.startswith("±") else ""
    return " ".join(word for word in (_("muscle"), line.value, sd, line.unit) if word)
