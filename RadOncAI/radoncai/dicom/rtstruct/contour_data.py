"""ContourData: numbers to text and back, fast, and masks to contours."""

from __future__ import annotations

import re
from itertools import islice

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.keyholes import joined_by_keyholes
from radoncai.core.polygons import mask_to_polygons, mask_to_rings, polygon_area
from radoncai.core.smoothing import smoothed
from radoncai.core.structures import Contour, Structure

CONTOUR_DATA = Tag(0x3006, 0x0050)
LONGEST_EXPLICIT = 65534  # bytes that explicit VR can state for a decimal string
CONTOURS, HOLES = ("exact", "smooth"), ("keyhole", "xor")
THINNING_MM = 0.1
_DECIMALS = 3


def to_text(points: np.ndarray) -> bytes:
    """(n, 3) mm as decimal strings of 1 micrometre, without a negative zero, padded to even length."""
    flat = (np.round(np.asarray(points, float), _DECIMALS) + 0.0).ravel().tolist()
    text = ("\\".join([f"%.{_DECIMALS}f"] * len(flat)) % tuple(flat)).encode()
    return text + b" " * (len(text) % 2)


def from_text(text: bytes) -> np.ndarray | None:
    """(n, 3) mm, read forgivingly (blanks, long numbers, a decimal comma); None where it holds no such numbers."""
    parts = text.strip(b" \0\\").split(b"\\")
    try:
        flat = np.array(parts, dtype=float)
    except ValueError:
        try:
            flat = np.array([float(re.sub(rb"\s", b"", p).replace(b",", b".")) for p in parts])
        except ValueError:
            return None
    if len(flat) < 3 or not np.isfinite(flat).all():
        return None
    return flat[:len(flat) // 3 * 3].reshape(-1, 3)


def get_text(item: Dataset) -> bytes:
    """ContourData of a contour item as it stands in the file."""
    if CONTOUR_DATA not in item:
        return b""
    element = item.get_item(CONTOUR_DATA)
    value = element.value
    if isinstance(value, bytes):
        return value
    values = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return "\\".join(str(getattr(v, "original_string", v)) for v in values).encode()


def contours_of(structure: Structure, grid: Grid, contours: str = "exact", holes: str = "keyhole") -> list[Contour]:
    """The contours as read where the structure was not edited, else polygons of its mask, LPS mm.

    `contours`: "exact" along voxel edges or "smooth" within half a pixel; `holes`: "keyhole", or "xor": rings and holes
    as contours of their own, all CLOSEDPLANAR_XOR (PS3.3 C.8.8.6.3). InputError for another word.
    """
    if contours not in CONTOURS or holes not in HOLES:
        raise InputError(f"Contours are {' or '.join(CONTOURS)} and holes {' or '.join(HOLES)}, not {contours} and "
                         f"{holes}.")
    if structure.contours:
        return list(structure.contours)
    k0, j0, i0 = (s.start for s in structure.box)
    thin = THINNING_MM / max(grid.spacing_mm[1:])
    planes = list(enumerate(_polygons(structure.mask, contours, holes, thin), k0))
    cut = holes == "xor" and any(polygon_area(p) < 0 for _, polygons in planes for p in polygons)
    return [Contour(grid.to_lps(np.column_stack([p + (i0, j0), np.full(len(p), k)])),
                    "CLOSEDPLANAR_XOR" if cut else "CLOSED_PLANAR") for k, polygons in planes for p in polygons]


def _polygons(mask: np.ndarray, contours: str, holes: str, thin: float) -> list[list[np.ndarray]]:
    """The polygons of each slice in index space of the mask."""
    if contours == "exact" and holes == "keyhole":
        return [mask_to_polygons(plane) for plane in mask]
    rings = [mask_to_rings(plane) for plane in mask]
    if contours == "smooth":
        drawn = iter(smoothed([ring for plane in rings for ring in plane], thin))
        rings = [list(islice(drawn, len(plane))) for plane in rings]
    return rings if holes == "xor" else [joined_by_keyholes(plane) for plane in rings]
