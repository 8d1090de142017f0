"""Plots as SVG without script: dose-volume histogram and the small bars of goals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from radoncai.core.structures import StructureSet
from radoncai.report import svg
from radoncai.report.colours import OUTLINE_ROLES, TARGET_ROLES, Rgb, hex_code, on_page, structure_colors
from radoncai.report.numbers import fixed, limit_parts, limit_text, to_float
from radoncai.report.sections import Row

WIDTH, HEIGHT = 900.0, 500.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 14.0, 52.0
LETTER = 7.4  # mean width of a letter at the label's size of 14
DASHES = {True: "11 5", False: "6 4"}  # predicted targets, predicted organs
WHISKERS = ("D95%[Gy]", "D50%[Gy]")  # the rest stands in the tables
PERCENT_DOSE = re.compile(r"D(\d+(?:\.\d+)?)%\[Gy\]")
VOLUME_AT = re.compile(r"V(\d+(?:\.\d+)?)Gy\[%\]")


def _tick_step(top: float) -> float:
    return next(s for s in (1, 2, 5, 10, 20, 50, 100) if top / s <= 9 or s == 100)


class _Frame:
    """Dose in Gy and volume in % to user units of the drawing."""

    def __init__(self, top_gy: float) -> None:
        self.step = _tick_step(top_gy)
        self.top_gy = float(np.ceil(top_gy / self.step * 2) * self.step / 2)

    def x(self, gy: np.ndarray | float) -> np.ndarray | float:
        return LEFT + (WIDTH - LEFT - RIGHT) * np.asarray(gy, float) / self.top_gy

    def y(self, percent: np.ndarray | float) -> np.ndarray | float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - np.asarray(percent, float) / 100.0)

    def axes(self) -> str:
        parts = []
        for gy in np.arange(0, self.top_gy + 1e-6, self.step):
            x = float(self.x(gy))
            parts.append(svg.line(x, self.y(0), x, self.y(100), cls="grid"))
            parts.append(svg.text(x, self.y(0) + 20, f"{gy:g}", cls="tick", text_anchor="middle"))
        for percent in range(0, 101, 20):
            y = float(self.y(percent))
            parts.append(svg.line(LEFT, y, WIDTH - RIGHT, y, cls="grid"))
            parts.append(svg.text(LEFT - 8, y + 5, str(percent), cls="tick", text_anchor="end"))
        parts.append(svg.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "Dose [Gy]", cls="axis", text_anchor="middle"))
        parts.append(svg.text(0, 0, "Volume [%]", cls="axis", text_anchor="middle",
                              transform=f"translate(16 {(TOP + HEIGHT - BOTTOM) / 2:g}) rotate(-90)"))
        return "".join(parts)


def _thin(points: np.ndarray) -> np.ndarray:
    """Leave out points that a straight line between their neighbours reproduces to a twentieth of a unit."""
    keep = np.ones(len(points), bool)
    last = 0
    for n in range(1, len(points) - 1):
        a, b, c = points[last], points[n], points[n + 1]
        span = np.linalg.norm(c - a)
        area = abs((c - a)[0] * (b - a)[1] - (c - a)[1] * (b - a)[0])
        if span and area / span < 0.05 and np.linalg.norm(b - a) < 12:
            keep[n] = False
        else:
            last = n
    return points[keep]


def _bands(rows: Sequence[Row], frame: _Frame, names: Mapping[str, Rgb]) -> list[tuple[str, np.ndarray]]:
    """Name and both ends (2, 2) of the 90 % band of a few D% metrics, lying, and of V% metrics, standing."""
    out = []
    for row in rows:
        low, high, name = to_float(row.get("low")), to_float(row.get("high")), str(row.get("structure"))
        dose, volume = PERCENT_DOSE.fullmatch(str(row.get("metric"))), VOLUME_AT.fullmatch(str(row.get("metric")))
        if low is None or high is None or name not in names or not (volume or dose and row["metric"] in WHISKERS):
            continue
        if dose:
            x, y = np.clip(frame.x([low, high]), LEFT, WIDTH - RIGHT), np.full(2, frame.y(float(dose[1])))
        else:
            x, y = np.full(2, frame.x(float(volume[1]))), frame.y(np.clip([low, high], 0.0, 100.0))
        out.append((name, np.stack([x, y], axis=1)))
    return out


def _whisker(ends: np.ndarray, color: str) -> str:
    """The band as a line with a cap at each end."""
    cap = np.array([0.0, 5.0]) if ends[0, 1] == ends[1, 1] else np.array([5.0, 0.0])
    lines = [(ends[0], ends[1]), *((end - cap, end + cap) for end in ends)]
    return "".join(svg.line(*map(float, (*p, *q)), stroke=color, cls="whisker") for p, q in lines)


def _label_places(curves: Sequence[tuple[str, np.ndarray]], others: Sequence[np.ndarray] = ()
                  ) -> list[tuple[float, float]]:
    """For each curve the lower left corner of its name beside it, where the fewest curves and names are in the way.

    Every place along a curve, right above or left below, is scored by curve points inside the name's box,
    overlap with names already placed, and distance from the middle. `others` are points in the way of all.
    """
    cloud = np.concatenate([*(points for _, points in curves), *others])
    owner = np.full(len(cloud), -1)
    owner[:sum(len(points) for _, points in curves)] = np.repeat(np.arange(len(curves)), [len(p) for _, p in curves])
    placed: list[tuple[float, float, float, float]] = []
    out = []
    for n, (name, points) in enumerate(curves):
        width = LETTER * len(name) + 6
        best = (np.inf, 0.0, 0.0, (0.0, 0.0, 0.0, 0.0))
        inner = points[(points[:, 1] > TOP + 14) & (points[:, 1] < HEIGHT - BOTTOM - 6)]
        for px, py in (inner if len(inner) else points)[::3]:
            for x0, y1 in ((px + 6, py - 2), (px - width - 6, py + 16), (px + 6, py + 5), (px - width - 6, py + 5)):
                box = (x0, y1 - 13, x0 + width, y1 + 3)
                inside = ((cloud[:, 0] > box[0] - 2) & (cloud[:, 0] < box[2] + 2)
                          & (cloud[:, 1] > box[1] - 1) & (cloud[:, 1] < box[3] + 1))
                cost = float(inside.sum()) + 2.0 * float((inside & (owner == n)).sum())
                cost += 400.0 * sum(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3]
                                    for b in placed)
                cost += 400.0 * (box[0] < LEFT + 2 or box[2] > WIDTH - RIGHT or box[1] < TOP)
                cost += 0.02 * abs(py - (TOP + HEIGHT - BOTTOM) / 2)
                if cost < best[0]:
                    best = (cost, x0 + 3, y1, box)
        placed.append(best[3])
        out.append((best[1], best[2]))
    return out


def _even(points: np.ndarray, step: float = 3.0) -> np.ndarray:
    """The polyline resampled to even steps in user units."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.arange(0.0, max(along[-1], step), step)
    return np.stack([np.interp(at, along, points[:, a]) for a in (0, 1)], axis=1)


