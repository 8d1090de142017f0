"""From images to an image with a network of tiles: synthetic CT, CBCT correction, denoising, finer voxels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from radoncai.core.errors import ModelError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.engine.channels import prepare
from radoncai.models.engine.contours import outputs, room
from radoncai.models.engine.orientation import to_lps
from radoncai.models.engine.sampling import slices_back
from radoncai.models.options import PLAIN, RunOptions
from radoncai.models.runners import TileRunner
from radoncai.models.spec import ModelSpec, OutputSpec


def translate(volume: Volume, spec: ModelSpec, runner: TileRunner, progress: Progress, options: RunOptions = PLAIN,
              images: Mapping[str, Volume] | None = None) -> tuple[Volume, int]:
    """The model's output image and how many passes were averaged. HU int16, else float32; nothing is cropped.

    It lies on the volume's grid, or on the model's (axes along LPS) where `model.json` says so. `images` as in
    `engine.segment`. Raises InputError, ModelError, PlatformError, Cancelled.
    """
    if len(spec.outputs) != 1 or spec.activation == "softmax":
        raise ModelError(f"The model {spec.name} must have one output image without softmax; correct its model.json.")
    progress.step("preparing the image")
    turned, turn = to_lps(volume)
    channels = prepare(turned, spec, images, crop=False)
    parts, passes = outputs(channels, runner, options, progress)
    values = room(channels.shape, np.float32)
    for part, slab in parts:
        values[part] = measured(slab[0], spec.outputs[0])
    progress.step("writing the image on its grid")
    unit = spec.unit or volume.unit
    kind = np.int16 if unit == "HU" else np.float32
    back = spec.grid == "image"
    whole = tuple(slice(0, n) for n in turned.grid.shape)
    out = np.empty(turned.grid.shape if back else values.shape, kind)
    planes = slices_back(values, (0, 0, 0), channels.grid, turned.grid, whole) if back else enumerate(values)
    for k, plane in planes:
        out[k] = np.clip(np.rint(plane), -32768, 32767) if kind is np.int16 else plane
    made = turned.with_array(out, None if back else channels.grid)
    made = volume.with_array(np.ascontiguousarray(turn.undo(out))) if back else made
    return Volume(made.array, made.grid, "CT" if unit == "HU" else volume.modality, unit, volume.source), passes


def measured(values: np.ndarray, rule: OutputSpec) -> np.ndarray:
    """`clip(values * std + mean)` as `model.json` says, float32."""
    out = values * np.float32(rule.std) + np.float32(rule.mean)
    return np.clip(out, *rule.clip) if rule.clip else out
