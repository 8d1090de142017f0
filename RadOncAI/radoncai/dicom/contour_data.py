"""ContourData: numbers to text and back, fast, and masks to contours."""

from __future__ import annotations

import re

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from radoncai.core.grid import Grid
from radoncai.core.polygons import mask_to_polygons
from radoncai.core.structures import Contour, Structure

CONTOUR_DATA = Tag(0x3006, 0x0050)
LONGEST_EXPLICIT = 65534  # bytes that explicit VR can state for a decimal string
_DECIMALS = 3


def to_text(points: np.ndarray) -> bytes:
    """(n, 3) mm as decimal strings of 1 micrometre, without a negative zero, padded to even length."""
    flat = (np.round(np.asarray(points, float), _DECIMALS) + 0.0).ravel().tolist()
    text = ("\\".join([f"%.{_DECIMALS}f"] * len(flat)) % tuple(flat)).encode()
    return text + b" " * (len(text) % 2)


def from_text(text: bytes) -> np.ndarray | None:
    """(n, 3) mm, read forgivingly (blanks, long numbers, a decimal comma); None where it holds no such numbers."""
    parts = text.strip(b" \0").split(b"\\")
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


def contours_of(structure: Structure, grid: Grid) -> list[Contour]:
    """The contours as read where the structure was not edited, else voxel-edge polygons of its mask, LPS mm."""
    if structure.contours:
        return list(structure.contours)
    k0, j0, i0 = (s.start for s in structure.box)
    out = []
    for k, plane in enumerate(structure.mask):
        for polygon in mask_to_polygons(plane):
            index = np.column_stack([polygon + (i0, j0), np.full(len(polygon), k0 + k)])
            out.append(Contour(grid.to_lps(index)))
    return out
