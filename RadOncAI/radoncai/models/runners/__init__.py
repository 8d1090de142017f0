"""One runner a framework. A runner turns arrays into arrays on its own grid; the engine does the rest."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Protocol

import numpy as np

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.catalogue import ModelFolder
from radoncai.models.weights import file_ending

DEVICES = ("auto", "cpu", "cuda")


class Runner(Protocol):
    """A loaded model.

    Networks: `run` takes float32 (channels, [k,] j, i), normalised and on the model's grid, and gives float32
    (outputs, [k,] j, i) before activation. Classical runners take a Volume and give name -> mask or reason.
    `weights` is the sha256 of the file in use ("" for classical), `device` cpu or cuda.
    """

    weights: str
    device: str

    def run(self, inputs: np.ndarray, progress: Progress) -> np.ndarray: ...


def open(folder: ModelFolder, device: str = "auto") -> Runner:
    """Load a model: hashes checked, then onnxruntime, torch or classical code, as `model.json` and the device say.

    An onnx model that brings torch weights runs in torch on a GPU. Raises ModelError, PlatformError.
    """
    if device not in DEVICES:
        raise PlatformError(f"The device {device} is unknown; choose one of {', '.join(DEVICES)}.")
    kind = folder.model.runner
    if kind == "classical":
        from radoncai.models.runners import classical as runner
    elif kind == "torch" or (kind == "onnx" and _prefers_torch(folder, device)):
        from radoncai.models.runners import torch as runner
    elif kind == "onnx":
        from radoncai.models.runners import onnx as runner
    else:
        raise ModelError(f"The model {folder.name} needs the runner {kind}, which this version does not have.")
    return runner.open(folder, device)


def has_gpu() -> bool:
    """True where an NVIDIA driver is present; cheap, imports nothing."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _prefers_torch(folder: ModelFolder, device: str) -> bool:
    if device == "cpu" or not folder.model.network or file_ending(folder.model.weights, ".pt") is None:
        return False
    return device == "cuda" or (has_gpu() and importlib.util.find_spec("torch") is not None)
