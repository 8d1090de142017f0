"""Checks of where contours lie: closed, planar, on a slice, not crossing themselves, inside the images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from radoncai.core.crossings import crossing_polygons
from radoncai.core.grid import Grid
from radoncai.core.scanline import points_inside
from radoncai.core.volume import Volume
from radoncai.dicom.check.facts import ContourFacts, RoiFacts, SetFacts
from radoncai.dicom.check.profiles import Rule

Said = Iterator[tuple[str, str]]


def readable_points(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi, n in _count(facts, lambda c: c.points is None):
        yield roi.name, f"{_contours(n)} without readable points"


def three_points(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    few = [(roi, sum(_distinct(c.points) < 3 for c in roi.contours if c.points is not None
                     and c.kind.startswith("CLOSED"))) for roi in facts.rois]
    for roi, n in few:
        if n:
            yield roi.name, f"{_contours(n)} with fewer than three different points"


def point_count(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi, n in _count(facts, lambda c: c.points is not None and c.stated != len(c.points)):
        yield roi.name, f"{_contours(n)} whose stated number of points is wrong"


def planar(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi, n in _count(facts, lambda c: c.closed and _unevenness(c.points) > rule.limit):
        yield roi.name, f"{_contours(n)} whose points do not lie in one plane"


def repeated_end(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi, n in _count(facts, lambda c: c.closed and np.array_equal(c.points[0], c.points[-1])):
        yield roi.name, f"{_contours(n)} that repeat the first point at the end"


def self_crossing(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        n = len(crossing_polygons([_in_plane(c.points) for c in roi.closed], rule.limit))
        if n:
            yield roi.name, f"{_contours(n)} that cross themselves"


def on_slice(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if volume is None:
        return
    grid, _ = image_planes(volume)
    for roi in facts.rois:
        away = [_off_mm(c.points, grid) for c in roi.closed]
        off = [a for a in away if a > rule.limit]
        if off:
            yield roi.name, f"{_contours(len(off))} that do not lie on an image, by up to {max(off):.2f} mm"


def inside_image(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if volume is None:
        return
    grid, _ = image_planes(volume)
    upper = np.array(grid.shape[::-1]) - 0.5
    slack = rule.limit / np.array(grid.spacing_mm[::-1])

    def outside(c: ContourFacts) -> bool:
        if c.points is None:
            return False
        index = grid.to_index(c.points)
        return bool((index < -0.5 - slack).any() or (index > upper + slack).any())

    for roi, n in _count(facts, outside):
        yield roi.name, f"{_contours(n)} that reach beyond the images"


def reference_position(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if volume is None:
        return
    grid, places = image_planes(volume)

    def elsewhere(c: ContourFacts) -> bool:
        if c.points is None or c.image_uid not in places:
            return False
        k = grid.to_index(c.points[:1])[0, 2]
        return min(abs(k - n) for n in places[c.image_uid]) * grid.spacing_mm[0] > rule.limit

    for roi, n in _count(facts, elsewhere):
        yield roi.name, f"{_contours(n)} that do not lie on the image that they name"


def nested_holes(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    """CLOSED_PLANAR contours inside one another on one plane."""
    for roi in facts.rois:
        planes: dict[float, list[np.ndarray]] = {}
        for c in roi.closed:
            if "XOR" not in c.kind:
                planes.setdefault(round(float(c.points[0, 2]), 1), []).append(c.points)
        n = sum(_has_inner(polygons) for polygons in planes.values() if len(polygons) > 1)
        if n:
            yield roi.name, f"holes as contours inside one another on {n} slice{'s' * (n > 1)}; some systems fill them"


def image_planes(volume: Volume) -> tuple[Grid, dict[str, list[int]]]:
    """The grid of the images as they lie, and each image's UID with its plane numbers."""
    planes = volume.source.planes
    grid, slices = (planes.grid, planes.slices) if planes else (volume.grid, volume.source.slices)
    places: dict[str, list[int]] = {}
    for k, (_, uid) in enumerate(slices):
        if uid:
            places.setdefault(uid, []).append(k)
    return grid, places


def _count(facts: SetFacts, wrong) -> Iterator[tuple[RoiFacts, int]]:
    for roi in facts.rois:
        n = sum(bool(wrong(c)) for c in roi.contours)
        if n:
            yield roi, n


def _contours(n: int) -> str:
    return "a contour" if n == 1 else f"{n} contours"


def _distinct(points: np.ndarray) -> int:
    return len(np.unique(np.round(points, 3), axis=0))


def _unevenness(points: np.ndarray) -> float:
    """Largest distance from the best plane, mm."""
    if np.ptp(points[:, 2]) == 0:
        return 0.0
    centred = points - points.mean(axis=0)
    return float(np.abs(centred @ np.linalg.svd(centred, full_matrices=False)[2][2]).max())


def _in_plane(points: np.ndarray) -> np.ndarray:
    """(n, 2): along the two axes of the contour's plane; x and y for axial ones."""
    if np.ptp(points[:, 2]) < 1e-6:
        return points[:, :2]
    centred = points - points.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T


def _off_mm(points: np.ndarray, grid: Grid) -> float:
    k = grid.to_index(points)[:, 2]
    return float(np.abs(k - np.rint(k.mean())).max()) * grid.spacing_mm[0]


def _has_inner(polygons: list[np.ndarray]) -> bool:
    """Whether one lies inside another; only those whose box lies in the other's are looked at."""
    flat = [p[:, :2] for p in polygons]
    low, high = np.array([p.min(axis=0) for p in flat]), np.array([p.max(axis=0) for p in flat])
    within = (low[:, None] >= low[None]).all(axis=2) & (high[:, None] <= high[None]).all(axis=2)
    return any(points_inside(flat[a], flat[b]).all() for a, b in np.argwhere(within) if a != b)
