"""Clinical goals: tables of limits, and what a dose makes of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from radoncai.core.dose import Prescription
from radoncai.core.errors import InputError
from radoncai.core.resources import resources, user_folder
from radoncai.dose.bands import Bands
from radoncai.dose.dvh import Dvh
from radoncai.dose.metrics import MetricValue, metric, parse
from radoncai.dose.resolve import Found, find_structures, with_prescription

VERDICTS = ("pass", "near", "fail", "unsure", "unknown")
WORDS = {"pass": "met", "near": "met, close to the limit", "fail": "missed", "unsure": "unsure", "unknown": "unknown"}
NEAR_SHARE, NEAR_GY, NEAR_PERCENT = 0.05, 0.5, 1.0
FRACTION_TOLERANCE = 0.10
_LIMIT = re.compile(r"^(<=|>=|<|>)\s*(\d+(?:\.\d+)?)$")
_BEST_FIRST = ("pass", "near", "unsure", "unknown", "fail")


@dataclass(frozen=True)
class Goal:
    """One statement of a source. `priority` is 1 (must) to 3 (wish); rows of one `group` count once."""

    structure: str
    metric: str
    operator: str
    limit: float
    unit: str
    priority: int
    source: str
    risk: str = ""
    group: str = ""
    note: str = ""

    @property
    def limit_text(self) -> str:
        return f"{self.operator}{self.limit:g}"


@dataclass(frozen=True)
class GoalTable:
    """A site's goals. `fractionation` has `fractions` or `gy_per_fraction` [low, high], and says on what `basis`."""

    name: str
    title: str
    site: str
    source: str
    goals: tuple[Goal, ...]
    fractionation: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class GoalResult:
    """A goal on one structure. `missed_by` is how far beyond the limit a missed value lies, in the limit's unit."""

    goal: Goal
    structure: str
    verdict: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    missed_by: float | None = None
    reason: str = ""

    @property
    def text(self) -> str:
        """The verdict in words: the amount where it is missed, why it is unknown, which part it holds for."""
        by = f" by {self.missed_by:.3g} {self.goal.unit}" if self.missed_by is not None else ""
        why = f": {self.reason}" if self.verdict == "unknown" else f" ({self.reason})"
        return WORDS[self.verdict] + by + (why if self.reason else "")


def goal_tables() -> dict[str, Path]:
    """Names of the goals tables and their files; the user's folder adds and overrides."""
    folders = (resources() / "Templates" / "goals", user_folder() / "templates" / "goals")
    return {p.stem: p for folder in folders if folder.is_dir() for p in sorted(folder.glob("*.json"))}


