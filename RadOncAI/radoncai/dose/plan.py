"""A quick inverse plan: the dose of nine beams that cover the targets and spare the rest.

It is a prior for the trees and the network, not a deliverable plan: a simple beam model on a coarse grid and one set
of objective weights for every patient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radoncai.dose.beams import BeamModel, relative_density
from radoncai.dose.coarse import CoarseGrid
from radoncai.dose.fluence import Axes, FluenceMap, Objective, fluence_map, optimise

SERIAL = ("Brainstem", "SpinalCord")
PUSHED = {"Parotid_R": "parotid", "Parotid_L": "parotid", "Larynx": "larynx", "Esophagus": "esophagus",
          "Bone_Mandible": "mandible"}
REFERENCE_GY = 70.0
ITERATIONS = 40
BODY_SHARE = 0.4


@dataclass(frozen=True)
class Weights:
    """Objective weights, each for the mean over its structure; doses in Gy. Fitted as the beam model was."""

    under: float = 256.0
    over: float = 50.0
    over_margin: float = 1.5
    fall_off: float = 6.25
    fall_off_mm: float = 25.0
    fall_off_floor: float = 0.25
    body: float = 0.244
    serial: float = 5.0
    serial_limit: float = 24.0
    parotid: float = 0.3
    larynx: float = 0.03
    esophagus: float = 0.0625
    mandible: float = 0.1
    smooth: float = 0.02


def objective(levels: np.ndarray, organs: dict[str, np.ndarray], distance: np.ndarray, body: np.ndarray,
              weights: Weights) -> Objective:
    """Objective on the points of `body` from target levels in Gy [k, j, i] (0 outside), organ masks and the distance
    to the nearest target in mm. Serial organs (cord, brainstem) get a maximum, the others a push to low dose."""
    level, far = levels[body], distance[body]
    target, top = level > 0, float(levels.max())
    n = max(1, int(target.sum()))
    rest = ~target
    limit = top * (weights.fall_off_floor + (1 - weights.fall_off_floor) * np.exp(-far / weights.fall_off_mm))
    push = rest * (weights.body / max(1, int(rest.sum())))
    cap = rest * (weights.fall_off / max(1, int(rest.sum())))
    for name, mask in organs.items():
        m = mask[body] & rest
        if not m.any():
            continue
        if name in SERIAL:
            limit = np.where(m, np.minimum(limit, weights.serial_limit), limit)
            cap = cap + m * (weights.serial / m.sum())
        else:
            push = push + m * (getattr(weights, PUSHED[name]) / m.sum())
    upper, over = level + weights.over_margin, target * (weights.over / n)
    parts = (level, target * (weights.under / n), upper, over, push, limit, cap)
    return Objective(*(np.asarray(p, np.float32) for p in parts))


@dataclass(frozen=True, eq=False)
class Plan:
    """Coarse fields [k, j, i]. `prior` and `plain` (organs ignored) as fractions of the highest level, `open_field`
    scaled to 1 on average in the target, `depth_min` and `skin` in mm, `beams` a count."""

    prior: np.ndarray
    plain: np.ndarray
    open_field: np.ndarray
    depth_min: np.ndarray
    beams: np.ndarray
    skin: np.ndarray


def plan(hu: np.ndarray, level: np.ndarray, organs: dict[str, np.ndarray], body: np.ndarray, grid: CoarseGrid,
         model: BeamModel | None = None, weights: Weights | None = None) -> Plan:
    """Plan on `grid` from native arrays [k, j, i]: CT in HU, target level as a fraction of the highest, organ masks."""
    model, weights = model or BeamModel(), weights or Weights()
    density = grid.down(relative_density(hu) * body)
    inside = grid.down(body) > BODY_SHARE
    levels = coarse_levels(level, grid) * REFERENCE_GY
    inside |= levels > 0
    axes = centred_axes(levels > 0, grid.spacing_mm)
    linear, depths = fluence_map(density, levels > 0, inside, axes, model)
    distance = ndimage.distance_transform_edt(levels == 0, grid.spacing_mm).astype(np.float32)
    masks = {name: grid.down(m) > 0.5 for name, m in organs.items() if m.any()}
    doses = [_solve(linear, levels, m, distance, inside, weights) for m in (masks, {})]
    spread = [_spread(d / REFERENCE_GY, inside) for d in doses]
    opened, count = open_fields(linear, inside, levels > 0)
    skin = ndimage.distance_transform_edt(np.pad(inside, 1), grid.spacing_mm)[1:-1, 1:-1, 1:-1].astype(np.float32)
    return Plan(*spread, opened, np.where(inside, depths.min(0), 0).astype(np.float32), count, skin)


def _solve(linear: FluenceMap, levels: np.ndarray, organs: dict[str, np.ndarray], distance: np.ndarray,
           inside: np.ndarray, weights: Weights) -> np.ndarray:
    goal = objective(levels, organs, distance, inside, weights)
    return optimise(linear, goal, float(levels.max()), weights.smooth, ITERATIONS)


def _spread(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Point values back on the grid; voxels outside take the nearest one, or interpolation would thin the skin."""
    out = np.zeros(inside.shape, np.float32)
    out[inside] = values
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return out[tuple(nearest)]


def coarse_levels(level: np.ndarray, grid: CoarseGrid) -> np.ndarray:
    """The level with the largest share of each coarse voxel that is target by half; 0 elsewhere."""
    values = np.unique(level[level > 0])
    shares = np.stack([grid.down(level == v) for v in values])
    out = values[np.argmax(shares, 0)]
    total = shares.sum(0)
    return np.where(total > min(0.5, float(total.max()) * 0.99), out, 0).astype(np.float32)


def centred_axes(target: np.ndarray, spacing_mm: tuple[float, float, float]) -> Axes:
    """Positions from the target's centre, where the isocentre is taken to be."""
    centre = [w.mean() for w in np.nonzero(target)]
    return Axes(*((np.arange(n) - c) * s for n, c, s in zip(target.shape, centre, spacing_mm, strict=True)))


def open_fields(linear: FluenceMap, inside: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dose of fully open apertures (1 on average in the target) and the number of beams that see each voxel."""
    opened = np.zeros(inside.shape, np.float32)
    opened[inside] = linear.dose(linear.allowed.astype(np.float32))
    seen = np.zeros(inside.shape, np.float32)
    seen[inside] = linear.count(linear.allowed)
    return opened / max(float(opened[target].mean()), 1e-6), seen
