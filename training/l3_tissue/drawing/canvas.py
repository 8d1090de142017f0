"""The sheet a slice is drawn on: coordinates in mm, HU, labels, and the dice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import ndimage

OTHER, MUSCLE, IMAT, VAT, SAT = range(5)
OUTSIDE = -1
ANGLES = np.linspace(-np.pi, np.pi, 721)
FAMILIES = json.loads((Path(__file__).parent / "families.json").read_text())


@dataclass
class Canvas:
    """x runs to the patient's left, y to the back, mm from the body's middle; x0, y0 the same before warping.

    `level` counts vertebrae down from L3 (T12 = -3, L5 = 2). `label` is -1 outside the body, else one of the five.
    """

    rng: np.random.Generator
    ranges: dict[str, list[float]]
    level: float
    pixel_mm: float
    x: np.ndarray
    y: np.ndarray
    x0: np.ndarray
    y0: np.ndarray
    hu: np.ndarray
    label: np.ndarray
    facts: dict[str, float] = field(default_factory=dict)

    def dice(self, name: str) -> float:
        """A number from the family's table: [low, high] uniform, [mean, sd, low, high] clipped normal."""
        spec = self.ranges[name]
        if len(spec) == 2:
            return float(self.rng.uniform(*spec))
        return float(np.clip(self.rng.normal(spec[0], spec[1]), spec[2], spec[3]))

    def chance(self, name: str) -> bool:
        return bool(self.rng.random() < self.ranges[name][0])

    def paint(self, mask: np.ndarray, hu: float | np.ndarray, label: int) -> None:
        self.hu[mask] = hu[mask] if isinstance(hu, np.ndarray) else hu
        self.label[mask] = label

    def noise(self, sigma_mm: float | tuple[float, float]) -> np.ndarray:
        """Smooth noise of unit spread; sigma for rows and columns. Drawn coarsely where it is smooth anyway."""
        sigma = np.broadcast_to(np.atleast_1d(sigma_mm), 2) / self.pixel_mm
        coarse = max(1, int(sigma.min() / 2))
        shape = tuple(-(-n // coarse) for n in self.x.shape)
        values = self.rng.standard_normal(shape, dtype=np.float32)
        values = ndimage.gaussian_filter(values, tuple(sigma / coarse), mode="wrap")
        if coarse > 1:
            values = ndimage.zoom(values, [n / m for n, m in zip(self.x.shape, shape, strict=True)], order=1)
        return values / (values.std() + 1e-9)

    def ellipse(self, cx: float, cy: float, a: float, b: float, angle: float = 0.0, power: float = 2.0) -> np.ndarray:
        """Superellipse function: below 1 inside."""
        c, s = np.cos(angle), np.sin(angle)
        u = np.abs((self.x - cx) * c + (self.y - cy) * s) / a
        v = np.abs((self.y - cy) * c - (self.x - cx) * s) / b
        return u * u + v * v if power == 2.0 else u ** power + v ** power


def wobble(rng: np.random.Generator, terms: int, amplitude: float) -> np.ndarray:
    """A smooth closed curve over ANGLES with falling Fourier terms."""
    curve = np.zeros_like(ANGLES)
    for k in range(1, terms + 1):
        curve += rng.normal(0, amplitude / k) * np.cos(k * ANGLES + rng.uniform(0, 2 * np.pi))
    return curve


def around(degrees: list[float], values: list[float], smooth: float) -> np.ndarray:
    """A closed curve over ANGLES through values at given degrees (0 left, -90 front, 90 back), smoothed in degrees."""
    order = np.argsort(degrees)
    at, what = np.radians(np.array(degrees)[order]), np.array(values, float)[order]
    curve = np.interp(ANGLES, np.concatenate([at - 2 * np.pi, at, at + 2 * np.pi]), np.tile(what, 3))
    curve[:-1] = ndimage.gaussian_filter1d(curve[:-1], smooth * 2.0, mode="wrap")
    curve[-1] = curve[0]
    return curve