def load_goals(name: str) -> GoalTable:
    """A goals table by its name or file. Raises InputError where there is none or where it is damaged."""
    tables = goal_tables()
    path = tables.get(name) or Path(name)
    if not path.is_file():
        raise InputError(f"There is no goals table {name}; choose one of {', '.join(tables)} or name a JSON file.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        goals = tuple(_goal(row) for row in data["goals"])
        return GoalTable(data["name"], data.get("title", data["name"]), data.get("site", ""), data.get("source", ""),
                         goals, data.get("fractionation") or {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"The goals table {path} is damaged ({error}); correct it or choose another.") from error


def evaluate(goals: GoalTable, dvhs: Sequence[Dvh], prescription: Prescription | None = None,
             bands: Bands | None = None) -> list[GoalResult]:
    """Every goal on the structure it is about; a goal for a target on each target of that level.

    With `bands` (predicted doses) a limit inside the band is `unsure`. What cannot be judged is `unknown` with the
    reason: structure missing, fractionation differs, metric not computable.
    """
    dvhs = with_prescription(dvhs, prescription)
    bands = bands.for_levels(d.prescription_gy for d in dvhs) if bands is not None else None
    objection = _fractionation_differs(goals.fractionation, prescription)
    results = []
    for goal in goals.goals:
        found = find_structures(goal.structure, dvhs)
        if not found.dvhs:
            results.append(GoalResult(goal, goal.structure, "unknown", reason=found.reason))
        for dvh in found.dvhs:
            judged = _judge(goal, dvh, found, prescription, bands)
            if objection and dvh.role not in ("ptv", "ctv", "gtv"):
                judged = replace(judged, verdict="unknown", missed_by=None, reason=objection)
            results.append(judged)
    return results


def summary(results: Iterable[GoalResult]) -> dict[str, int]:
    """How many goals have each verdict; alternatives of one group count once, with their best verdict."""
    single, groups = [], {}
    for result in results:
        if result.goal.group:
            groups.setdefault(result.goal.group, []).append(result.verdict)
        else:
            single.append(result.verdict)
    best = [min(verdicts, key=_BEST_FIRST.index) for verdicts in groups.values()]
    counts = Counter(single + best)
    return {verdict: counts.get(verdict, 0) for verdict in VERDICTS}


def rows(results: Iterable[GoalResult]) -> Iterator[dict[str, object]]:
    """Rows of goals.csv; the source carries the risk that the limit stands for."""
    for r in results:
        source = r.goal.source + (f": {r.goal.risk}" if r.goal.risk else "")
        yield {"structure": r.structure, "metric": parse(r.goal.metric).name, "limit": r.goal.limit_text,
               "unit": r.goal.unit, "value": r.value, "low": r.low, "high": r.high, "verdict": r.verdict,
               "priority": r.goal.priority, "source": source}


def verdict(value: float, operator: str, limit: float, unit: str, low: float | None = None,
            high: float | None = None) -> str:
    """unsure where the limit lies inside the band; else pass, near (met within 5 %, at least 0.5 Gy or 1 %) or fail."""
    if low is not None and high is not None and low < limit < high:
        return "unsure"
    met = {"<=": value <= limit, "<": value < limit, ">=": value >= limit, ">": value > limit}[operator]
    if not met:
        return "fail"
    margin = max(NEAR_SHARE * limit, {"Gy": NEAR_GY, "%": NEAR_PERCENT}.get(unit, 0.0))
    return "near" if abs(value - limit) <= margin else "pass"


def _goal(row: dict) -> Goal:
    found = _LIMIT.match(row["limit"])
    asked = parse(row["metric"])
    if found is None or row["unit"] != asked.unit:
        raise ValueError(f"limit {row['limit']} {row['unit']} of {row['structure']} {row['metric']}")
    return Goal(row["structure"], asked.name, found.group(1), float(found.group(2)), row["unit"],
                int(row.get("priority", 2)), row["source"], row.get("risk", ""), row.get("group", ""),
                row.get("note", ""))


def _judge(goal: Goal, dvh: Dvh, found: Found, prescription: Prescription | None, bands: Bands | None) -> GoalResult:
    levels = prescription.levels if prescription else ()
    result = metric(dvh, goal.metric, dvh.prescription_gy or (levels[0] if levels else None))
    if result.value is None:
        return GoalResult(goal, dvh.structure, "unknown", reason=result.reason)
    low, high = bands.around(dvh, result) if bands is not None else (None, None)
    says = verdict(result.value, goal.operator, goal.limit, goal.unit, low, high)
    missed = abs(result.value - goal.limit) if says == "fail" else None
    return GoalResult(goal, dvh.structure, says, result.value, low, high, missed, _joined_reasons(result, found))


def _joined_reasons(result: MetricValue, found: Found) -> str:
    return "; ".join(r for r in (result.reason, found.reason) if r)


def _fractionation_differs(limits: dict, prescription: Prescription | None) -> str:
    """Why the limits do not hold for this plan, "" where they do or where the plan's fractions are not known."""
    if not limits or prescription is None or not prescription.fractions or not prescription.levels:
        return ""
    fractions = prescription.fractions
    per_fraction = prescription.levels[0] / fractions
    if "fractions" in limits:
        return "" if fractions == limits["fractions"] else \
            f"the limit is for {limits['fractions']} fractions, the plan has {fractions}"
    low, high = limits["gy_per_fraction"]
    if low * (1 - FRACTION_TOLERANCE) <= per_fraction <= high * (1 + FRACTION_TOLERANCE):
        return ""
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"the limit is for {span} Gy a fraction, the plan has {per_fraction:.3g}"
