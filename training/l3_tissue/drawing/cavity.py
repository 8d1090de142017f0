"""What lies in the cavity: bowel, kidneys, liver and spleen, vessels, ascites, lung recesses; stoma and hernia."""

from __future__ import annotations

import numpy as np

from drawing.canvas import OTHER, SAT, VAT, Canvas
from drawing.outline import Outline


def draw_cavity(canvas: Canvas, out: Outline, spine: tuple[float, float], scale: float) -> None:
    room = (canvas.label == VAT) & (out.radius < out.peritoneum + 0.5)
    front = room & (canvas.y < spine[1] + 25 * scale)
    _ascites(canvas, front)
    _loops(canvas, front)
    _small_vessels(canvas, front)
    _organs(canvas, room)
    _kidneys(canvas, room, spine, scale)
    _large_vessels(canvas, out, spine, scale)
    _recesses(canvas, room, spine)
    if canvas.chance("p_hernia"):
        _hernia(canvas, out)


def _fill_loop(canvas: Canvas, inner: np.ndarray, cy: float, b: float) -> None:
    kind = canvas.rng.random()
    if kind < 0.35:
        canvas.hu[inner] = canvas.rng.uniform(-5, 40)
    elif kind < 0.60:
        canvas.hu[inner] = canvas.rng.uniform(0, 35)
        gas = inner & (canvas.y < cy + canvas.rng.uniform(-b, 1.2 * b))
        canvas.hu[gas] = canvas.rng.uniform(-1000, -700)
    elif kind < 0.70:
        canvas.hu[inner] = canvas.rng.uniform(120, 450)
    elif kind < 0.92:
        faeces = canvas.rng.uniform(-140, 50) + canvas.rng.uniform(20, 170) * canvas.noise(2.2)
        canvas.hu[inner] = faeces[inner]


def _loops(canvas: Canvas, front: np.ndarray) -> None:
    places = np.argwhere(front)
    if not len(places):
        return
    wall = canvas.rng.uniform(20, 75)
    for _ in range(int(canvas.dice("loops"))):
        r, c = places[canvas.rng.integers(len(places))]
        cx, cy = float(canvas.x[r, c]), float(canvas.y[r, c])
        a = canvas.rng.uniform(8, 24) if canvas.rng.random() < 0.78 else canvas.rng.uniform(20, 42)
        b = a * canvas.rng.uniform(0.5, 1)
        shape = canvas.ellipse(cx, cy, a, b, canvas.rng.uniform(0, np.pi), canvas.rng.uniform(1.8, 2.8))
        canvas.paint((shape < 1) & front, wall + canvas.rng.normal(0, 8), OTHER)
        _fill_loop(canvas, (shape < (1 - canvas.rng.uniform(1.5, 4) / b) ** 2) & front, cy, b)


def _ascites(canvas: Canvas, front: np.ndarray) -> None:
    if canvas.chance("p_ascites"):
        wet = front & (canvas.noise(14) > canvas.rng.uniform(-0.8, 1.5))
        canvas.paint(wet, canvas.rng.uniform(-5, 25), OTHER)
    if canvas.chance("p_stranding"):
        haze = np.clip(canvas.noise(8), 0, 2) * (front & (canvas.label == VAT))
        canvas.hu += haze * canvas.rng.uniform(3, 18)


def _small_vessels(canvas: Canvas, front: np.ndarray) -> None:
    dots = front & (canvas.label == VAT) & (canvas.noise(1.6) > canvas.rng.uniform(2.0, 3.0))
    canvas.paint(dots, canvas.rng.uniform(20, 190), OTHER)


def _organs(canvas: Canvas, room: np.ndarray) -> None:
    """Liver on the patient's right, spleen or stomach on the left; larger and more certain above L2."""
    w, d = canvas.facts["width"], canvas.facts["depth"]
    high = float(np.clip(-canvas.level, 0, 3))
    for side, p in ((-1, 0.35 + 0.3 * high), (1, 0.05 + 0.28 * high)):
        if canvas.rng.random() > p:
            continue
        a = w * canvas.rng.uniform(0.07, 0.14) * (1 + 0.35 * high)
        b = d * canvas.rng.uniform(0.12, 0.30) * (1 + 0.15 * high)
        cx, cy = side * w * canvas.rng.uniform(0.25, 0.37), -d * canvas.rng.uniform(-0.12, 0.16)
        shape = canvas.ellipse(cx, cy, a, b, canvas.rng.uniform(-0.5, 0.5), canvas.rng.uniform(1.9, 2.8))
        organ = (shape < 1) & room
        canvas.paint(organ, canvas.rng.uniform(25, 125) + 4 * canvas.noise(3), OTHER)
        canvas.paint(organ & (canvas.noise(3) > 2.7), canvas.rng.uniform(0, 200), OTHER)


