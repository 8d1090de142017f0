"""Masks to polygons along voxel edges and back, in one slice.

Index space: x is the column, y the row, integers are voxel centres; voxel (r, c) covers [c-.5, c+.5] x [r-.5, r+.5].
A polygon is an (n, 2) array of (x, y); its first point is not repeated.
"""

from __future__ import annotations

import numpy as np

from radoncai.core.scanline import rasterise

# Filled neighbours of a lattice vertex: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
# For each code the corners there, as (horizontal edge leaves the corner, vertical edge points up); the corner whose
# horizontal edge lies to the left comes first, so that corners of a row pair up as they are counted.
_CORNERS = {1: [(True, True)], 2: [(False, True)], 4: [(False, False)], 8: [(True, False)],
            7: [(False, False)], 11: [(True, False)], 13: [(True, True)], 14: [(False, True)],
            9: [(True, True), (True, False)], 6: [(False, False), (False, True)]}
_COUNT = np.array([len(_CORNERS.get(code, ())) for code in range(16)])
_IS_CORNER = _COUNT > 0
_LEAVES = np.array([[c[n % len(c)][0] if (c := _CORNERS.get(code)) else False for n in (0, 1)] for code in range(16)])
_UP = np.array([[c[n % len(c)][1] if (c := _CORNERS.get(code)) else False for n in (0, 1)] for code in range(16)])


def mask_to_polygons(mask: np.ndarray) -> list[np.ndarray]:
    """One polygon for each 4-connected region of a 2D mask, along voxel edges.

    Collinear points are left out, diagonal neighbours stay apart, holes are joined to their outer ring by a channel
    of zero width, so that the polygon's area equals the mask's. Outer rings run from +x to +y, holes against them:
    even-odd and non-zero filling agree.
    """
    padded = np.pad(np.asarray(mask, bool), 1)
    ys, xs, codes, following = _link_corners(padded)
    loops = _loops(following)
    holes = [loop for loop in loops if not codes[loop[0]] & 8]
    if holes:
        ys, xs, following = _join_holes(padded, ys, xs, following, holes)
        loops = _loops(following)
    points = np.column_stack([xs, ys]) - 0.5
    return [_without_collinear(points[loop]) if holes else points[loop] for loop in loops]


def mask_to_rings(mask: np.ndarray) -> list[np.ndarray]:
    """Outer rings and holes of a 2D mask along voxel edges, not joined; holes run the other way (negative area)."""
    ys, xs, _, following = _link_corners(np.pad(np.asarray(mask, bool), 1))
    points = np.column_stack([xs, ys]) - 0.5
    return [points[loop] for loop in _loops(following)]


def polygons_to_mask(polygons: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Boolean (rows, columns) mask of index-space polygons by the rule of `rasterise`."""
    return rasterise(polygons, (0.0, 0.0), (1.0, 1.0), shape)


def polygon_area(polygon: np.ndarray) -> float:
    """Signed area of an (n, 2) polygon by the shoelace formula; positive from +x towards +y."""
    x, y = np.asarray(polygon, float).T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _link_corners(padded: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and code of each corner in raster order, and the index of the corner that follows it."""
    p = padded.view(np.uint8)
    code = p[:-1, :-1] | p[:-1, 1:] << 1 | p[1:, :-1] << 2 | p[1:, 1:] << 3
    found = np.flatnonzero(_IS_CORNER.take(code))
    ys, xs = np.divmod(found, code.shape[1])
    at = code.ravel()[found]
    times = _COUNT[at]
    second = np.zeros(int(times.sum()), np.intp)
    second[np.cumsum(times)[times == 2] - 1] = 1
    ys, xs, at = np.repeat(ys, times), np.repeat(xs, times), np.repeat(at, times)
    column_order = np.argsort((xs * len(padded) + ys) * 2 + ~_UP[at, second])
    vertical = np.empty(len(ys), np.intp)
    vertical[column_order[0::2]] = column_order[1::2]
    vertical[column_order[1::2]] = column_order[0::2]
    horizontal = np.arange(len(ys)) ^ 1
    return ys, xs, at, np.where(_LEAVES[at, second], horizontal, vertical)


def _loops(following: np.ndarray) -> list[list[int]]:
    """Closed walks through `following`; each begins at its smallest index, its uppermost left corner."""
    nxt = following.tolist()
    seen = bytearray(len(nxt))
    loops = []
    for start in range(len(nxt)):
        if seen[start]:
            continue
        loop, i = [], start
        while not seen[i]:
            seen[i] = 1
            loop.append(i)
            i = nxt[i]
        loops.append(loop)
    return loops


def _join_holes(padded: np.ndarray, ys: np.ndarray, xs: np.ndarray, following: np.ndarray,
                holes: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a channel from each hole's upper left corner straight up to the first edge it meets.

    That edge belongs to a ring whose top lies higher, so the channels form a tree that ends at the outer ring.
    """
    width = padded.shape[1]
    keys = ys * width + xs
    rows, columns, nxt = ys.tolist(), xs.tolist(), following.tolist()
    last_on_edge: dict[int, int] = {}
    for loop in sorted(holes, key=lambda hole: columns[hole[0]]):
        start, before = loop[0], loop[-1]
        y, x = rows[start], columns[start]
        solid = padded[:y + 1, x] & padded[:y + 1, x + 1]
        top = int(np.flatnonzero(~solid)[-1])
        edge = int(np.searchsorted(keys, top * width + x, side="right")) - 1
        meets_corner = keys[edge] == top * width + x
        tail = last_on_edge.get(edge, edge)
        end = nxt[tail]
        new = len(rows)
        rows += [y, top] if meets_corner else [y, top, top]
        columns += [x, x] if meets_corner else [x, x, x]
        nxt += [new + 1, end] if meets_corner else [new + 1, end, start]
        nxt[tail] = start if meets_corner else new + 2
        nxt[before] = new
        last_on_edge[edge] = new + 1
    return np.array(rows), np.array(columns), np.array(nxt)


def _without_collinear(points: np.ndarray) -> np.ndarray:
    """Drop points that the line passes straight on; turning points of a channel stay."""
    step = np.sign(np.roll(points, -1, axis=0) - points)
    return points[(step != np.roll(step, 1, axis=0)).any(axis=1)]
