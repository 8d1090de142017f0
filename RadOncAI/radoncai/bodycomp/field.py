"""The network's field: the body cropped and resampled so that it always fills the same part of 256 x 256."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radoncai.core.errors import InputError

SIZE = 256
BODY_SHARE = 0.9
BODY_HU = -300.0
_OPEN_MM = 6.0


@dataclass(frozen=True)
class Field:
    """A square of SIZE pixels of `pixel_mm` around `center` (row, column, in CT pixels); CT pixels are `spacing_mm`."""

    center: tuple[float, float]
    pixel_mm: float
    spacing_mm: tuple[float, float]
    shape: tuple[int, int]

    def sample(self, image: np.ndarray, outside: float = -1024.0) -> np.ndarray:
        """CT slice (rows, columns) to (256, 256), linear, smoothed first where pixels get larger."""
        image = np.asarray(image, np.float32)
        sigma = [0.4 * max(self.pixel_mm / s - 1.0, 0.0) for s in self.spacing_mm]
        if max(sigma) > 0.05:
            image = ndimage.gaussian_filter(image, sigma)
        step = [self.pixel_mm / s for s in self.spacing_mm]
        offset = [c - (SIZE - 1) / 2 * d for c, d in zip(self.center, step, strict=True)]
        return ndimage.affine_transform(image, step, offset, (SIZE, SIZE), order=1, cval=outside)

    def back(self, image: np.ndarray) -> np.ndarray:
        """(256, 256) to the CT slice's pixels, linear, 0 outside the field."""
        step = [s / self.pixel_mm for s in self.spacing_mm]
        offset = [(SIZE - 1) / 2 - c * d for c, d in zip(self.center, step, strict=True)]
        return ndimage.affine_transform(np.asarray(image, np.float32), step, offset, self.shape, order=1, cval=0.0)


def slice_body(hu: np.ndarray, spacing_mm: tuple[float, float]) -> np.ndarray:
    """Largest piece above -300 HU after an opening of 6 mm, holes filled; boolean (rows, columns), may be empty.

    Works on about 2 mm pixels: one slice in a few milliseconds.
    """
    every = [max(1, int(round(2.0 / s))) for s in spacing_mm]
    small = ndimage.uniform_filter(np.asarray(hu, np.float32), every)[::every[0], ::every[1]] > BODY_HU
    times = max(1, int(round(_OPEN_MM / (every[0] * spacing_mm[0]))))
    labels, n = ndimage.label(ndimage.binary_opening(small, iterations=times))
    if n == 0:
        return np.zeros(np.shape(hu), bool)
    body = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    body = ndimage.binary_fill_holes(ndimage.binary_dilation(body, iterations=times) & small | body)
    return np.repeat(np.repeat(body, every[0], 0), every[1], 1)[:np.shape(hu)[0], :np.shape(hu)[1]]


def find_field(hu: np.ndarray, spacing_mm: tuple[float, float]) -> Field:
    """The field around the body of one slice; InputError where there is no body."""
    body = slice_body(hu, spacing_mm)
    rows, columns = np.flatnonzero(body.any(1)), np.flatnonzero(body.any(0))
    if len(rows) == 0:
        raise InputError("No body was found in the slice that was to be measured; choose another level.")
    extent = max((rows[-1] - rows[0] + 1) * spacing_mm[0], (columns[-1] - columns[0] + 1) * spacing_mm[1])
    center = (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2
    return Field(center, float(extent / (BODY_SHARE * SIZE)), tuple(spacing_mm), tuple(np.shape(hu)))


def channels(hu: np.ndarray) -> np.ndarray:
    """The two network channels of HU (..., 256, 256): soft tissue (HU / 160, +-200 HU) and bone; axis -3."""
    soft = np.clip(hu / 160.0, -1.25, 1.25)
    wide = np.clip((hu + 60.0) / 600.0, -1.2, 1.2)
    return np.stack([soft, wide], axis=-3).astype(np.float32)
