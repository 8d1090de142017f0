"""Where a head-and-neck dose is predicted: the targets' slices and five centimetres beyond, inside the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radoncai.core.errors import InputError
from radoncai.core.morphology import body_mask, disc, fill_holes_in_slices
from radoncai.core.structures import Box

REACH_MM = 50.0
CLOSING_MM = 20.0
RING_VOXELS = 2


@dataclass(frozen=True, eq=False)
class Region:
    """`box` in the working grid; `body` (closed outline) and `inside` in the box: an External and one voxel more,
    or a body found on the CT and two more, since planners outline the body outside the skin that a coarse CT shows."""

    box: Box
    body: np.ndarray
    inside: np.ndarray


def region(hu: np.ndarray | None, target: np.ndarray, body: np.ndarray | None, spacing_mm: tuple[float, float, float],
           ) -> Region:
    """The region of the dose around a target mask [k, j, i]; spacing in array order.

    `body` is the External where there is one, else it is found on the CT. In-slice gaps of up to 4 cm (an open
    mouth, cut-off airways, dark streaks behind metal) are closed and the target belongs to it. Raises InputError
    without target, or with neither body nor CT.
    """
    where = np.flatnonzero(target.any(axis=(1, 2)))
    if not len(where):
        raise InputError("The targets have no voxels on the CT; give targets that lie inside the scan.")
    if body is None and hu is None:
        raise InputError("Neither a body outline nor a CT was given; give one of them.")
    reach = int(np.ceil(REACH_MM / spacing_mm[0]))
    slices = slice(max(0, int(where[0]) - reach), min(len(target), int(where[-1]) + 1 + reach))
    found = body_mask(hu[slices], spacing_mm) if body is None else body[slices].astype(bool)
    closed = close_in_slices(found, CLOSING_MM, spacing_mm) | target[slices]
    rings = RING_VOXELS if body is None else 1
    inside = ndimage.binary_dilation(closed, np.ones((1, 3, 3), bool), iterations=rings)
    rows, columns = (np.flatnonzero(inside.any(axis=a)) for a in ((0, 2), (0, 1)))
    plane = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    return Region((slices, *plane), closed[:, plane[0], plane[1]], inside[:, plane[0], plane[1]])


def close_in_slices(mask: np.ndarray, radius_mm: float, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """In-slice closing by a disc, then filled holes; the mask's edge on the array's border does not grow inwards."""
    element = disc(radius_mm, spacing_mm)
    y, x = element.shape[1:]
    padded = np.pad(mask, ((0, 0), (y, y), (x, x)))
    return fill_holes_in_slices(ndimage.binary_closing(padded, element)[:, y:-y, x:-x])
