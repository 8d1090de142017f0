"""Masks: pieces, holes, distances, and the body on a CT. All functions take arrays [k, j, i]."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

BODY_HU = -300.0


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest 6-connected piece; the mask itself where it is empty."""
    labels, n = ndimage.label(mask)
    if n < 2:
        return mask.astype(bool)
    return labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))


def fill_holes_in_slices(mask: np.ndarray) -> np.ndarray:
    """Fill what no path inside its slice joins to the slice's border."""
    return np.stack([ndimage.binary_fill_holes(s) for s in mask])


def signed_distance_mm(mask: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """Distance to the mask's edge in mm, positive outside, negative inside; float32. Mask must not be empty or full."""
    outside = ndimage.distance_transform_edt(~mask, spacing_mm)
    inside = ndimage.distance_transform_edt(mask, spacing_mm)
    return (outside - inside).astype(np.float32)


def disc(radius_mm: float, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """In-slice disc as a (1, n, m) structuring element, at least a cross."""
    r = [max(1, int(round(radius_mm / s))) for s in spacing_mm[1:]]
    y, x = np.ogrid[-r[0]:r[0] + 1, -r[1]:r[1] + 1]
    return ((y / r[0]) ** 2 + (x / r[1]) ** 2 <= 1.0)[None]


def body_mask(hu: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """The patient without couch, air cavities filled: above -300 HU, opened by 6 mm, largest piece, holes closed.

    Returns a boolean mask, empty where no tissue is found.
    """
    tissue = hu > BODY_HU
    if not tissue.any():
        return tissue
    element = disc(6.0, spacing_mm)
    core = ndimage.binary_opening(tissue, element)
    core = largest_component(core if core.any() else tissue)
    body = ndimage.binary_dilation(core, element) & tissue
    return fill_holes_in_slices(largest_component(body | core))
