"""The images of a model on its grid, cropped to the body, read tile by tile as normalised channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radoncai.core import morphology
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.resample import resample_array
from radoncai.core.structures import Box, bounding_box
from radoncai.core.volume import Volume
from radoncai.models.engine.orientation import to_lps
from radoncai.models.engine.sampling import model_grid, resample_to
from radoncai.models.spec import InputSpec, ModelSpec

MARGIN_MM = 12.0
BODY_MM = 3.0


@dataclass(frozen=True, eq=False)
class Channels:
    """`arrays` [k, j, i] by image name: what `box` of the model's `grid` holds, NaN where an image ends.

    `body` marks the patient at every `stride`-th voxel of the box; None where that is not known (no CT).
    """

    spec: ModelSpec
    grid: Grid
    box: Box
    arrays: dict[str, np.ndarray]
    body: np.ndarray | None
    stride: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        return tuple(b.stop - b.start for b in self.box)

    def tile(self, box: Box, patch: tuple[int, int, int]) -> np.ndarray:
        """Normalised float32 (channels, *patch) of a part of the box; what reaches beyond it is outside."""
        out = np.empty((len(self.spec.inputs), *patch), np.float32)
        real = tuple(slice(0, b.stop - b.start) for b in box)
        for channel, rule in zip(out, self.spec.inputs, strict=True):
            part = self.arrays[rule.image or self.spec.images[0].name][box]
            channel[:] = normalised(np.float32(rule.outside), rule)
            if rule.image:
                part = np.where(np.isnan(part), np.float32(rule.outside), part)
            channel[real] = normalised(part, rule)
        return out

    def has_body(self, box: Box) -> bool:
        """Whether a part of the box has a voxel of the patient."""
        if self.body is None:
            return True
        parts = (slice(b.start // n, -(-b.stop // n)) for b, n in zip(box, self.stride, strict=True))
        return bool(self.body[tuple(parts)].any())


def normalised(array: np.ndarray, rule: InputSpec) -> np.ndarray:
    """`(clip(array) - mean) / std` as `model.json` says, float32."""
    out = np.clip(array, *rule.clip) if rule.clip else np.asarray(array)
    return ((out - np.float32(rule.mean)) / np.float32(rule.std)).astype(np.float32)


def prepare(planning: Volume, spec: ModelSpec, images: Mapping[str, Volume] | None = None, *,
            crop: bool = True) -> Channels:
    """`planning` with its axes along LPS (`to_lps`) and further images in its patient space, on the model's grid.

    `crop` to the patient of a CT. Raises InputError where there is none.
    """
    first, *further = (image.name for image in spec.images)
    grid = model_grid(planning.grid, spec.spacing_mm)
    small = resample_to(planning.array, planning.grid, grid)
    stride = tuple(max(1, round(BODY_MM / s)) for s in grid.spacing_mm)
    body = _body(small, grid, stride) if crop and planning.modality in ("CT", "") else None
    box = _box(body, grid, stride) if body is not None else tuple(slice(0, n) for n in grid.shape)
    arrays = {first: small[box]}
    for name in further:
        arrays[name] = onto(images[name], grid.crop(box))
    if body is not None:
        body = body[tuple(slice(b.start // n, -(-b.stop // n)) for b, n in zip(box, stride, strict=True))]
    return Channels(spec, grid, box, arrays, body, stride)


def onto(volume: Volume, grid: Grid) -> np.ndarray:
    """An image on a grid of the same patient space, linear; float32, NaN beyond the image's outer voxel faces."""
    turned = to_lps(volume)[0]
    array = np.ascontiguousarray(turned.array, np.float32)
    values = resample_array(array, turned.grid, grid, 0.0, antialias=True)
    beyond = resample_array(np.ones(turned.grid.shape, np.uint8), turned.grid, grid, 0, order=0) == 0
    values[beyond] = np.nan
    return values


def _body(small: np.ndarray, grid: Grid, stride: tuple[int, int, int]) -> np.ndarray:
    coarse = small[tuple(slice(None, None, n) for n in stride)]
    body = morphology.body_mask(coarse, tuple(s * n for s, n in zip(grid.spacing_mm, stride, strict=True)))
    if not body.any():
        raise InputError("No patient was found on the image: nothing is denser than air; check that it is a CT in HU.")
    # the body mask drops what is thin, also slices where only a strip of the patient was kept
    _, j, i = bounding_box(body)
    bare = ~body.any((1, 2))
    body[bare, j, i] = coarse[bare, j, i] > morphology.BODY_HU
    return body


def _box(body: np.ndarray, grid: Grid, stride: tuple[int, int, int]) -> Box:
    """The body's box with 12 mm around it, its start at a voxel where the body was looked at."""
    out = []
    for part, n, s, size in zip(bounding_box(body), stride, grid.spacing_mm, grid.shape, strict=True):
        margin = int(np.ceil(MARGIN_MM / s))
        start = max(0, part.start * n - margin)
        out.append(slice(start - start % n, min(size, part.stop * n + margin)))
    return tuple(out)
