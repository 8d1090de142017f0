"""What the scanner adds: couch, arms, blur, streaks, metal, coloured noise, a field that cuts the body."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from drawing.canvas import OUTSIDE, Canvas


def draw_surroundings(canvas: Canvas) -> None:
    outside = canvas.label == OUTSIDE
    rows = np.flatnonzero((~outside).any(1))
    bottom = float(canvas.y0[rows[-1], 0]) if len(rows) else 0.0
    if canvas.chance("p_couch"):
        bend, half = canvas.rng.uniform(0, 0.0012), canvas.rng.uniform(180, 260)
        under = canvas.y0 + bend * canvas.x0 ** 2 - bottom
        here = outside & (np.abs(canvas.x0) < half)
        foam = here & (under > 4) & (under < 14)
        canvas.hu[foam] = canvas.rng.uniform(-980, -850)
        for start in (canvas.rng.uniform(0.5, 4), canvas.rng.uniform(15, 45)):
            shell = here & (under > start) & (under < start + canvas.rng.uniform(1.5, 5))
            canvas.hu[shell] = canvas.rng.uniform(-300, 100)
    if canvas.chance("p_arms"):
        _arms(canvas, outside)


def _arms(canvas: Canvas, outside: np.ndarray) -> None:
    for side in (-1, 1):
        if canvas.rng.random() < 0.3:
            continue
        cx = side * (canvas.facts["width"] / 2 + canvas.rng.uniform(22, 45))
        a, b, cy = canvas.rng.uniform(18, 36), canvas.rng.uniform(18, 36), canvas.rng.uniform(-40, 40)
        arm = ((canvas.x0 - cx) / a) ** 2 + ((canvas.y0 - cy) / b) ** 2
        for limit, hu in ((1.0, canvas.facts["sat_hu"]), (0.6, canvas.facts["muscle_hu"]), (0.06, 600.0)):
            canvas.hu[outside & (arm < limit)] = hu


def scan(canvas: Canvas) -> np.ndarray:
    """The CT image of the sheet, HU float32."""
    plain = canvas.chance("p_plain")
    hu = ndimage.gaussian_filter(canvas.hu, canvas.dice("blur_mm") / canvas.pixel_mm)
    body = canvas.label != OUTSIDE
    if not plain and canvas.chance("p_streaks"):
        hu += canvas.rng.uniform(3, 18) * canvas.noise((canvas.rng.uniform(1, 3), canvas.rng.uniform(12, 60))) * body
    if canvas.chance("p_metal"):
        hu += _metal(canvas)
    noise = float(np.exp(canvas.dice("noise_log_hu"))) * (0.6 if plain else 1.0)
    hu += noise * canvas.noise(canvas.rng.uniform(0.05, 1.6))
    hu = (hu + canvas.rng.normal(0, 3)) * canvas.rng.normal(1, 0.01)
    if canvas.chance("p_field_cut"):
        reach = canvas.facts["width"] / 2 * canvas.rng.uniform(0.86, 1.04)
        cut = np.hypot(canvas.x0 + canvas.rng.normal(0, 10), canvas.y0) > reach
        hu[cut] = -1024
        canvas.label[cut] = OUTSIDE
    return np.clip(hu, -1024, 3071).astype(np.float32)


def _metal(canvas: Canvas) -> np.ndarray:
    """Bright and dark rays from a screw or a clip."""
    cx, cy = canvas.rng.normal(0, 50), canvas.rng.normal(20, 40)
    angle = np.arctan2(canvas.y0 - cy, canvas.x0 - cx)
    radius = np.hypot(canvas.x0 - cx, canvas.y0 - cy)
    rays = np.sin(angle * canvas.rng.integers(3, 12) + canvas.rng.uniform(0, 6)) * np.exp(-radius / 60)
    return (canvas.rng.uniform(20, 150) * rays + 2500.0 * (radius < canvas.rng.uniform(2, 4))).astype(np.float32)
