"""What the boosted trees read at each voxel: the channels, their surroundings, and a few numbers of the patient."""

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
    """(voxels of region.inside, n) float32; the order is fixed by this function and belongs to the trained trees."""
    inside, mm = channels.region.inside, channels.spacing_mm
    target = channels["level"] > 0
    label = np.zeros(inside.shape, np.float32)
    for name, number in LABELS.items():
        label[channels[name] > 0] = number
    fields = [channels[n] for n in POINTWISE] + [label] + _smooth(channels) + _in_slice(target, mm)
    fields += _organ_distances(channels) + _positions(target, mm) + _slice_numbers(channels)
    columns = [np.broadcast_to(f, inside.shape)[inside] for f in fields]
    columns += [np.full(len(columns[0]), v, np.float32) for v in _patient_numbers(channels)]
    return np.stack(columns, 1).astype(np.float32)


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


def _slice_numbers(channels: Channels) -> list[np.ndarray]:
    """Per slice: areas of body and target, mean prior in the body, distance to the ends of the targets in mm."""
    body, level, mm = channels.region.body, channels["level"], channels.spacing_mm
    pixel = mm[1] * mm[2] / 100
    area = body.sum((1, 2)) * pixel
    mean = (channels["prior"] * body).sum((1, 2)) / np.maximum(body.sum((1, 2)), 1)
    rows = np.flatnonzero((level > 0).any(axis=(1, 2)))
    k = np.arange(len(level))
    numbers = [area, (level > 0).sum((1, 2)) * pixel, mean, (rows[-1] - k) * mm[0], (k - rows[0]) * mm[0]]
    return [n[:, None, None] for n in numbers]


def _patient_numbers(channels: Channels) -> list[float]:
    """Target volumes by level in cc, share of the body that is target, mean prior, number of contoured organs."""
    body, level = channels.region.body, channels["level"]
    cc = float(np.prod(channels.spacing_mm)) / 1000
    volumes = [float((level > t).sum()) * cc for t in (0, 0.85, 0.999)]
    return [*volumes, float((level > 0).sum() / body.sum()), float(channels["prior"][body].mean()),
            float(channels["prior_plain"][body].mean()), float(sum(channels[n].any() for n in ORGANS))]