def dvh_svg(curves: Sequence[Row], structures: StructureSet, *, kind: str = "predicted",
            metric_rows: Sequence[Row] = ()) -> str:
    """Cumulative DVH: `curves` as in `DoseSection.dvh_rows`; predicted curves dashed, others solid.

    Outlines (External, couch) are left out unless nothing else is there. Names stand beside their curves, so that
    the plot reads without colour.
    """
    roles = {s.name: s.role for s in structures}
    shown = [c for c in curves if roles.get(str(c["structure"]), "") not in OUTLINE_ROLES] or list(curves)
    if not shown:
        return ""
    colors = {name: on_page(color) for name, color in structure_colors(structures).items()}
    frame = _Frame(max(_last_dose(c) for c in shown) * 1.04 + 0.5)
    parts, drawn = [frame.axes()], []
    for curve in shown:
        name = str(curve["structure"])
        gy, percent = np.asarray(curve["dose_gy"], float), np.asarray(curve["volume_pct"], float)
        here = gy <= frame.top_gy
        points = np.stack([frame.x(gy[here]), frame.y(percent[here])], axis=1)
        target = roles.get(name) in TARGET_ROLES
        dash = DASHES[target] if curve.get("kind", kind) == "predicted" else None
        parts.append(svg.polyline(_thin(points), stroke=hex_code(colors.get(name, (120, 120, 120))),
                                  stroke_width=2.6 if target else 1.9, stroke_dasharray=dash, cls="curve"))
        drawn.append((name, _even(points)))
    bands = _bands(metric_rows, frame, {name: colors[name] for name, _ in drawn if name in colors})
    parts += [_whisker(ends, hex_code(colors[name])) for name, ends in bands]
    places = _label_places(drawn, [_even(ends) for _, ends in bands])
    for (name, _), (x, y) in zip(drawn, places, strict=True):
        parts.append(svg.text(x, y, name, cls="name", fill=hex_code(colors.get(name, (120, 120, 120)))))
    title = f"Dose-volume histogram of {', '.join(dict.fromkeys(name for name, _ in drawn))}"
    return svg.picture("".join(parts), WIDTH, HEIGHT, title, "dvh")


def _last_dose(curve: Row) -> float:
    """The highest dose in Gy that at least 0.1 % of the volume receive."""
    gy, percent = np.asarray(curve["dose_gy"], float), np.asarray(curve["volume_pct"], float)
    reached = gy[percent >= 0.1]
    return float(reached.max()) if len(reached) else float(gy.min())


def goal_bar(row: Row) -> str:
    """Value as a dot, its 90 % band as a bar, the limit as a tick, the side that misses the goal hatched grey."""
    sign, limit = limit_parts(row.get("limit"))
    value, low, high = (to_float(row.get(n)) for n in ("value", "low", "high"))
    if limit is None or value is None:
        return ""
    known = [v for v in (limit, value, low, high) if v is not None]
    reach = max(max(known) - min(known), 0.12 * abs(limit), 1e-6)
    start = max(0.0, min(known) - 0.35 * reach) if min(known) >= 0 else min(known) - 0.35 * reach
    scale = 124.0 / (max(known) + 0.35 * reach - start)
    x = {name: 3.0 + scale * (v - start) for name, v in
         (("limit", limit), ("value", value), ("low", low), ("high", high)) if v is not None}
    missed = (x["limit"], 127.0) if sign in ("≤", "<") else (3.0, x["limit"])
    parts = [svg.element("rect", x=3.0, y=7.0, width=124.0, height=6.0, cls="track"),
             svg.element("rect", x=missed[0], y=7.0, width=max(missed[1] - missed[0], 0.0), height=6.0, cls="wrong")]
    if "low" in x and "high" in x:
        parts.append(svg.line(x["low"], 10, x["high"], 10, cls="band"))
        parts += [svg.line(x[n], 6, x[n], 14, cls="band") for n in ("low", "high")]
    parts.append(svg.line(x["limit"], 2, x["limit"], 18, cls="limit"))
    parts.append(svg.element("circle", cx=x["value"], cy=10.0, r=4.2, cls=f"dot {row.get('verdict', 'unknown')}"))
    title = f"{fixed(value)} against the limit {sign} {limit_text(limit)} {row.get('unit', '')}"
    return svg.picture("".join(parts), 130, 20, title, "goal")
