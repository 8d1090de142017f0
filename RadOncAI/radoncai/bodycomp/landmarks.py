"""Spine axis, endplates, iliac crests, bone-free flank and rib reach on a CT reduced to about 3 mm.

All functions take arrays [k, j, i] that run upwards, to the back and to the left, spacing in the same order, mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, signal

BODY_HU, BONE_HU, RIB_HU = -300.0, 130.0, 140.0
CORTEX_HU, NEAR_CORTEX_MM = 230.0, 6.0
FLANK_FROM_MM = 55.0
PELVIS_MM2, TRACE_MM2 = 500.0, 40.0
TRUNK_WIDTH_MM = 200.0


@dataclass(frozen=True)
class Reduced:
    """The CT at about 3 mm: HU, spacing [k, j, i], CT slices in one reduced slice, and the first reduced slice held."""

    hu: np.ndarray
    spacing_mm: tuple[float, float, float]
    every: int
    first: int = 0

    def to_ct(self, k: float) -> float:
        """Continuous slice index of the CT."""
        return (k + self.first) * self.every + (self.every - 1) / 2

    def part(self, low: int, high: int) -> Reduced:
        """Slices low to high - 1."""
        return Reduced(self.hu[low:high], self.spacing_mm, self.every, self.first + low)


@dataclass(frozen=True)
class Frame:
    """Per slice: body mask, middle and back edge in pixels, width and depth in mm."""

    body: np.ndarray
    middle: np.ndarray
    back: np.ndarray
    width_mm: np.ndarray
    depth_mm: np.ndarray

    def part(self, low: int, high: int) -> Frame:
        """Slices low to high - 1."""
        return Frame(*(values[low:high] for values in vars(self).values()))


def reduce(hu: np.ndarray, spacing_mm: tuple[float, float, float], target_mm: float = 3.0) -> Reduced:
    """Block means of whole voxels up to about 3 mm in the plane and 2 mm along the body."""
    every = [max(1, int(round(t / s))) for t, s in zip((2.0, target_mm, target_mm), spacing_mm, strict=True)]
    count = [n // e for n, e in zip(hu.shape, every, strict=True)]
    out = np.empty(count, np.float32)
    for k in range(count[0]):
        block = hu[k * every[0]:(k + 1) * every[0], :count[1] * every[1], :count[2] * every[2]]
        shape = (every[0], count[1], every[1], count[2], every[2])
        out[k] = np.clip(block, -1024, 3071).reshape(shape).mean((0, 2, 4), dtype=np.float32)
    return Reduced(out, tuple(s * e for s, e in zip(spacing_mm, every, strict=True)), every[0])


def find_frame(ct: Reduced) -> Frame:
    """The body of each slice (largest piece after an opening of 6 mm)."""
    px = ct.spacing_mm[1]
    body = np.zeros(ct.hu.shape, bool)
    numbers = np.zeros((4, len(ct.hu)))
    for k, image in enumerate(ct.hu):
        labels, n = ndimage.label(ndimage.binary_opening(image > BODY_HU, iterations=max(1, int(6 / px))))
        if n == 0:
            continue
        body[k] = ndimage.binary_fill_holes(labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:])))
        rows, columns = np.flatnonzero(body[k].any(1)), np.flatnonzero(body[k].any(0))
        numbers[:, k] = ((columns[0] + columns[-1]) / 2, rows[-1], (columns[-1] - columns[0]) * ct.spacing_mm[2],
                         (rows[-1] - rows[0]) * px)
    return Frame(body, *numbers)


def spine_axis(ct: Reduced, frame: Frame) -> np.ndarray:
    """(slices, 2) row and column of the vertebral bodies: deepest point of bone near the middle of the back."""
    nk, nj, ni = ct.hu.shape
    dz, px, py = ct.spacing_mm
    rows, columns = np.mgrid[0:nj, 0:ni]
    soft = ndimage.gaussian_filter(ct.hu, (0, 1.0 / px, 1.0 / py))
    points = np.zeros((nk, 2))
    for k in range(nk):
        from_back = (frame.back[k] - rows) * px
        window = (np.abs(columns - frame.middle[k]) * py < 35) & (from_back > 25)
        window &= from_back < 0.62 * frame.depth_mm[k]
        bone = ndimage.binary_fill_holes(ndimage.binary_closing(soft[k] > 100, iterations=max(1, int(3 / px))))
        depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(bone) * window, 1.0)
        points[k] = np.unravel_index(int(np.argmax(depth)), depth.shape)
    window = int(round(27 / dz)) | 1
    points = ndimage.median_filter(points, (window, 1), mode="nearest")
    return ndimage.gaussian_filter1d(points, 6.0 / dz, axis=0, mode="nearest")


def axis_profile(ct: Reduced, axis: np.ndarray, radius_mm: float = 12.0) -> np.ndarray:
    """Mean HU in a disc around the axis, slice by slice: endplates stand out as peaks."""
    _, px, py = ct.spacing_mm
    rows, columns = np.mgrid[0:ct.hu.shape[1], 0:ct.hu.shape[2]]
    return np.array([image[((rows - r) * px) ** 2 + ((columns - c) * py) ** 2 < radius_mm ** 2].mean()
                     for image, (r, c) in zip(ct.hu, axis, strict=True)])


def vertebral_bodies(profile: np.ndarray, dz: float) -> list[float]:
    """Middles of the bodies, upwards: two endplates 17 to 31 mm apart, in slices of `dz` mm."""
    smooth = ndimage.gaussian_filter1d(profile, 1.5 / dz)
    peaks, found = signal.find_peaks(smooth, distance=max(2, int(8 / dz)), prominence=8)
    if len(peaks):
        peaks = peaks[found["prominences"] >= 0.3 * np.median(found["prominences"])]
    bodies: list[float] = []
    for low, high in zip(peaks[:-1], peaks[1:], strict=True):
        middle = (low + high) / 2
        if 17 <= (high - low) * dz <= 31 and (not bodies or (middle - bodies[-1]) * dz > 20):
            bodies.append(float(middle))
    return _bridged(bodies)


def _bridged(bodies: list[float]) -> list[float]:
    """The chain with one body put into each gap of about two pitches."""
    steps = np.diff(bodies)
    if len(steps) < 3:
        return bodies
    ratio = steps / np.median(steps)
    middles = [(bodies[n] + bodies[n + 1]) / 2 for n in np.flatnonzero((ratio > 1.6) & (ratio < 2.4))]
    return sorted([*bodies, *(float(m) for m in middles)])


def near_cortex(ct: Reduced) -> np.ndarray:
    """Voxels within 6 mm of cortical bone: kidneys full of contrast are as bright as bone inside, but have none."""
    cortex = ndimage.gaussian_filter(ct.hu, [1.0 / s for s in ct.spacing_mm]) > CORTEX_HU
    reach = [2 * max(1, int(round(NEAR_CORTEX_MM / s))) + 1 for s in ct.spacing_mm]
    return ndimage.maximum_filter(cortex, reach)


def flank_bone(ct: Reduced, frame: Frame) -> np.ndarray:
    """(slices, 2) mm2 of bone more than 55 mm to the right and left of the middle, after smoothing by 2.2 mm."""
    smooth = ndimage.gaussian_filter(ct.hu, [2.2 / s for s in ct.spacing_mm])
    columns = np.arange(ct.hu.shape[2])
    area = ct.spacing_mm[1] * ct.spacing_mm[2]
    bone = (smooth > BONE_HU) & near_cortex(ct) & frame.body
    offset = (columns[None] - frame.middle[:, None]) * ct.spacing_mm[2]
    per_column = bone.sum(1)
    return np.stack([(per_column * (side * offset > FLANK_FROM_MM)).sum(1) for side in (-1, 1)], 1) * area


def crest(bone_mm2: np.ndarray) -> int | None:
    """Top slice of the lowest run of flank bone that is as large as an iliac wing and starts in the lower 60 %."""
    runs, n = ndimage.label(bone_mm2 > TRACE_MM2)
    for run in range(1, n + 1):
        slices = np.flatnonzero(runs == run)
        if bone_mm2[slices].max() > PELVIS_MM2 and slices[0] < 0.6 * len(bone_mm2):
            return int(slices[-1])
    return None


def free_flank(bone_mm2: np.ndarray, frame: Frame, start: int) -> tuple[int, int]:
    """First and last slice of the stretch above `start` without flank bone on either side, inside a trunk."""
    last = start
    for k in range(start + 1, len(bone_mm2)):
        if (bone_mm2[k] > TRACE_MM2).any() or frame.width_mm[k] < TRUNK_WIDTH_MM:
            break
        last = k
    return start + 1, last


def lung_share(ct: Reduced, frame: Frame, k: int) -> float:
    """Share of the body below -500 HU around slice k: lungs give more than a tenth, bowel gas less."""
    near = slice(max(0, k - 3), k + 4)
    inside = frame.body[near]
    return float((ct.hu[near][inside] < -500).mean()) if inside.any() else 0.0


def bone_reach(ct: Reduced, axis: np.ndarray, k: float) -> float:
    """How far sideways bone joined to the vertebra at slice k reaches within +-15 mm, mean of both sides, mm.

    nan where there is no bone, so that the slice speaks neither for nor against a rib.
    """
    half = max(1, int(round(15 / ct.spacing_mm[0])))
    middle = int(round(k))
    low = max(0, middle - half)
    slab = ct.hu[low:middle + half + 1]
    slab = ndimage.gaussian_filter(slab, (0, 1.5 / ct.spacing_mm[1], 1.5 / ct.spacing_mm[2]))
    near = near_cortex(Reduced(ct.hu[low:middle + half + 1], ct.spacing_mm, ct.every))
    labels, _ = ndimage.label((slab > RIB_HU) & near)
    row, column = (int(round(v)) for v in axis[middle])
    radius = max(1, int(round(8 / ct.spacing_mm[1])))
    seeds = labels[:, max(0, row - radius):row + radius + 1, max(0, column - radius):column + radius + 1]
    own = np.bincount(seeds.ravel())
    if len(own) < 2 or own[1:].max() == 0:
        return float("nan")
    joined = np.flatnonzero((labels == 1 + int(np.argmax(own[1:]))).any((0, 1)))
    right, left = column - joined[0], joined[-1] - column
    return float((right + left) / 2 * ct.spacing_mm[2])
