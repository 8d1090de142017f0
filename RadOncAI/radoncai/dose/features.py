"""What the boosted trees read at each voxel: the channels and their surroundings.

Numbers of the patient (volumes, areas) are left out on purpose: trees learn patients by heart from them.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.dose.channels import FAR_MM, NAMES, ORGANS, PHYSICS_MM, Channels
from radoncai.dose.coarse import CoarseGrid

POINTWISE = NAMES[:-len(ORGANS)]
LABELS = {"Brainstem": 1, "SpinalCord": 2, "Parotid_R": 3, "Parotid_L": 3, "Esophagus": 4, "Larynx": 5,
          "Bone_Mandible": 6}
MISSING_MM = 99.0
DISTANT_ORGANS = ("Brainstem", "SpinalCord", "Larynx", "Bone_Mandible", "Esophagus")


def features(channels: Channels) -> np.ndarray:
    """(voxels of region.inside, n) float32, rounded to float16 as the trees learned them; the order is theirs."""
    inside, mm = channels.region.inside, channels.spacing_mm
    target = channels["level"] > 0
    label = np.zeros(inside.shape, np.float32)
    for name, number in LABELS.items():
        label[channels[name] > 0] = number
    fields = [channels[n] for n in POINTWISE] + [label] + _smooth(channels) + _in_slice(target, mm)
    fields += _organ_distances(channels) + _positions(target, mm)
    columns = [np.broadcast_to(f, inside.shape)[inside] for f in fields]
    return np.stack(columns, 1).astype(np.float16).astype(np.float32)


def _smooth(channels: Channels) -> list[np.ndarray]:
    """CT and priors averaged over their surroundings, and how steep the prior is."""
    mm = np.array(channels.spacing_mm)
    prior, plain, ct = channels["prior"], channels["prior_plain"], channels["ct"]
    steps = [np.gradient(prior, axis=a) / mm[a] for a in range(3)]
    return [ndimage.gaussian_filter(prior, 6 / mm), ndimage.gaussian_filter(prior, 15 / mm),
            ndimage.gaussian_filter(plain, 10 / mm), ndimage.gaussian_filter(ct, 4 / mm),
            ndimage.gaussian_filter(ct, 12 / mm), np.sqrt(sum(s * s for s in steps)), steps[0]]


def _in_slice(target: np.ndarray, mm: tuple[float, float, float]) -> list[np.ndarray]:
    """Distance within the slice to the target of the nearest target slice, and the signed gap to those slices, mm."""
    rows = np.flatnonzero(target.any(axis=(1, 2)))
    gap = np.arange(len(target))[:, None] - rows
    nearest = rows[np.abs(gap).argmin(1)]
    flat = {s: ndimage.distance_transform_edt(~target[s], mm[1:]) for s in rows}
    signed_gap = (np.arange(len(target)) - nearest) * mm[0]
    return [np.minimum(np.stack([flat[s] for s in nearest]), 2 * FAR_MM), signed_gap[:, None, None]]


def _organ_distances(channels: Channels) -> list[np.ndarray]:
    """Distance to organs in mm, computed on the physics grid; MISSING_MM where an organ was not contoured."""
    grid = CoarseGrid(channels.region.inside.shape, channels.spacing_mm, PHYSICS_MM)
    masks = [channels[n] for n in DISTANT_ORGANS] + [np.maximum(channels["Parotid_R"], channels["Parotid_L"])]
    out = []
    for mask in masks:
        coarse = grid.down(mask) > 0.3
        if coarse.any():
            out.append(grid.up(np.minimum(ndimage.distance_transform_edt(~coarse, PHYSICS_MM), 80.0)))
        else:
            out.append(np.full((1, 1, 1), MISSING_MM, np.float32))
    return out


def _positions(target: np.ndarray, mm: tuple[float, float, float]) -> list[np.ndarray]:
    """z, y and |x| in mm from the target's centre."""
    centre = [w.mean() for w in np.nonzero(target)]
    axes = [(np.arange(n) - c) * s for n, c, s in zip(target.shape, centre, mm, strict=True)]
    return [axes[0][:, None, None], axes[1][None, :, None], np.abs(axes[2])[None, None]]
