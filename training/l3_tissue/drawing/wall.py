"""Abdominal wall: rectus, linea alba, semilunar lines, three oblique layers with their fat planes, ribs."""

from __future__ import annotations

import numpy as np

from drawing.canvas import IMAT, MUSCLE, OTHER, SAT, VAT, Canvas
from drawing.outline import Outline


def draw_wall(canvas: Canvas, out: Outline, spine_x: float, back_edge_mm: float, spine_y: float) -> None:
    """Muscle between fascia and peritoneum from the middle in front to `back_edge_mm` beside the spine."""
    behind = (canvas.y > spine_y) & (np.abs(canvas.x - spine_x) < back_edge_mm)
    wall = out.wall & ~behind
    canvas.paint(wall, canvas.facts["muscle_hu"] + canvas.rng.normal(0, 3), MUSCLE)
    _oblique_planes(canvas, out, wall)
    _linea_alba(canvas, out, wall, spine_x * 0.3)
    _semilunar(canvas, out, wall, spine_x * 0.3)
    if canvas.chance("p_wall_missing"):
        _missing_part(canvas, out, wall)


def _oblique_planes(canvas: Canvas, out: Outline, wall: np.ndarray) -> None:
    for low, high in ((0.25, 0.45), (0.6, 0.85)):
        if not canvas.chance("p_oblique_plane"):
            continue
        middle = canvas.rng.uniform(low, high) + 0.05 * np.sin(out.angle * 3 + canvas.rng.uniform(0, 6))
        thick = canvas.dice("plane_share") * np.clip(1 + 0.7 * canvas.noise(12), 0.1, 2.5)
        reach = np.abs(np.sin(out.angle)) < canvas.rng.uniform(0.5, 0.95)
        canvas.paint(wall & reach & (np.abs(out.depth - middle) < thick), canvas.facts["imat_hu"], IMAT)


def _linea_alba(canvas: Canvas, out: Outline, wall: np.ndarray, middle: float) -> None:
    half = canvas.dice("diastasis_mm") if canvas.chance("p_diastasis") else canvas.dice("linea_mm")
    gap = wall & (canvas.y < 0) & (np.abs(canvas.x - middle) < half)
    sheet = canvas.rng.uniform(0.3, 0.7)
    canvas.paint(gap & (out.depth <= sheet), canvas.facts["sat_hu"], SAT)
    canvas.paint(gap & (out.depth > sheet), canvas.facts["vat_hu"], VAT)
    canvas.paint(gap & (np.abs(out.depth - sheet) < 0.18), canvas.rng.uniform(0, 60), OTHER)


def _semilunar(canvas: Canvas, out: Outline, wall: np.ndarray, middle: float) -> None:
    half = canvas.dice("semilunar_mm")
    for side in (-1, 1):
        at = canvas.dice("semilunar_share") * canvas.facts["width"] / 2
        near = np.abs(side * (canvas.x - middle) - at) < half * canvas.rng.uniform(0.5, 1.3)
        front = canvas.y < -0.1 * canvas.facts["depth"]
        canvas.paint(wall & front & near & (np.abs(out.depth - 0.5) < 0.42), canvas.facts["imat_hu"], IMAT)


def _missing_part(canvas: Canvas, out: Outline, wall: np.ndarray) -> None:
    """A stretch of wall after a flap or a nerve lesion: thin fibrous sheet, fat on both sides."""
    middle, half = canvas.rng.uniform(-np.pi, 0.3), canvas.rng.uniform(0.15, 0.4)
    part = wall & (np.abs(np.angle(np.exp(1j * (out.angle - middle)))) < half)
    canvas.paint(part & (out.depth < 0.5), canvas.facts["sat_hu"], SAT)
    canvas.paint(part & (out.depth >= 0.5), canvas.facts["vat_hu"], VAT)
    canvas.paint(part & (np.abs(out.depth - 0.5) < 0.12), canvas.rng.uniform(0, 60), OTHER)


def draw_ribs(canvas: Canvas, out: Outline) -> None:
    """Ribs in the wall: a chance at L3, certain above L1, more of them the higher the slice."""
    if canvas.rng.random() > np.clip(0.30 - 0.45 * canvas.level, 0.03, 1.0):
        return
    count = 1 + int(canvas.rng.random() < 0.5) + int(np.clip(-canvas.level - 0.7, 0, 2.4))
    for side in (-1, 1):
        for angle in canvas.rng.uniform(-1.1, 0.95, count):
            toward = angle if side > 0 else np.pi - angle
            along = np.abs(np.angle(np.exp(1j * (out.angle - toward)))) * out.radius
            across = np.abs(out.fascia - out.radius - canvas.rng.uniform(3, 10))
            a, b = canvas.rng.uniform(6, 22), canvas.rng.uniform(2.2, 4.8)
            rib = out.inside & ((along / a) ** 2 + (across / b) ** 2 < 1)
            core = rib & ((along / (a - 1.5)) ** 2 + (across / max(b - 1.5, 0.8)) ** 2 < 1)
            canvas.paint(rib, canvas.rng.uniform(250, 700), OTHER)
            canvas.paint(core, canvas.rng.uniform(80, 350), OTHER)
            if canvas.rng.random() < 0.5:
                rim = out.wall & ~rib & ((along / (a + 4)) ** 2 + (across / (b + 2.5)) ** 2 < 1)
                canvas.paint(rim & (canvas.label == MUSCLE), canvas.facts["imat_hu"], IMAT)
