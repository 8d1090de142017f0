"""What the panel says about level and person; knows neither Qt nor the scene."""

from __future__ import annotations

from slicer.i18n import tr as _

from radoncai.report.numbers import fixed

BETWEEN_MM, SAME_MM = 12.0, 0.05
REMEDY = "; give the level"
NUMBERED = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")


def level_text(level: dict | None, vertebrae: dict[str, float]) -> tuple[str, str]:
    """Symbol and sentence: L3 at S -212.5 mm, 3 of 3 methods agree within 3 mm."""
    if not level:
        return "", ""
    place = _("S {mm} mm").format(mm=fixed(level["level_mm"]))
    if level.get("agree") is None:
        near = nearest(level["level_mm"], vertebrae)
        beside = f", {near}" if near else ""
        return "!", _("Set by hand at {place}{beside}; not checked").format(place=place, beside=beside)
    text = _("L3 at {place}, {n} of {all} methods agree").format(place=place, n=level["agree"], all=level["asked"])
    reach = vote_reach(level)
    if reach is not None:
        text += _(" within {mm} mm").format(mm=max(1, round(reach)))
    others = against(level)
    if others:
        text += _(" ({others})").format(others=", ".join(others))
    return ("✓" if level["agree"] == level["asked"] > 1 else "!"), text


def vote_reach(level: dict) -> float | None:
    """How far the methods that agree lie apart, mm; None where there are fewer than two."""
    votes, first = level.get("votes") or {}, level["level_mm"]
    near = sorted(votes.values(), key=lambda v: abs(v - first))[:level["agree"]]
    return max(near) - min(near) if len(near) > 1 else None


def against(level: dict) -> list[str]:
    """The methods that the library's notes name, and how far off they are: sacrum −35 mm."""
    notes = " ".join(level.get("notes") or ())
    return [_("{method} {mm} mm").format(method=method, mm=fixed(s_mm - level["level_mm"], 0, sign=True))
            for method, s_mm in (level.get("votes") or {}).items() if f"by {method} " in notes]


def nearest(level_mm: float, vertebrae: dict[str, float]) -> str:
    """beside L2 (its middle within 12 mm), between L3 and L2, or "" outside the vertebrae that are known."""
    by_distance = sorted(vertebrae, key=lambda name: abs(vertebrae[name] - level_mm))
    if by_distance and abs(vertebrae[by_distance[0]] - level_mm) <= BETWEEN_MM:
        return _("beside {name}").format(name=by_distance[0])
    below = [name for name in by_distance if vertebrae[name] < level_mm]
    above = [name for name in by_distance if vertebrae[name] > level_mm]
    return _("between {low} and {high}").format(low=below[0], high=above[0]) if below and above else ""


def numbered(vertebrae: dict[str, float]) -> dict[str, float]:
    """Those of T12 to S1 that are in the scan."""
    return {name: vertebrae[name] for name in NUMBERED if name in vertebrae}



def is_level_refusal(text: str) -> bool:
    """Whether giving the level by hand would help."""
    return REMEDY in text


def person_source(names_by_hand: list[str], from_dicom: list[str]) -> str:
    """Where height, weight and sex come from."""
    words = {"height_m": _("height"), "weight_kg": _("weight"), "sex": _("sex")}
    told = [words[n] for n in words if n in from_dicom and n not in names_by_hand]
    given = [words[n] for n in words if n in names_by_hand]
    parts = []
    if told:
        parts.append(_("{what} from DICOM").format(what=_and(told)) if len(told) < len(words) else _("from DICOM"))
    if given:
        parts.append(_("{what} by hand").format(what=_and(given)))
    return "; ".join(parts) or _("not in DICOM: type them in")


def _and(words: list[str]) -> str:
    if len(words) == 1:
        return words[0]
    return _("{some} and {last}").format(some=", ".join(words[:-1]), last=words[-1])


def changes(result: dict, person: dict, level_mm: float | None) -> list[str]:
    """What a person chose since the result was asked for: height changed, level moved."""
    asked = result.get("asked") or {}
    names = {"height_m": _("height changed"), "weight_kg": _("weight changed"), "sex": _("sex changed")}
    out = [words for key, words in names.items() if (asked.get(key) or None) != (person.get(key) or None)]
    return [*out, _("level moved")] if level_moved(result, level_mm) else out


def level_moved(result: dict, level_mm: float | None) -> bool:
    """Whether the level was asked for elsewhere; None: L3 was to be found."""
    before = (result.get("asked") or {}).get("level_mm")
    if before is None or level_mm is None:
        return before is not level_mm
    return abs(before - level_mm) >= SAME_MM
