"""Contours of one ROI to its mask on a grid, with a sentence for every oddity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.scanline import rasterise_plane
from radoncai.core.structures import Box, Contour, bounding_box

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR", "INTERPOLATED_PLANAR")
_SAME_PLANE = 0.02  # slices
_FLAT = 0.1  # slices


@dataclass(frozen=True)
class Drawn:
    """Mask cropped to its box; `box` is None, with the reason, where no voxel lies inside."""

    mask: np.ndarray
    box: Box | None
    reason: str = ""
    warnings: tuple[str, ...] = ()


def contours_to_mask(contours: Sequence[Contour], grid: Grid) -> Drawn:
    """Voxel centres inside closed planar contours (LPS mm) that lie along the grid's slices."""
    said: list[str] = []
    if not contours:
        return _nothing("it has no contour in the file")
    closed = [c for c in contours if c.kind in CLOSED and len(c.points) > 2]
    _report_others(contours, said)
    if not closed:
        return _nothing(f"it has no closed contour ({said[0] if said else 'too few points'})", said)
    planes = _planes([grid.to_index(c.points) for c in closed], [c.kind for c in closed], grid, said)
    if not planes:
        return _nothing("its contours lie outside the images", said)
    every = np.concatenate([p for polygons, _ in planes.values() for p in polygons])
    low = np.clip(np.floor(every.min(axis=0)).astype(int), 0, np.array(grid.shape[:0:-1]) - 1)
    high = np.clip(np.ceil(every.max(axis=0)).astype(int) + 1, low + 1, grid.shape[:0:-1])
    k0, k1 = min(planes), max(planes) + 1
    mask = np.zeros((k1 - k0, high[1] - low[1], high[0] - low[0]), bool)
    joined = 0
    for k, (polygons, xor) in planes.items():
        mask[k - k0], overlapped = rasterise_plane(polygons, tuple(low), (1.0, 1.0), mask.shape[1:], exclusive_or=xor)
        joined += overlapped
    if joined:
        said.append(f"contours overlap partly on {joined} slices; they were joined.")
    inner = bounding_box(mask)
    if inner is None:
        return _nothing("its contours enclose no voxel centre", said)
    box = tuple(slice(s.start + o, s.stop + o) for s, o in zip(inner, (k0, low[1], low[0]), strict=True))
    return Drawn(np.ascontiguousarray(mask[inner]), tuple(slice(int(s.start), int(s.stop)) for s in box),
                 warnings=tuple(said))


def flat_share(contours: Sequence[Contour], grid: Grid) -> float:
    """The share of closed contours that lie along the slices of a grid; 1 where there are none."""
    flat = [np.ptp(grid.to_index(c.points)[:, 2]) <= _FLAT for c in contours if c.kind in CLOSED and len(c.points) > 2]
    return float(np.mean(flat)) if flat else 1.0


def _nothing(reason: str, said: Sequence[str] = ()) -> Drawn:
    return Drawn(np.zeros((0, 0, 0), bool), None, reason, tuple(said))


def _report_others(contours: Sequence[Contour], said: list[str]) -> None:
    for kind in sorted({c.kind for c in contours} - set(CLOSED)):
        count = sum(c.kind == kind for c in contours)
        said.append(f"{count} {kind} contour{'s' * (count > 1)} cannot be a mask.")
    short = sum(c.kind in CLOSED and len(c.points) < 3 for c in contours)
    if short:
        said.append(f"{short} contours have fewer than 3 points and were left out.")


def _planes(indices: list[np.ndarray], kinds: list[str], grid: Grid,
            said: list[str]) -> dict[int, tuple[list[np.ndarray], bool]]:
    """Slice number to its polygons in index space and whether they are to be exclusive-ored."""
    height = np.array([p[:, 2].mean() for p in indices])
    flat = np.array([np.ptp(p[:, 2]) <= _FLAT for p in indices])
    if not flat.all():
        said.append(f"{int((~flat).sum())} contours do not lie along the slices and were left out.")
    slice_number = np.ceil(np.round(height, 4) - 0.5).astype(int)
    outside = flat & ((slice_number < 0) | (slice_number >= grid.shape[0]))
    if outside.any():
        said.append(f"{int(outside.sum())} contours lie above or below the images and were left out.")
    usable = flat & ~outside
    planes: dict[int, tuple[list[np.ndarray], bool]] = {}
    crowded = 0
    for k in np.unique(slice_number[usable]):
        here = np.flatnonzero(usable & (slice_number == k))
        nearest = height[here[np.argmin(np.abs(height[here] - k))]]
        chosen = here[np.abs(height[here] - nearest) <= _SAME_PLANE]
        crowded += len(chosen) < len(here)
        planes[int(k)] = ([indices[n][:, :2] for n in chosen], all("XOR" in kinds[n] for n in chosen))
    if crowded:
        said.append(f"on {crowded} slices contours of several heights meet; the nearest to the slice was taken.")
    _report_distances(height[usable], planes, said)
    return planes


def _report_distances(height: np.ndarray, planes: dict[int, tuple[list[np.ndarray], bool]], said: list[str]) -> None:
    off = np.abs(height - np.rint(height)) > 0.05
    if off.any():
        said.append(f"{int(off.sum())} contours lie between slices, by up to "
                    f"{np.abs(height - np.rint(height)).max():.2f} of the slice distance.")
    numbers = np.array(sorted(planes))
    step = np.diff(numbers)
    if len(step) and (step == step[0]).all() and step[0] > 1:
        said.append(f"it is drawn on every {step[0]}th slice only; nothing was filled in between.".replace(
            "2th", "2nd").replace("3th", "3rd"))
    elif (step > 1).any():
        said.append(f"it is not drawn on {int((step - 1).sum())} slices between its ends.")
