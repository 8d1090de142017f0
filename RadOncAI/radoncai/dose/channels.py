"""What the dose network and the trees see, from nothing but what a user gives: CT, contours, prescription.

Doses in the channels are fractions of the highest prescription level, so that a prediction scales with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radoncai.core.errors import InputError
from radoncai.dose.coarse import CoarseGrid, Spacing
from radoncai.dose.plan import Plan, plan
from radoncai.dose.region import Region, region

ORGANS = ("Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible")
NAMES = ("ct", "level", "prior", "prior_plain", "distance", "distance_mid", "distance_high", "open_field", "depth_min",
         "beams", "skin", *ORGANS)
PHYSICS_MM = (5.0, 5.0, 5.0)
FAR_MM = 60.0
MID_LEVEL = 0.85
WATER_HU, AIR_HU = 0.0, -1000.0


@dataclass(frozen=True, eq=False)
class Channels:
    """`values` float32 [channel, k, j, i] in the order of `NAMES`, inside `region.box` of the working grid.

    `top_gy` is the highest prescription level: Gy = fraction * top_gy.
    """

    values: np.ndarray
    region: Region
    spacing_mm: Spacing
    top_gy: float

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[NAMES.index(name)]


def level_map(targets: dict[str, np.ndarray], levels_gy: dict[str, float]) -> np.ndarray:
    """Gy of the highest target that holds each voxel, 0 outside all: nested targets become rings."""
    out = None
    for name, mask in targets.items():
        if name not in levels_gy:
            raise InputError(f"No dose is prescribed to the target {name}; add it to the prescription.")
        value = np.where(mask, np.float32(levels_gy[name]), np.float32(0))
        out = value if out is None else np.maximum(out, value)
    if out is None or not out.any():
        raise InputError("No target has voxels on the CT; give at least one target with its dose.")
    return out


def build(hu: np.ndarray | None, targets: dict[str, np.ndarray], levels_gy: dict[str, float],
          organs: dict[str, np.ndarray], body: np.ndarray | None, spacing_mm: Spacing) -> Channels:
    """All channels on the working grid.

    `hu` [k, j, i] in HU, or None where there is no CT (then `body` is needed and taken as water). `targets` and
    `organs` are masks of the same shape; organs by the names in `ORGANS`, others are ignored, missing ones are zero.
    Axes are LPS: k to the head, j to posterior, i to the left. Raises InputError as `level_map` and `region` do.
    """
    levels = level_map(targets, levels_gy)
    place = region(hu, levels > 0, body, spacing_mm)
    box = place.box
    top = float(levels.max())
    level = levels[box] / top
    ct = np.where(place.body, WATER_HU, AIR_HU).astype(np.float32) if hu is None else hu[box].astype(np.float32)
    organ = np.stack([np.asarray(organs[n][box] if n in organs else np.zeros(level.shape), np.float32) for n in ORGANS])
    grid = CoarseGrid(level.shape, spacing_mm, PHYSICS_MM)
    planned = plan(ct, level, dict(zip(ORGANS, organ, strict=True)), place.body, grid)
    values = [ct.clip(-1000, 1500) / 1000, level, *_physics(planned, grid), *organ]
    values[4:4] = [_signed(level >= threshold, spacing_mm) for threshold in (1e-6, MID_LEVEL, 0.999)]
    return Channels(np.stack(values).astype(np.float32), place, spacing_mm, top)


def _physics(planned: Plan, grid: CoarseGrid) -> list[np.ndarray]:
    """Priors, open field, least depth, beams that see the voxel, depth under the skin; scaled to about 0 .. 1."""
    fields = (planned.prior, planned.plain, planned.open_field, planned.depth_min / 100, planned.beams / 9,
              planned.skin / 50)
    return [grid.up(f) for f in fields]


def _signed(mask: np.ndarray, spacing_mm: Spacing) -> np.ndarray:
    """Signed distance to the mask's edge, outside positive, cut at FAR_MM and divided by it."""
    outside = ndimage.distance_transform_edt(~mask, spacing_mm)
    inside = ndimage.distance_transform_edt(mask, spacing_mm)
    return np.clip((outside - inside) / FAR_MM, -1, 1).astype(np.float32)
