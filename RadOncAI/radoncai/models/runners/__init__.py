"""One runner a format of model. Two kinds: of tiles, where the engine does the rest, and of whole images."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from radoncai.core.errors import PlatformError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.agreements import require
from radoncai.models.catalogue import ModelFolder
from radoncai.models.options import RunOptions
from radoncai.models.segmentation import Segmentation
from radoncai.models.weights import file_ending

DEVICES = ("auto", "cpu", "cuda")


class TileRunner(Protocol):
    """A loaded network: onnx, torch, torchscript. The engine resamples, crops, tiles and activates.

    `run` takes float32 (channels, [k,] j, i), normalised and on the model's grid, and gives float32
    (outputs, [k,] j, i) before activation. `weights` is the sha256 of the file in use, `device` cpu or cuda.
    An ensemble also has `members`, their number, and `run_member(n, inputs, progress)`.
    """

    weights: str
    device: str

    def run(self, inputs: np.ndarray, progress: Progress) -> np.ndarray: ...


class ImageRunner(Protocol):
    """A model that does its own pre- and post-processing: classical, monai_bundle, nnunet, totalsegmentator.

    `images` maps the names of `model.json`'s images to volumes in one patient space; the first is the planning image,
    on whose grid masks and entropy come back. `names` are the outputs that are wanted. `weights` is "" for classical.
    """

    whole: bool
    weights: str
    device: str

    def run(self, images: Mapping[str, Volume], names: tuple[str, ...], progress: Progress,
            options: RunOptions) -> Segmentation: ...


Runner = TileRunner | ImageRunner


def takes_images(runner: Runner) -> bool:
    """Whether it is an ImageRunner."""
    return bool(getattr(runner, "whole", False))


def open(folder: ModelFolder, device: str = "auto") -> Runner:
    """Load a model: hashes checked, by the file of this folder that bears the name of `model.json`'s runner.

    An onnx model that brings torch weights runs in torch on a GPU. Raises ModelError (also where nobody has agreed to
    code that the model brings), PlatformError.
    """
    if device not in DEVICES:
        raise PlatformError(f"The device {device} is unknown; choose one of {', '.join(DEVICES)}.")
    require(folder)
    kind = "torch" if folder.model.runner == "onnx" and _prefers_torch(folder, device) else folder.model.runner
    runner = importlib.import_module(f"radoncai.models.runners.{kind}")
    if folder.model.members:
        from radoncai.models.runners import ensemble
        return ensemble.open(folder, device, runner)
    return runner.open(folder, device)


def has_gpu() -> bool:
    """True where an NVIDIA driver is present; cheap, imports nothing."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _prefers_torch(folder: ModelFolder, device: str) -> bool:
    if device == "cpu" or not folder.model.network or file_ending(folder.model.weights, ".pt") is None:
        return False
    return device == "cuda" or (has_gpu() and importlib.util.find_spec("torch") is not None)
