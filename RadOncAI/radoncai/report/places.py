"""Where to cut: the slices that tell most, and the box of the patient to show."""

from __future__ import annotations

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.morphology import body_mask
from radoncai.core.structures import Structure, StructureSet, bounding_box
from radoncai.core.volume import Volume
from radoncai.report.colours import OUTLINE_ROLES, TARGET_ROLES
from radoncai.report.views import View, frame

LPS_AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}
BODY_STEP_MM = 4.0
BONE_HU = 180.0
EDGE_MM = 14.0


def array_axis(grid: Grid, plane: str) -> int:
    """The array axis (0 slice, 1 row, 2 column) that runs most nearly along the plane's normal."""
    along = np.abs(grid.directions[LPS_AXIS[plane]])
    return 2 - int(np.argmax(along))


def box_lps(grid: Grid, box: tuple[slice, slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest LPS mm of the outer voxel edges of a box."""
    ends = [[s.start - 0.5, s.stop - 0.5] for s in box[::-1]]
    corners = grid.to_lps(np.array([[ends[a][n] for a, n in enumerate(c)] for c in np.ndindex(2, 2, 2)]))
    return corners.min(axis=0), corners.max(axis=0)


def whole(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    return box_lps(grid, tuple(slice(0, n) for n in grid.shape))


def coarse_body(ct: Volume) -> tuple[np.ndarray, Grid]:
    """The patient on every few voxels of a CT and that grid; everything where no body is found or it is not a CT."""
    step = [max(1, int(round(BODY_STEP_MM / s))) for s in ct.grid.spacing_mm]
    coarse = ct.array[tuple(slice(None, None, n) for n in step)]
    matrix = ct.grid.index_to_lps @ np.diag([*step[::-1], 1.0])
    grid = Grid(coarse.shape, matrix)
    mask = body_mask(coarse, grid.spacing_mm) if ct.unit == "HU" else np.zeros(coarse.shape, bool)
    return (mask if mask.any() else np.ones(coarse.shape, bool)), grid


def body_box(body: tuple[np.ndarray, Grid], bottom: float = -np.inf, top: float = np.inf
             ) -> tuple[np.ndarray, np.ndarray]:
    """LPS box of the patient between two heights (S mm); of the whole patient where nothing lies between them."""
    mask, grid = body
    axis = array_axis(grid, "axial")
    index = np.zeros((grid.shape[axis], 3))
    index[:, 2 - axis] = np.arange(grid.shape[axis])
    height = grid.to_lps(index)[:, 2]
    reach = grid.spacing_mm[axis] / 2 + 0.01
    keep = (height >= bottom - reach) & (height <= top + reach)
    part = np.compress(keep, mask, axis=axis)
    box = bounding_box(part) if keep.any() else None
    if box is None:
        return box_lps(grid, bounding_box(mask))
    first = int(np.argmax(keep))
    return box_lps(grid, tuple(slice(s.start + first, s.stop + first) if a == axis else s for a, s in enumerate(box)))


def centroid(grid: Grid, structure: Structure) -> np.ndarray:
    """LPS mm of the structure's voxel that lies nearest to its centre of mass (a ring has none at its centre)."""
    voxels = np.argwhere(structure.mask)
    nearest = voxels[np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1))]
    return grid.to_lps((nearest + [s.start for s in structure.box])[None, ::-1])[0]


def _profile(structure: Structure, axis: int, n: int) -> np.ndarray:
    """Square root of the structure's area in each slice along an array axis, largest 1."""
    area = structure.mask.sum(axis=tuple(a for a in range(3) if a != axis)).astype(float)
    out = np.zeros(n)
    out[structure.box[axis]] = np.sqrt(area / area.max())
    return out


def telling_point(structures: StructureSet) -> np.ndarray:
    """LPS mm where each of the three planes cuts most structures, targets counting three times.

    Each slice scores the structures in it by the square root of their area; outlines count only where nothing
    else is there.
    """
    grid = structures.grid
    drawn = [s for s in structures if s.role not in OUTLINE_ROLES] or list(structures)
    index = (np.array(grid.shape) - 1) / 2.0
    for plane in LPS_AXIS:
        axis = array_axis(grid, plane)
        score = sum((3.0 if s.role in TARGET_ROLES else 1.0) * _profile(s, axis, grid.shape[axis]) for s in drawn)
        if drawn:
            index[axis] = int(np.argmax(score))
    return grid.to_lps(index[None, ::-1])[0]


def focus_box(structures: StructureSet, roles: tuple[str, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """LPS box around the structures of the roles (all but outlines where none is given), else around the grid."""
    chosen = [s for s in structures if s.role in roles] or [s for s in structures if s.role not in OUTLINE_ROLES]
    if not chosen:
        return whole(structures.grid)
    boxes = [box_lps(structures.grid, s.box) for s in chosen]
    return np.min([b[0] for b in boxes], axis=0), np.max([b[1] for b in boxes], axis=0)


def spine_point(ct: Volume, level_mm: float) -> np.ndarray:
    """LPS mm near the middle of the spine at a level: the median bone voxel (above 180 HU) close to the midline."""
    low, high = body_box(coarse_body(ct), level_mm, level_mm)
    middle = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, level_mm])
    k = int(np.clip(round(ct.grid.to_index(middle[None])[0, 2]), 0, ct.grid.shape[0] - 1))
    rows, columns = np.nonzero(ct.array[k] > BONE_HU)
    bone = ct.grid.to_lps(np.stack([columns, rows, np.full(len(rows), k)], axis=1)) if len(rows) else np.zeros((0, 3))
    bone = bone[np.abs(bone[:, 0] - middle[0]) < 0.15 * (high[0] - low[0])]
    return np.array([*np.median(bone[:, :2], axis=0), level_mm]) if len(bone) else middle


def three_views(ct: Volume, through: np.ndarray, focus: tuple[np.ndarray, np.ndarray], *, rows: int = 680,
                margin_mm: float = 40.0) -> list[View]:
    """Axial, coronal and sagittal views through a point, as wide as the body, as high as the focus plus a margin.

    An image of fewer than 8 slices gets only the axial view.
    """
    body, inside = coarse_body(ct), whole(ct.grid)
    low, high = body_box(body, through[2], through[2])
    views = [frame("axial", through, low - EDGE_MM, high + EDGE_MM, rows)]
    if ct.grid.shape[array_axis(ct.grid, "axial")] < 8:
        return views
    bottom, top = max(inside[0][2], focus[0][2] - margin_mm), min(inside[1][2], focus[1][2] + margin_mm)
    low, high = body_box(body, bottom, top)
    low, high = np.array([*low[:2] - EDGE_MM, bottom]), np.array([*high[:2] + EDGE_MM, top])
    return views + [frame(plane, through, low, high, rows) for plane in ("coronal", "sagittal")]
