"""Vertebra or disc, canal, processes; iliac wings with their muscles below L4."""

from __future__ import annotations

import numpy as np

from drawing.canvas import IMAT, MUSCLE, OTHER, SAT, Canvas
from drawing.outline import Outline


def draw_vertebra(canvas: Canvas, out: Outline, spine: tuple[float, float], scale: float) -> None:
    x, y = spine
    a, b = canvas.dice("body_a_mm") * scale, canvas.dice("body_b_mm") * scale
    shape = canvas.ellipse(x, y, a, b, canvas.rng.normal(0, 0.05), 2.4)
    canal_y = y + b + canvas.rng.uniform(7, 10) * scale
    _posterior(canvas, out, x, canal_y, scale)
    if canvas.chance("p_disc"):
        canvas.paint(shape < 1, canvas.rng.uniform(60, 115), OTHER)
    else:
        canvas.paint(shape < 1, canvas.dice("cortex_hu"), OTHER)
        inner = shape < (1 - canvas.rng.uniform(1.2, 2.6) / b) ** 2
        canvas.paint(inner, canvas.dice("trabecular_hu") + 25 * canvas.noise(1.8), OTHER)
    ring = (canvas.ellipse(x, canal_y, canvas.rng.uniform(16, 21) * scale, canvas.rng.uniform(11, 15) * scale) < 1)
    canvas.paint(ring & (shape > 1) & out.inside, canvas.dice("cortex_hu") * 0.8, OTHER)
    canal = canvas.ellipse(x, canal_y, canvas.rng.uniform(10, 13) * scale, canvas.rng.uniform(7, 9) * scale) < 1
    canvas.paint(canal, canvas.rng.uniform(0, 50), OTHER)
    canvas.paint(canal & (canvas.noise(2.0) > 1.0), canvas.rng.uniform(-90, 20), OTHER)


def _posterior(canvas: Canvas, out: Outline, x: float, canal_y: float, scale: float) -> None:
    """Facets, transverse processes and the spinous process with its ligament."""
    for side in (-1, 1):
        fx = x + side * canvas.rng.uniform(13, 20) * scale
        facet = canvas.ellipse(fx, canal_y + canvas.rng.uniform(4, 10) * scale, canvas.rng.uniform(5, 9) * scale,
                               canvas.rng.uniform(6, 11) * scale)
        canvas.paint((facet < 1) & out.inside, canvas.dice("cortex_hu") * 0.8, OTHER)
        if canvas.chance("p_transverse"):
            tx, ty = x + side * canvas.rng.uniform(26, 40) * scale, canal_y - canvas.rng.uniform(0, 9) * scale
            long = canvas.rng.uniform(10, 21) * scale
            tip = canvas.ellipse(tx, ty, long, canvas.rng.uniform(2.2, 5), side * canvas.rng.uniform(-0.2, 0.35))
            canvas.paint((tip < 1) & out.inside, canvas.dice("cortex_hu") * 0.7, OTHER)
    half, length = canvas.rng.uniform(2, 5), canvas.rng.uniform(16, 42) * scale
    lean = x + canvas.rng.normal(0, 0.06) * (canvas.y - canal_y)
    process = (np.abs(canvas.x - lean) < half) & (canvas.y > canal_y) & (canvas.y < canal_y + length)
    bone = canvas.rng.random() < 0.75
    canvas.paint(process & out.inside, canvas.dice("cortex_hu") * 0.7 if bone else canvas.rng.uniform(10, 80), OTHER)


