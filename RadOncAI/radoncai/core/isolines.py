"""Lines of one level in a 2D field, by marching squares."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from radoncai.core.polygons import polygon_area
from radoncai.core.structures import bounding_box
from radoncai.core.thinning import thinned

_PARTS = 4  # of a pixel side
_AROUND = 6  # pixels around a structure that bend the spline
_BEYOND = 3  # pixels of nothing beyond the array
_CLEAR = 0.04  # by which the share at a pixel centre is kept from the level: 0.018 pixels at least
_THINNING = 0.006  # pixels
_SMALLEST = 0.02  # pixels of area; smaller rings are ripples of the spline


def _cell_segments(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directed segments (from edge, to edge) of all cells, edges numbered as in `_edge_points`."""
    rows, columns = inside.shape
    sides = (inside[:-1, :-1], inside[:-1, 1:], inside[1:, 1:], inside[1:, :-1])
    y, x = np.nonzero((sides[0] != sides[1]) | (sides[1] != sides[2]) | (sides[2] != sides[3]))
    vertical = rows * columns
    edges = np.stack([y * columns + x, vertical + y * columns + x + 1,
                      (y + 1) * columns + x, vertical + y * columns + x])  # top, right, bottom, left
    corners = np.stack([side[y, x] for side in sides])
    leaves = corners & ~np.roll(corners, -1, axis=0)
    enters = ~corners & np.roll(corners, -1, axis=0)
    start, stop = [], []
    for edge in range(4):
        free = leaves[edge].copy()
        for step in (1, 2, 3):
            other = (edge + step) % 4
            here = free & enters[other]
            start.append(edges[edge][here])
            stop.append(edges[other][here])
            free &= ~here
    return np.concatenate(start), np.concatenate(stop)


def _edge_points(field: np.ndarray, level: float, edges: np.ndarray) -> np.ndarray:
    """(n, 2) pixel positions (x, y) where the level crosses the numbered edges, by linear interpolation."""
    rows, columns = field.shape
    vertical = edges >= rows * columns
    y, x = np.divmod(edges - vertical * rows * columns, columns)
    a = field[y, x]
    b = field[y + vertical, x + ~vertical]
    t = np.clip((level - a) / np.where(a == b, 1.0, b - a), 0.0, 1.0)
    return np.stack([x + t * ~vertical, y + t * vertical], axis=1)


def contour_lines(field: np.ndarray, level: float) -> list[np.ndarray]:
    """Polylines (n, 2) of pixels (x, y) where the field crosses `level`, linear between pixel centres.

    Closed ones repeat their first point. Pixels of `level` itself lie inside.
    """
    start, stop = _cell_segments(field >= level)
    follow = dict(zip(start.tolist(), stop.tolist(), strict=True))
    reached = set(stop.tolist())
    heads = [e for e in follow if e not in reached]
    chains = []
    while follow:
        edge = heads.pop() if heads else next(iter(follow))
        chain = [edge]
        while edge in follow:
            edge = follow.pop(edge)
            chain.append(edge)
        chains.append(_edge_points(field, level, np.array(chain)))
    return chains


def iso_rings(share: np.ndarray, level: float = 0.5) -> list[np.ndarray]:
    """Outer rings and holes (negative area) of a field of shares 0 to 1, (n, 2) of (x, y) in index space.

    The field is refined by a cubic spline, since chords between pixels would lie inside of every bend (1.4 % of the
    volume of a ball of 5 pixels); what lies beyond the array is 0. Pixel centres lie inside where their share is
    `level` or more, all others outside, by more than coordinates are rounded.
    """
    share = np.asarray(share, float)
    box = bounding_box(share >= level, _AROUND)
    if box is None:
        return []
    padded = np.pad(share[box], _BEYOND)
    fine = ndimage.zoom(padded, [((n - 1) * _PARTS + 1) / n for n in padded.shape], order=3, mode="nearest")
    inside = padded >= level
    fine[::_PARTS, ::_PARTS] = np.where(inside, np.maximum(padded, level + _CLEAR), np.minimum(padded, level - _CLEAR))
    corner = np.array([box[1].start, box[0].start], float) - _BEYOND
    rings = [line[:-1] / _PARTS + corner for line in contour_lines(fine, level)]
    begins = np.cumsum([0, *(len(ring) for ring in rings)])[:-1]
    points, begins = thinned(np.concatenate(rings), begins, _THINNING)
    return [ring for ring in np.split(points, begins[1:]) if abs(polygon_area(ring)) > _SMALLEST]
