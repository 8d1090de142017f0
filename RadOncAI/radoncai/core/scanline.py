"""Polygons to voxels by one rule: even-odd, sampled at voxel centres, ties half open ([ , ) in both axes)."""

from __future__ import annotations

import numpy as np

SNAP = 6  # decimals of a voxel: floating noise must not decide a tie
_EDGE = 0.05  # voxels: a point this close to an outline counts as lying on it


def rasterise(polygons_xy: list[np.ndarray], origin_xy: tuple[float, float], spacing_xy: tuple[float, float],
              shape_rc: tuple[int, int], *, exclusive_or: bool = False) -> np.ndarray:
    """Boolean (rows, columns) array of the closed polygons of one plane.

    `polygons_xy`: (n, 2) arrays in mm (or any unit); `origin_xy`: centre of voxel (0, 0); `spacing_xy`: voxel size.
    Polygons inside one another are even-odd (holes), polygons that overlap partly are joined, an exact repetition
    counts once; `exclusive_or` makes all of it even-odd. `rasterise_plane` says too whether some overlapped.
    """
    return rasterise_plane(polygons_xy, origin_xy, spacing_xy, shape_rc, exclusive_or=exclusive_or)[0]


def rasterise_plane(polygons_xy: list[np.ndarray], origin_xy: tuple[float, float], spacing_xy: tuple[float, float],
                    shape_rc: tuple[int, int], *, exclusive_or: bool = False) -> tuple[np.ndarray, bool]:
    """`rasterise`, and True where polygons overlapped partly or were repeated and so were joined."""
    scaled = [(np.asarray(p, float)[:, :2] - origin_xy) / spacing_xy for p in polygons_xy]
    polygons = [np.round(p, SNAP) for p in scaled if len(p) > 2]
    out = np.zeros(shape_rc, bool)
    parts = [part for part in (_fill(p, shape_rc) for p in polygons) if part is not None]
    if len(parts) == 1 or exclusive_or:
        _combine(out, parts)
        return out, False
    cover = np.zeros(shape_rc, np.uint16)
    for _, (r, c), mask in parts:
        cover[r:r + mask.shape[0], c:c + mask.shape[1]] += mask
    if cover.max(initial=0) < 2:
        return cover.astype(bool), False
    groups, joined = _joined(parts)
    for group in groups:
        union = np.zeros(shape_rc, bool)
        _combine(union, group, np.logical_or)
        out ^= union
    return out, joined


Part = tuple[np.ndarray, tuple[int, int], np.ndarray]


def _combine(out: np.ndarray, parts: list[Part], rule: np.ufunc = np.logical_xor) -> None:
    for _, (r, c), mask in parts:
        window = out[r:r + mask.shape[0], c:c + mask.shape[1]]
        rule(window, mask, out=window)


def _fill(polygon: np.ndarray, shape: tuple[int, int]) -> Part | None:
    """(polygon, first row and column, mask) of the part of a polygon inside the array; None where it is outside."""
    low, high = np.ceil(polygon.min(axis=0)).astype(int), np.ceil(polygon.max(axis=0)).astype(int)
    c0, r0 = np.maximum(low, 0)
    c1, r1 = np.minimum(high, shape[::-1])
    if c1 <= c0 or r1 <= r0:
        return None
    x0, y0 = polygon.T
    x1, y1 = np.roll(polygon, -1, axis=0).T
    first = np.clip(np.ceil(np.minimum(y0, y1)).astype(int), r0, r1)
    count = np.clip(np.ceil(np.maximum(y0, y1)).astype(int), r0, r1) - first
    edge = np.repeat(np.arange(len(x0)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    slope = (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
    cross = np.round(x0[edge] + (row - y0[edge]) * slope[edge], SNAP)
    column = np.clip(np.ceil(cross).astype(int), c0, c1) - c0
    width = c1 - c0 + 1
    toggles = np.bincount((row - r0) * width + column, minlength=(r1 - r0) * width) & 1
    mask = np.logical_xor.accumulate(toggles.reshape(-1, width)[:, :-1].astype(bool), axis=1)
    return polygon, (int(r0), int(c0)), mask


def _joined(parts: list[Part]) -> tuple[list[list[Part]], bool]:
    """Parts in groups that are to be united; repeated polygons are dropped."""
    unique: list[Part] = []
    for part in parts:
        if not any(part[0].shape == u[0].shape and np.array_equal(part[0], u[0]) for u in unique):
            unique.append(part)
    group = list(range(len(unique)))
    for a in range(len(unique)):
        for b in range(a):
            if group[a] != group[b] and _overlap_partly(unique[a], unique[b]):
                group = [group[b] if g == group[a] else g for g in group]
    members: dict[int, list[Part]] = {}
    for g, part in zip(group, unique, strict=True):
        members.setdefault(g, []).append(part)
    return list(members.values()), len(members) < len(parts)


def _overlap_partly(a: Part, b: Part) -> bool:
    """True where two polygons share voxels and neither lies inside the other."""
    (_, (ra, ca), ma), (_, (rb, cb), mb) = a, b
    r0, c0 = max(ra, rb), max(ca, cb)
    r1, c1 = min(ra + ma.shape[0], rb + mb.shape[0]), min(ca + ma.shape[1], cb + mb.shape[1])
    if r1 <= r0 or c1 <= c0:
        return False
    shared = np.count_nonzero(ma[r0 - ra:r1 - ra, c0 - ca:c1 - ca] & mb[r0 - rb:r1 - rb, c0 - cb:c1 - cb])
    if not shared:
        return False
    small, large = (a, b) if np.count_nonzero(ma) <= np.count_nonzero(mb) else (b, a)
    if shared < np.count_nonzero(small[2]):
        return True
    inside = points_inside(small[0], large[0])
    return not inside.all() and not points_inside(large[0], small[0]).all()


def points_inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """For each point, whether it lies in the polygon (even-odd) or on its outline."""
    px, py = points[:, :1], points[:, 1:]
    x0, y0 = polygon.T
    x1, y1 = np.roll(polygon, -1, axis=0).T
    dx, dy = x1 - x0, y1 - y0
    crosses = (y0 <= py) != (y1 <= py)
    at = x0 + (py - y0) * dx / np.where(dy == 0, 1.0, dy)
    inside = (np.count_nonzero(crosses & (px < at), axis=1) & 1).astype(bool)
    t = np.clip(((px - x0) * dx + (py - y0) * dy) / np.maximum(dx * dx + dy * dy, 1e-12), 0, 1)
    distance = np.hypot(px - x0 - t * dx, py - y0 - t * dy).min(axis=1)
    return inside | (distance < _EDGE)
