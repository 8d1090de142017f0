"""Psoas, quadratus lumborum, erector spinae and multifidus with their compartments.

The rule for fat: inside an erector compartment (erector and multifidus of one side), inside a muscle, or in a cleft
of less than 6 mm between back muscles it is IMAT; the tent between erector and quadratus and the groove behind the
spinous process are SAT; in front of the line through quadratus and transverse processes it is VAT.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from drawing.canvas import IMAT, MUSCLE, SAT, VAT, Canvas
from drawing.outline import Outline


def draw_back(canvas: Canvas, out: Outline, spine: tuple[float, float], scale: float) -> None:
    """`spine` is the vertebral body's middle (x, y); `scale` the patient's size against 345 mm width."""
    x, y = spine
    line = y + canvas.dice("tent_line_mm") * scale + canvas.rng.uniform(-0.3, 0.5) * (np.abs(canvas.x - x) - 50 * scale)
    tent = out.inside & (canvas.y > line) & (np.abs(canvas.x - x) < canvas.facts["back_edge"])
    canvas.paint(tent, canvas.facts["sat_hu"], SAT)
    strength = canvas.dice("muscularity")
    tilt = canvas.dice("asymmetry")
    missing = canvas.rng.choice(["psoas", "quadratus", "erector"]) if canvas.chance("p_back_missing") else ""
    for side in (-1, 1):
        q = float(np.sqrt(max(strength * (1 + side * tilt), 0.3)))
        gone = missing if side == 1 else ""
        _psoas(canvas, out, spine, side, scale, q, gone == "psoas")
        _quadratus(canvas, out, spine, side, scale, q, gone == "quadratus")
        _erector(canvas, out, spine, side, scale, q, gone == "erector")
    _close_clefts(canvas, spine[1], scale)


def _muscle(canvas: Canvas, mask: np.ndarray) -> None:
    canvas.paint(mask, canvas.facts["muscle_hu"] + canvas.rng.normal(1, 4), MUSCLE)


def _psoas(canvas: Canvas, out: Outline, spine: tuple[float, float], side: int, scale: float, q: float,
           gone: bool) -> None:
    size = q * float(np.sqrt(np.interp(canvas.level, [-3, -2, -1, 0, 1, 2], [0.05, 0.4, 0.7, 1.0, 1.25, 1.35])))
    a, b = canvas.dice("psoas_a_mm") * size, canvas.dice("psoas_b_mm") * size
    if a < 4.0:
        return
    touch = canvas.dice("psoas_touch_mm") * scale
    cx, cy = spine[0] + side * (touch + 0.55 * a), spine[1] + canvas.dice("psoas_y_mm") * scale
    angle = side * canvas.dice("psoas_angle")
    shape = out.inside & (canvas.ellipse(cx, cy, a, b, angle, canvas.dice("power_muscle")) < 1)
    if gone:
        canvas.paint(shape, canvas.facts["imat_hu"], IMAT)
        shape &= canvas.ellipse(cx, cy, a * 0.5, b * 0.5, angle) < 1
    _muscle(canvas, shape)


def _quadratus(canvas: Canvas, out: Outline, spine: tuple[float, float], side: int, scale: float, q: float,
               gone: bool) -> None:
    size = q * float(np.interp(canvas.level, [-3, -2.4, -1, 0, 1.2, 1.7], [0.0, 0.55, 0.85, 1.0, 1.05, 0.0]))
    a, b = canvas.dice("quadratus_a_mm") * size, canvas.dice("quadratus_b_mm") * size
    if b < 2.0 or gone:
        return
    cx, cy = spine[0] + side * canvas.dice("quadratus_x_mm") * scale, spine[1] + canvas.dice("quadratus_y_mm") * scale
    _muscle(canvas, out.inside & (canvas.ellipse(cx, cy, a, b, side * canvas.dice("quadratus_angle")) < 1))


def _erector(canvas: Canvas, out: Outline, spine: tuple[float, float], side: int, scale: float, q: float,
             gone: bool) -> None:
    """One compartment: fat fills it, the erector and the multifidus leave crescents and a septum of fat."""
    size = q * float(np.interp(canvas.level, [-3, -1, 0.5, 1, 2], [0.92, 1.0, 1.0, 0.97, 0.85]))
    cx, cy = spine[0] + side * canvas.dice("erector_x_mm") * scale, spine[1] + canvas.dice("erector_y_mm") * scale
    a, b = canvas.dice("erector_a_mm") * size, canvas.dice("erector_b_mm") * size
    angle, power = side * canvas.dice("erector_angle"), canvas.dice("power_muscle")
    own_side = out.inside & (side * (canvas.x - spine[0]) > 1.5)
    outer = canvas.ellipse(cx, cy, a, b, angle, power)
    mx, my = spine[0] + side * canvas.dice("multifidus_x_mm") * scale, cy - canvas.rng.uniform(-2, 5) * scale
    ma, mb = canvas.dice("multifidus_a_mm") * size, canvas.dice("multifidus_b_mm") * size
    inner = canvas.ellipse(mx, my, ma, mb)
    room = own_side & ((outer < 1) | (inner < 1))
    canvas.paint(room, canvas.facts["imat_hu"], IMAT)
    if gone:
        return
    loss = canvas.dice("erector_loss")
    pulled = canvas.ellipse(cx + side * a * loss * 0.3, cy + b * loss * canvas.rng.uniform(-0.3, 0.5),
                            a * (1 - loss), b * (1 - loss), angle, power)
    _muscle(canvas, room & (pulled < 1))
    shrink = 1 - canvas.dice("erector_loss")
    _muscle(canvas, room & (canvas.ellipse(mx, my - mb * (1 - shrink) * 0.5, ma * shrink, mb * shrink) < 1))
    if canvas.chance("p_septum"):
        at = cx + side * canvas.rng.uniform(-0.5, 0.4) * a + side * canvas.rng.uniform(-0.5, 0.5) * (canvas.y - cy)
        septum = room & (np.abs(canvas.x - at) < canvas.rng.uniform(0.6, 2.2)) & (canvas.y > cy - b * 0.6)
        canvas.paint(septum, canvas.facts["imat_hu"], IMAT)


def _close_clefts(canvas: Canvas, spine_y: float, scale: float) -> None:
    muscle = ((canvas.label == MUSCLE) | (canvas.label == IMAT)) & (canvas.y > spine_y - 25 * scale)
    muscle &= np.abs(canvas.x) < canvas.facts["back_edge"] + 20
    reach = max(1, int(round(3.0 / canvas.pixel_mm)))
    closed = ndimage.binary_closing(muscle, iterations=reach)
    canvas.label[closed & ((canvas.label == VAT) | (canvas.label == SAT)) & (canvas.y > spine_y)] = IMAT
