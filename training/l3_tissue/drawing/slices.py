"""One drawn slice: image, labels, pixel size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawing.back import draw_back
from drawing.canvas import FAMILIES, OTHER, OUTSIDE, Canvas
from drawing.cavity import draw_cavity
from drawing.outline import Outline, draw_outline
from drawing.scanner import draw_surroundings, scan
from drawing.spine import draw_fat_in_muscle, draw_in_sat, draw_pelvis, draw_vertebra
from drawing.wall import draw_ribs, draw_wall


@dataclass(frozen=True)
class Drawn:
    """HU float32 (n, n); labels uint8 0 other, 1 muscle, 2 IMAT, 3 VAT, 4 SAT; pixel mm; level (L3 = 0, T12 = -3)."""

    hu: np.ndarray
    label: np.ndarray
    pixel_mm: float
    level: float


def family(name: str) -> dict[str, list[float]]:
    """The table of family A, B or P (phantom-like); B and P override A's entries."""
    return {**FAMILIES["A"], **(FAMILIES[name] if name != "A" else {})}


def draw_slice(seed: int, name: str = "A", size: int = 256, fill: float | None = None) -> Drawn:
    """Draw one axial slice; the body fills `fill` of the field (drawn from the family when None)."""
    rng = np.random.default_rng([seed, "ABP".index(name)])
    canvas = _blank(rng, family(name), size, fill)
    outline = draw_outline(canvas)
    spine, scale = _place_spine(canvas, outline)
    draw_wall(canvas, outline, spine[0], canvas.facts["back_edge"] * canvas.rng.uniform(0.85, 1.1),
              spine[1] + canvas.dice("wall_end_mm") * scale)
    draw_back(canvas, outline, spine, scale)
    draw_pelvis(canvas, outline, spine, scale)
    draw_fat_in_muscle(canvas, spine[1])
    draw_cavity(canvas, outline, spine, scale)
    draw_vertebra(canvas, outline, spine, scale)
    draw_ribs(canvas, outline)
    draw_in_sat(canvas, outline)
    draw_surroundings(canvas)
    hu = scan(canvas)
    label = np.where(canvas.label == OUTSIDE, OTHER, canvas.label).astype(np.uint8)
    return Drawn(hu, label, canvas.pixel_mm, canvas.level)


def _place_spine(canvas: Canvas, outline: Outline) -> tuple[tuple[float, float], float]:
    """The vertebral body's middle, so far in front of the back's fascia as the erector is thick; and the size."""
    behind = np.abs(np.abs(canvas.x) - 35) < 6
    reach = float((canvas.y[behind & outline.inside]).max())
    scale = canvas.dice("spine_scale") * (canvas.facts["width"] / 345) ** 0.3
    scale = float(np.clip(scale, 0.7, (reach + 15) / canvas.dice("spine_front_mm")))
    canvas.facts["back_edge"] = canvas.dice("back_edge_mm") * scale
    return (canvas.dice("spine_x_mm"), reach - canvas.dice("spine_front_mm") * scale), scale


def _blank(rng: np.random.Generator, ranges: dict[str, list[float]], size: int, fill: float | None) -> Canvas:
    empty = np.zeros((size, size), np.float32)
    canvas = Canvas(rng, ranges, 0.0, 1.0, empty, empty, empty, empty, np.full((size, size), -1000, np.float32),
                    np.full((size, size), OUTSIDE, np.int8))
    canvas.level = float(rng.uniform(-0.5, 0.5) if canvas.chance("p_l3") else rng.uniform(-3.3, 2.4))
    width = canvas.dice("width_mm")
    depth = width * canvas.dice("depth_share")
    canvas.pixel_mm = max(width, depth) / size / (fill or canvas.dice("fill"))
    axis = (np.arange(size, dtype=np.float32) - size / 2) * canvas.pixel_mm
    turn = canvas.dice("turn")
    x0, y0 = axis[None] + rng.normal(0, 6), axis[:, None] + rng.normal(0, 6)
    canvas.x0, canvas.y0 = x0 * np.cos(turn) + y0 * np.sin(turn), y0 * np.cos(turn) - x0 * np.sin(turn)
    strength, reach = canvas.dice("warp_mm"), canvas.dice("warp_reach_mm")
    canvas.x, canvas.y = canvas.x0.copy(), canvas.y0.copy()
    if strength > 0:
        canvas.x += strength * canvas.noise(reach)
        canvas.y += strength * canvas.noise(reach)
    canvas.facts = {"width": width, "depth": depth}
    sat = canvas.dice("sat_hu")
    canvas.facts.update(sat_hu=sat, vat_hu=sat + canvas.dice("vat_above_sat_hu"),
                        imat_hu=sat + canvas.dice("imat_above_sat_hu"), muscle_hu=canvas.dice("muscle_hu"))
    return canvas
