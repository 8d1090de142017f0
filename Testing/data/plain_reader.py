"""A second, plain reader of RTSTRUCT: the contours of each slice, even-odd at voxel centres, and exact areas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom


def polygons_of(rtstruct: Path, grid) -> dict[str, dict[int, list[np.ndarray]]]:
    """ROI name to slice number to polygons (n, 2) of (x, y) in the index space of an axial grid."""
    data = pydicom.dcmread(rtstruct)
    names = {r.ROINumber: r.ROIName for r in data.StructureSetROISequence}
    found: dict[str, dict[int, list[np.ndarray]]] = {name: {} for name in names.values()}
    for roi in data.ROIContourSequence:
        planes = found[names[roi.ReferencedROINumber]]
        for contour in roi.get("ContourSequence", ()):
            raw = contour.get_item("ContourData").value
            text = raw if isinstance(raw, bytes) else "\\".join(map(str, raw)).encode()
            points = np.array(text.strip(b" \0").split(b"\\"), float).reshape(-1, 3)
            index = (points - grid.origin_lps) / grid.spacing_mm[::-1]
            planes.setdefault(int(np.rint(index[0, 2])), []).append(index[:, :2])
    return found


def mask_of(planes: dict[int, list[np.ndarray]], shape: tuple[int, int, int]) -> np.ndarray:
    """All slices of one ROI as a mask [k, j, i]."""
    mask = np.zeros(shape, bool)
    for k, polygons in planes.items():
        mask[k] = even_odd(polygons, shape[1:])
    return mask


def even_odd(polygons: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Voxel centres with an odd number of edges to their left, all polygons of the slice together."""
    toggles = np.zeros((shape[0], shape[1] + 1), np.int32)
    for polygon in polygons:
        x0, y0 = np.round(polygon, 6).T
        for ax, ay, bx, by in zip(x0, y0, np.roll(x0, -1), np.roll(y0, -1), strict=True):
            if ay != by:
                rows = np.arange(max(0, int(np.ceil(min(ay, by)))), min(shape[0], int(np.ceil(max(ay, by)))))
                at = np.round(ax + (rows - ay) * (bx - ax) / (by - ay), 6)
                toggles[rows, np.clip(np.ceil(at), 0, shape[1]).astype(int)] += 1
    return np.cumsum(toggles[:, :-1], axis=1) % 2 == 1


def area(polygons: list[np.ndarray]) -> float:
    """Even-odd area of a slice in pixels, exact: between two heights of points the width inside changes linearly."""
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(p, -1, axis=0) for p in polygons])
    heights = np.unique(start[:, 1])
    middle = (heights[1:] + heights[:-1]) / 2
    first = np.searchsorted(heights, np.minimum(start[:, 1], end[:, 1]))
    count = np.searchsorted(heights, np.maximum(start[:, 1], end[:, 1])) - first
    edge = np.repeat(np.arange(len(start)), count)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    slope = (end - start)[edge, 0] / (end - start)[edge, 1]
    x = start[edge, 0] + (middle[line] - start[edge, 1]) * slope
    order = np.lexsort((x, line))
    x, line = x[order], line[order]
    return float(((x[1::2] - x[::2]) * np.diff(heights)[line[::2]]).sum())
