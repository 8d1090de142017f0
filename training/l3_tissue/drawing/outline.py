"""Skin, outer fascia and peritoneum as closed curves around the body's middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawing.canvas import ANGLES, OTHER, SAT, VAT, Canvas, around, wobble


@dataclass(frozen=True)
class Outline:
    """Distances from the middle along each pixel's ray, mm, and the pixel's own radius and angle."""

    radius: np.ndarray
    angle: np.ndarray
    skin: np.ndarray
    fascia: np.ndarray
    peritoneum: np.ndarray

    @property
    def inside(self) -> np.ndarray:
        return self.radius < self.fascia

    @property
    def wall(self) -> np.ndarray:
        return self.inside & (self.radius > self.peritoneum)

    @property
    def depth(self) -> np.ndarray:
        """Share of the wall's thickness, 0 at the outer fascia, 1 at the peritoneum."""
        return (self.fascia - self.radius) / np.maximum(self.fascia - self.peritoneum, 1.0)


def skin_curve(canvas: Canvas, width: float, depth: float) -> np.ndarray:
    """Superellipse with a flatter back, a groove over the spine, sometimes a hanging belly."""
    c, s = np.abs(np.cos(ANGLES)), np.sin(ANGLES)
    half = np.where(s > 0, depth * canvas.dice("back_share"), depth * (1 - 0.46))
    power = np.where(s > 0, canvas.dice("power_back"), canvas.dice("power_front"))
    curve = ((c / (width / 2)) ** power + (np.abs(s) / half) ** power) ** (-1 / power)
    groove = np.exp(-(((ANGLES - np.pi / 2) / np.radians(canvas.dice("groove_degrees"))) ** 2))
    belly = np.exp(-(((ANGLES + np.pi / 2 + canvas.rng.normal(0, 0.2)) / 0.6) ** 2))
    curve = curve - canvas.dice("groove_mm") * groove + canvas.dice("belly_mm") * belly
    return curve + wobble(canvas.rng, 5, canvas.dice("skin_wobble_mm"))


def sat_curve(canvas: Canvas, width: float, depth: float) -> np.ndarray:
    """Thickness of the subcutaneous fat: front, flanks, back and the two corners behind the flanks."""
    base = float(np.exp(canvas.dice("sat_log_mm")))
    low = 1.0 + 0.15 * max(canvas.level, 0.0)
    front, left, right, back = (base * canvas.dice(n) for n in ("sat_front", "sat_side", "sat_side", "sat_back"))
    corner = base * canvas.dice("sat_corner") * low
    curve = around([-90, 0, 180, 90, 40, 140], [front, left, right, back * low, corner, corner], 14)
    curve = curve * (1 + wobble(canvas.rng, 6, 0.10))
    return np.clip(curve, 1.5, 0.40 * min(width, depth) / 2 + 12)


def wall_curve(canvas: Canvas) -> np.ndarray:
    """Thickness of the wall: thin rectus in front, thick obliques at the flanks, thinner towards the ribs."""
    high = 1.0 - 0.15 * np.clip(-canvas.level - 0.5, 0, 2.5)
    front, side, back = canvas.dice("rectus_mm"), canvas.dice("flank_mm") * high, canvas.dice("back_wall_mm")
    half = canvas.dice("rectus_degrees")
    rim = front * canvas.dice("rectus_rim")
    at = [-90 - 1.45 * half, -90 - half, -90, -90 + half, -90 + 1.45 * half, 0, 30, 60, 120, 150, 180]
    values = [side * 0.7, rim, front, rim, side * 0.7, side, side * 0.85, back, back, side * 0.85, side]
    curve = around(at, values, 4) * (1 + wobble(canvas.rng, 5, 0.08))
    asymmetry = 1 + canvas.dice("wall_asymmetry") * np.cos(ANGLES)
    return np.maximum(curve * asymmetry, 2.2)


def draw_outline(canvas: Canvas) -> Outline:
    """Paint skin, subcutaneous fat and the cavity's fat; return the curves."""
    width, depth = canvas.facts["width"], canvas.facts["depth"]
    skin = skin_curve(canvas, width, depth)
    fascia = np.maximum(skin - sat_curve(canvas, width, depth), 45.0)
    peritoneum = np.maximum(fascia - wall_curve(canvas), 30.0)
    angle = np.arctan2(canvas.y, canvas.x)
    curves = (np.interp(angle, ANGLES, c).astype(np.float32) for c in (skin, fascia, peritoneum))
    out = Outline(np.hypot(canvas.x, canvas.y), angle, *curves)
    body = out.radius < out.skin
    canvas.paint(body, canvas.facts["sat_hu"], SAT)
    canvas.paint(body & (out.radius > out.skin - canvas.dice("skin_mm")), canvas.dice("skin_hu"), OTHER)
    canvas.paint(out.inside & body, canvas.facts["vat_hu"], VAT)
    return out
