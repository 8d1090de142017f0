"""The image job: one image (or several of one patient), one model, one image back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from radoncai.core.errors import InputError, ModelError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models import runners
from radoncai.models.applicability import check, check_images
from radoncai.models.catalogue import ModelFolder, find
from radoncai.models.engine.images import translate
from radoncai.models.engine.memory import check_memory
from radoncai.models.options import RunOptions, other_task


@dataclass(frozen=True, eq=False)
class ImageResult:
    """The image that was made, by what, and what was said; `seconds` wall time a step."""

    image: Volume
    model: ModelFolder
    device: str
    weights: str
    warnings: tuple[str, ...]
    seconds: dict[str, float]
    passes: int
    mirrored: bool = False


def make_image(volume: Volume, model: str | ModelFolder, *, device: str = "auto", progress: Progress | None = None,
               flips: bool = False, override: bool = False, folds: tuple[int, ...] | None = None,
               images: Mapping[str, Volume] | None = None) -> ImageResult:
    """Run a model of the task `image`; options as those of `contour`.

    Raises InputError, ModelError, PlatformError, Cancelled.
    """
    progress = progress or Progress()
    folder = find(model) if isinstance(model, str) else model
    if folder.model.task != "image":
        raise InputError(other_task(folder.model, "images"))
    progress.step("checking the image")
    check_images(folder.model, images or {})
    options, said = RunOptions(device, flips, False, override, folds).allowed_by(folder.model)
    warnings = (*volume.source.warnings, *said, *check(volume, folder.model, override),
                *check_memory(folder.model, override))
    progress.step("loading the model")
    runner = runners.open(folder, device)
    if runners.takes_images(runner):
        raise ModelError(f"The model {folder.name} is of the format {folder.model.runner}, which gives contours only "
                         "here; convert its network to ONNX or TorchScript.")
    image, passes = translate(volume, folder.model, runner, progress, options, images)
    progress.finish()
    return ImageResult(image, folder, runner.device, runner.weights, warnings, dict(progress.seconds), passes,
                       options.mirrors(folder.model))
