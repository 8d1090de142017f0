"""A drawn head and neck bent, scaled and turned into another posture and body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radoncai.phantom.canvas import Canvas

PIVOT_Z = -70.0


@dataclass(frozen=True)
class Posture:
    """Scales (z, y, x), nod and side bend of the head in degrees, turn about z, and smooth random shifts in mm."""

    scale: tuple[float, float, float]
    nod: float
    bend: float
    turn: float
    shifts: np.ndarray
    cell_mm: float = 55.0


def random_posture(rng: np.random.Generator, shape_mm: tuple[float, float, float]) -> Posture:
    """A plausible patient: sizes within 7 %, head nodded by up to 15 degrees, bends of a few degrees."""
    size = rng.normal(1.0, 0.045)
    scale = tuple(float(np.clip(size * rng.normal(1.0, 0.03), 0.86, 1.14)) for _ in range(3))
    cells = [max(3, int(s / 55.0) + 3) for s in shape_mm]
    return Posture(scale, float(np.clip(rng.normal(0, 7), -14, 14)), float(rng.normal(0, 2.0)),
                   float(rng.normal(0, 3.0)),
                   rng.normal(0, 2.2, (3, *cells)))


def drawing_positions(posture: Posture, z: np.ndarray, y: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Where in the drawing each output voxel (z, y, x in mm) comes from: three arrays (slices, rows, columns), mm."""
    above = np.logaddexp(0, (z - PIVOT_Z) / 18.0) * 18.0
    angle = np.deg2rad(posture.turn) / (1 + np.exp(-(z - PIVOT_Z) / 25.0))
    z3, y3, x3 = z[:, None, None], y[None, :, None], x[None, None, :]
    lift = np.tan(np.deg2rad(posture.nod)) / (1 + np.exp(-(z - PIVOT_Z) / 22.0))
    c, s = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    y0 = y3 + (np.tan(np.deg2rad(posture.nod)) * above)[:, None, None]
    x0 = x3 + (np.tan(np.deg2rad(posture.bend)) * above)[:, None, None]
    out = [z3 - lift[:, None, None] * y3 + 0 * x3, c * y0 - s * x0, s * y0 + c * x0]
    axes = [(a - a[0]) / posture.cell_mm for a in (z, y, x)]
    for n in range(3):
        bend = posture.shifts[n]
        for axis, at in enumerate(axes):
            knots = ndimage.spline_filter1d(bend, 3, axis=axis)
            matrix = np.stack([ndimage.map_coordinates(row, [at + 0.7], order=3, prefilter=False, mode="nearest")
                               for row in np.eye(bend.shape[axis])], 1)
            bend = np.moveaxis(np.tensordot(matrix, knots, (1, axis)), 0, axis)
        out[n] = (out[n] + bend) / posture.scale[n]
    return out


def bend(canvas: Canvas, hu: np.ndarray, posture: Posture, z: np.ndarray, y: np.ndarray,
         x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """HU (linear, air outside) and mark bits (nearest) on the output grid."""
    at = [(p - a[0]) / (a[1] - a[0]) for p, a in zip(drawing_positions(posture, z, y, x),
                                                     (canvas.z, canvas.y, canvas.x), strict=True)]
    new = ndimage.map_coordinates(hu, at, order=1, mode="constant", cval=-1000.0)
    index = [np.rint(p).astype(np.int32) for p in at]
    ok = np.all([(i >= 0) & (i < n) for i, n in zip(index, canvas.bits.shape, strict=True)], axis=0)
    bits = np.zeros(ok.shape, np.uint16)
    bits[ok] = canvas.bits[tuple(i[ok] for i in index)]
    return new, bits
