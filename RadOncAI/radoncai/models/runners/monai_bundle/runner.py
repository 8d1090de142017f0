"""One bundle in memory, and its run on a person's images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.engine.back import entropy, unsure_share
from radoncai.models.engine.clean import cleaned
from radoncai.models.engine.memory import MB, available_mb
from radoncai.models.options import RunOptions
from radoncai.models.runners.monai_bundle.chain import (
    BACK,
    IMAGE,
    PRED,
    PREPARING,
    guarded,
    infer,
    inverts,
    is_deciding,
    run_steps,
    steps_of,
)
from radoncai.models.runners.monai_bundle.config import Settings
from radoncai.models.runners.monai_bundle.tensors import chances_of, grid_of, image_tensor, masks_of
from radoncai.models.segmentation import Found, Segmentation
from radoncai.models.spec import ModelSpec


class BundleRunner:
    """A bundle's network with the steps before and after it, built from its settings.

    `labels` maps label or channel numbers to the names that `model.json` gives them; `background`: one of the
    network's channels stands for nothing of these.
    """

    whole = True

    def __init__(self, spec: ModelSpec, settings: Settings, labels: Mapping[int, str], background: bool, weights: str,
                 device: str) -> None:
        self.weights, self.device = weights, device
        self._spec, self._labels, self._background = spec, labels, background
        self._network = settings.get("network_def")
        self._before = steps_of(settings.get("preprocessing"))
        self._keys = _listed(settings.argument("LoadImage", "keys", IMAGE))
        self._channel_first = bool(settings.argument("LoadImage", "ensure_channel_first", not settings.left_out))
        self._inferer = settings.get("inferer")
        self._after = steps_of(settings.get("postprocessing")) if "postprocessing" in settings else []

    def run(self, images: Mapping[str, Volume], names: tuple[str, ...], progress: Progress,
            options: RunOptions) -> Segmentation:
        """Masks of the outputs `names` on the grid of the first image, labelled as the bundle's own program labels.

        Raises ModelError, PlatformError, Cancelled.
        """
        name = self._spec.name
        volumes = self._in_order(images)
        planning = volumes[0]
        self._check_memory(planning.grid, options.override)
        data = run_steps(self._tensors(volumes), self._before, name, progress, PREPARING)
        if IMAGE not in data:
            raise ModelError(f"The bundle {name} prepares {', '.join(map(str, data))} and no 'image' for its network.")
        data[PRED] = infer(data[IMAGE], self._inferer, self._network, self.device, name, progress)
        first = next((n for n, step in enumerate(self._after) if is_deciding(step)), len(self._after))
        data = run_steps(data, self._after[:first], name, progress, BACK)
        if not inverts(self._after):
            data[PRED] = self._to_image(data[PRED], planning)
        chances = chances_of(data[PRED], planning.grid, self._labels)
        data = run_steps(data, self._after[first:], name, progress, BACK)
        self._check(data[PRED], planning.grid)
        return self._segmentation(data[PRED], chances, names, progress, options.uncertainty)

    def _in_order(self, images: Mapping[str, Volume]) -> list[Volume]:
        """The images in the order of `model.json`, the planning image first."""
        wanted = [image.name for image in self._spec.images]
        rest = [n for n in wanted[1:] if n not in images]
        if rest:
            raise ModelError(f"The model {self._spec.name} needs the image {rest[0]} too; give it with --image "
                             f"{rest[0]}=PATH.")
        first = wanted[0] if wanted[0] in images else next(iter(images))
        return [images[first], *(images[n] for n in wanted[1:])]

    def _check_memory(self, grid: Grid, override: bool) -> None:
        """MONAI holds all channels on the image's grid at once: measured, 3 copies of them and 4 of the image.

        Raises PlatformError where that is more than there is.
        """
        copies = 3 * (max(self._labels) + 1) + 4
        needed, free = copies * float(np.prod(grid.shape)) * 4 / MB, available_mb()
        if free is not None and needed > free and not override:
            raise PlatformError(f"The bundle {self._spec.name} needs about {needed / 1024:.1f} GB of memory for its "
                                f"{len(self._labels)} labels on this image, of which this machine has "
                                f"{free / 1024:.1f} GB left; crop the image or close other programs.")

    def _tensors(self, volumes: list[Volume]) -> dict[str, Any]:
        if len(self._keys) == len(volumes):
            return {key: image_tensor([v], self._channel_first) for key, v in zip(self._keys, volumes, strict=True)}
        if len(self._keys) == 1:
            return {self._keys[0]: image_tensor(volumes, self._channel_first)}
        raise ModelError(f"The bundle {self._spec.name} loads {len(self._keys)} images ({', '.join(self._keys)}); its "
                         f"model.json names {len(volumes)}.")

    def _to_image(self, pred: Any, planning: Volume) -> Any:
        """Probabilities of a bundle that stays on its own grid, interpolated linearly to the image's."""
        from monai.transforms import ResampleToMatch
        match = ResampleToMatch(mode="bilinear", padding_mode="zeros")
        return guarded(lambda: match(pred, image_tensor([planning], True)), self._spec.name, "way back to the image")

    def _check(self, pred: Any, grid: Grid) -> None:
        if pred.ndim != 4 or not grid_of(pred).same_as(grid, 0.1):
            raise ModelError(f"The bundle {self._spec.name} ends on another grid than the image's; its steps after the "
                             "network do not undo those before it.")

    def _segmentation(self, pred: Any, chances: Mapping[str, np.ndarray], names: tuple[str, ...], progress: Progress,
                      uncertainty: bool) -> Segmentation:
        """`chances` are empty for a bundle that gives no probabilities; then there is no uncertainty either."""
        masks = masks_of(pred, self._labels, self._background, self._spec.name)
        found, missing = {}, {}
        chart = np.zeros(next(iter(masks.values())).shape, np.uint8) if uncertainty and chances else None
        for done, name in enumerate(names):
            progress.step(BACK, done / len(names))
            if chart is not None:
                np.maximum(chart, np.rint(255 * entropy(chances[name])).astype(np.uint8), out=chart)
            left = cleaned(masks[name], self._spec, name)
            if left is None:
                missing[name] = "the model found nothing"
                continue
            mask, box = left
            share = unsure_share(chances[name], mask) if chances else None
            bits = round(float(entropy(chances[name][box][mask]).mean()), 4) if chart is not None else None
            found[name] = Found(mask, box, share, bits)
        return Segmentation(found, missing, chart)


def _listed(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]
