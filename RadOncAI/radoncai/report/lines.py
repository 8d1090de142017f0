"""Smooth strokes along lines of a picture."""

from __future__ import annotations

import numpy as np


def densify(line: np.ndarray, step: float = 0.5, dash: tuple[float, float] | None = None) -> np.ndarray:
    """Points along a polyline at most `step` pixels apart; with `dash` (on, off) in pixels only those drawn."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0.0, along[-1], max(2, int(np.ceil(along[-1] / step)) + 1))
    if dash:
        at = at[at % sum(dash) < dash[0]]
    return np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)


def coverage(shape: tuple[int, int], points: np.ndarray, width: float) -> np.ndarray:
    """Share 0 to 1 of each pixel that round dots of diameter `width` at the points cover, antialiased."""
    out = np.zeros(shape, np.float32)
    reach = int(np.ceil(width / 2 + 0.5))
    nearest = np.round(points).astype(int)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            x, y = nearest[:, 0] + dx, nearest[:, 1] + dy
            distance = np.hypot(x - points[:, 0], y - points[:, 1])
            share = np.clip(width / 2 + 0.5 - distance, 0.0, 1.0)
            hit = (share > 0) & (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
            np.maximum.at(out, (y[hit], x[hit]), share[hit].astype(np.float32))
    return out
