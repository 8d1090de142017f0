"""Numbers and verdicts as the panel says them; without Qt."""

from __future__ import annotations

from slicer.i18n import tr as _

SYMBOLS = {"pass": "✓", "near": "~", "unsure": "?", "fail": "✕", "unknown": "–"}
DASH = "–"


def number(value: float | None, unit: str) -> str:
    """Doses and per cent with 1 decimal, cc with 1 (2 below 10); a dash where it is not known."""
    if value is None:
        return DASH
    return f"{value:.2f}" if unit == "cc" and abs(value) < 10 else f"{value:.1f}"


def one_unit(goals: list[dict]) -> str:
    """The unit that all goals share, "" where they do not."""
    units = {row["unit"] for row in goals}
    return units.pop() if len(units) == 1 else ""


def goal_title(goals: list[dict]) -> str:
    """The column's title, with the unit where all goals share it."""
    unit = one_unit(goals)
    return _("Goal [{unit}]").format(unit=unit) if unit else _("Goal")


def goal_text(row: dict, unit: str = "") -> str:
    """D0.1cc ≤ 45 Gy, without the unit where the title says it."""
    metric = row["metric"].split("[")[0]
    limit = row["limit"].replace("<=", "≤").replace(">=", "≥")
    return f"{metric} {limit}{'' if row['unit'] == unit else ' ' + row['unit']}"


def band_text(row: dict) -> str:
    """24.8–29.2, where the model's error is known."""
    if row["low"] is None:
        return ""
    return f"{number(row['low'], row['unit'])}–{number(row['high'], row['unit'])}"


def verdict_text(row: dict) -> str:
    """The verdict in a word."""
    return {"pass": _("met"), "near": _("close"), "unsure": _("unsure"), "fail": _("missed"),
            "unknown": _("unknown")}[row["verdict"]]


def amount(row: dict, unit: str = "") -> str:
    """By how much a goal is missed: by 1.0 Gy, without the unit where the title says it."""
    if row.get("missed_by") is None:
        return ""
    by = number(abs(row["missed_by"]), row["unit"])
    return " " + _("by {amount}").format(amount=by if row["unit"] == unit else f"{by} {row['unit']}")


def counts_text(counts: dict[str, int]) -> str:
    """goals ✓ 8  ~ 1  ? 2  ✕ 1; unknown ones only where there are some."""
    if not counts:
        return _("goals")
    shown = [f"{SYMBOLS[key]} {counts.get(key, 0)}" for key in ("pass", "near", "unsure", "fail")]
    if counts.get("unknown"):
        shown.append(f"{SYMBOLS['unknown']} {counts['unknown']}")
    return "   ".join([_("goals"), *shown])


def counts_words(counts: dict[str, int]) -> str:
    """The same in words, for the tool tip."""
    words = {"pass": _("met"), "near": _("met within 5 % of the limit"), "unsure": _("limit inside the band"),
             "fail": _("missed"), "unknown": _("unknown")}
    return ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts.get(key))


def curves_missing(dvh: list[dict]) -> str:
    """Which structures have no DVH curve and why, "" where all have one; the body needs none."""
    without = [row for row in dvh if row["volume_pct"] is None and row["role"] not in ("external", "support")]
    if not without:
        return ""
    names = ", ".join(row["structure"] for row in without)
    return _("No DVH curve of {names}: {reason}.").format(names=names, reason=without[0].get("reason") or DASH)


def approval_text(statuses: list[str]) -> tuple[str, str]:
    """(symbol, sentence): how many of the structures a person approved."""
    if not statuses:
        return "", ""
    rejected = statuses.count("rejected")
    used = [s for s in statuses if s != "rejected"]
    left = len(used) - used.count("approved")
    if left:
        text = _("{n} of {all} structures are not approved").format(n=left, all=len(used))
    else:
        text = _("all {all} structures are approved").format(all=len(used))
    if rejected:
        text += _("; {n} rejected, left out").format(n=rejected)
    return ("!" if left else "✓"), text