def draw_pelvis(canvas: Canvas, out: Outline, spine: tuple[float, float], scale: float) -> None:
    """Crest tips around L4, whole wings with iliacus in front and gluteus behind at L5."""
    p = float(np.interp(canvas.level, [-0.5, 0.3, 0.7, 1.2, 1.6], [0.0, 0.06, 0.35, 0.8, 1.0]))
    if canvas.rng.random() > p:
        return
    grown = float(np.clip(canvas.level - 0.7, 0.0, 1.3))
    for side in (-1, 1):
        length = canvas.rng.uniform(8, 16) + grown * canvas.rng.uniform(22, 38)
        cx = side * canvas.facts["width"] * canvas.rng.uniform(0.25, 0.34) * (1 - 0.12 * grown)
        cy = spine[1] + canvas.rng.uniform(0, 30) * scale + 5 * grown
        angle = side * canvas.rng.uniform(-1.1, -0.6)
        thick = canvas.rng.uniform(3.5, 8)
        front = (np.sin(angle) * 1.0, -np.cos(angle) * 1.0)
        if grown > 0.15:
            _beside(canvas, out, cx + front[0] * 10, cy + front[1] * 10, length * 0.8, 5 + 6 * grown, angle)
            _beside(canvas, out, cx - front[0] * 13, cy - front[1] * 13, length * 0.85, 6 + 8 * grown, angle)
        wing = (canvas.ellipse(cx, cy, length, thick, angle, 2.5) < 1) & out.inside
        core = canvas.ellipse(cx, cy, length - 2, max(thick - 2, 0.8), angle, 2.5) < 1
        canvas.paint(wing, canvas.dice("cortex_hu"), OTHER)
        canvas.paint(wing & core, canvas.rng.uniform(100, 350), OTHER)


def _beside(canvas: Canvas, out: Outline, cx: float, cy: float, a: float, b: float, angle: float) -> None:
    muscle = canvas.ellipse(cx, cy, a, b, angle, 2.3) < 1
    canvas.paint(muscle & (canvas.label >= 0) & (out.radius < out.skin - 4), canvas.facts["muscle_hu"], MUSCLE)


def draw_fat_in_muscle(canvas: Canvas, spine_y: float) -> None:
    """Specks and streaks of IMAT, more towards the back; fatty infiltration that lowers the muscle's HU."""
    muscle = canvas.label == MUSCLE
    texture = canvas.noise((canvas.rng.uniform(1.2, 4.0), canvas.rng.uniform(1.2, 4.0)))
    share = canvas.dice("speck_share")
    weight = np.clip((canvas.y - spine_y) / 50, canvas.rng.uniform(0.1, 0.8), 1.2)
    specks = muscle & (texture * weight > np.quantile(texture, 1 - share)) & (share > 0.002)
    canvas.hu[muscle] += texture[muscle] * canvas.rng.uniform(1, 6)
    canvas.paint(specks, canvas.facts["imat_hu"] + canvas.rng.uniform(0, 25), IMAT)
    if canvas.chance("p_infiltration"):
        fatty = (canvas.label == MUSCLE) & (canvas.y > spine_y + canvas.rng.uniform(-60, 25))
        canvas.hu[fatty] -= canvas.rng.uniform(0, 40) * np.clip(0.5 * texture[fatty] + 0.5, 0, 1)


def draw_in_sat(canvas: Canvas, out: Outline) -> None:
    """Scarpa's layer, strands, veins, oedema; SAT stays SAT where it is wet."""
    share = (out.skin - out.radius) / np.maximum(out.skin - out.fascia, 1.0)
    sat = canvas.label == SAT
    layer = canvas.rng.uniform(0.3, 0.75) + 0.06 * np.sin(4 * out.angle + canvas.rng.uniform(0, 6))
    canvas.hu[sat & (np.abs(share - layer) < canvas.rng.uniform(0, 0.02))] = canvas.rng.uniform(-85, -30)
    strands = sat & (canvas.noise((0.9, 2.5)) > canvas.rng.uniform(2.6, 3.5))
    canvas.hu[strands] = canvas.rng.uniform(-80, -35)
    canvas.paint(sat & (canvas.noise(1.3) > 3.2), canvas.rng.uniform(0, 50), OTHER)
    if canvas.chance("p_oedema"):
        wet = np.clip(canvas.noise(25) + np.sin(out.angle), 0, 1.5) * (canvas.label == SAT)
        canvas.hu += wet * canvas.rng.uniform(5, 35) * (1 + 0.5 * canvas.noise((2, 6)))