def _kidneys(canvas: Canvas, room: np.ndarray, spine: tuple[float, float], scale: float) -> None:
    p = float(np.interp(canvas.level, [-3, -2, -1, 0, 1, 2], [0.4, 0.9, 0.95, 0.6, 0.12, 0.02]))
    hu = canvas.rng.choice([32.0, 110.0, 180.0]) + canvas.rng.normal(0, 12)
    early = canvas.chance("p_bright_cortex")
    for side in (-1, 1):
        if canvas.rng.random() > p:
            continue
        a = canvas.rng.uniform(12, 32)
        b = a * canvas.rng.uniform(0.8, 1.15)
        cx, cy = spine[0] + side * canvas.rng.uniform(54, 85) * scale, spine[1] + canvas.rng.uniform(-22, 18) * scale
        if canvas.rng.random() < 0.6:
            shell = np.abs(np.sqrt(canvas.ellipse(cx, cy, a + 9, b + 11)) - 1) < 0.03
            canvas.paint(shell & room & (canvas.label == VAT), canvas.rng.uniform(-70, 30), OTHER)
        organ = (canvas.ellipse(cx, cy, a, b) < 1) & room
        canvas.paint(organ, hu + 5 * canvas.noise(2), OTHER)
        if early:
            inner = (canvas.ellipse(cx, cy, 0.75 * a, 0.78 * b) < 1) & (canvas.noise(0.25 * a) > -0.4)
            canvas.paint(organ, canvas.rng.uniform(150, 240), OTHER)
            canvas.paint(organ & inner, canvas.rng.uniform(30, 115), OTHER)
        if a > 20:
            sinus = canvas.ellipse(cx - side * a * 0.5, cy, a * 0.45, b * 0.3) < 1
            canvas.paint(sinus & organ, canvas.facts["vat_hu"], VAT)


def _large_vessels(canvas: Canvas, out: Outline, spine: tuple[float, float], scale: float) -> None:
    blood = [canvas.rng.normal(42, 5), canvas.rng.normal(140, 20), canvas.rng.normal(280, 50)][canvas.rng.integers(3)]
    x, y = spine
    r = canvas.rng.uniform(6.5, 13)
    ax, ay = x + canvas.rng.uniform(1, 17), y - canvas.rng.uniform(24, 36) * scale
    both = canvas.level > 1.0
    for cx in ((ax - 14, ax + 10) if both else (ax,)):
        aorta = (canvas.ellipse(cx, ay, r * (0.7 if both else 1), r * (0.7 if both else 1)) < 1) & out.inside
        canvas.paint(aorta, blood, OTHER)
        if canvas.rng.random() < 0.45:
            rim = aorta & (canvas.ellipse(cx, ay, r, r) > canvas.rng.uniform(0.5, 0.9)) & (canvas.noise(4) > 0.3)
            canvas.hu[rim] = canvas.rng.uniform(300, 900)
    cava = canvas.ellipse(x - canvas.rng.uniform(13, 24), y - canvas.rng.uniform(20, 32) * scale,
                          canvas.rng.uniform(8, 15), canvas.rng.uniform(4, 11), canvas.rng.uniform(-0.3, 0.3)) < 1
    canvas.paint(cava & out.inside, blood * canvas.rng.uniform(0.6, 1.0) + 10, OTHER)
    for side in (-1, 1):
        if canvas.level < -1.2:
            crus = canvas.ellipse(x + side * canvas.rng.uniform(14, 22) * scale, y - canvas.rng.uniform(12, 22) * scale,
                                  canvas.rng.uniform(2.5, 6), canvas.rng.uniform(9, 18), side * 0.5) < 1
            canvas.paint(crus & out.inside, canvas.facts["muscle_hu"], OTHER)


def _recesses(canvas: Canvas, room: np.ndarray, spine: tuple[float, float]) -> None:
    """Lung behind liver and spleen at T12."""
    if canvas.level > -2.2 or canvas.rng.random() < 0.4:
        return
    for side in (-1, 1):
        lung = canvas.ellipse(side * canvas.facts["width"] * 0.24, spine[1] + canvas.rng.uniform(5, 35),
                              canvas.rng.uniform(18, 50), canvas.rng.uniform(8, 24), side * 0.5) < 1
        canvas.paint(lung & room, canvas.rng.uniform(-900, -780), OTHER)


def _hernia(canvas: Canvas, out: Outline) -> None:
    """Bowel and its fat outside the fascia, as in a stoma or a ventral hernia."""
    angle = canvas.rng.uniform(-2.4, -0.7)
    near = np.abs(out.angle - angle) < 0.02
    if not near.any():
        return
    reach = float(out.fascia[near].mean()) + 8
    cx, cy = reach * np.cos(angle), reach * np.sin(angle)
    a = canvas.rng.uniform(10, 26)
    sac = (canvas.ellipse(cx, cy, a * 1.3, a) < 1) & ((canvas.label == SAT) | out.inside) & (canvas.label >= 0)
    canvas.paint(sac, canvas.facts["vat_hu"], VAT)
    bowel = sac & (canvas.ellipse(cx, cy, a, a * 0.7) < 1)
    canvas.paint(bowel, canvas.rng.uniform(20, 60), OTHER)
    _fill_loop(canvas, bowel & (canvas.ellipse(cx, cy, a - 3, a * 0.7 - 3) < 1), cy, a * 0.6)
