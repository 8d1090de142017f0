"""TorchScript files: networks with their code inside, so that a person must have agreed before one is loaded."""

from __future__ import annotations

from radoncai.core.errors import ModelError, PlatformError
from radoncai.models.catalogue import ModelFolder
from radoncai.models.runners import warm
from radoncai.models.runners.torch import TorchRunner
from radoncai.models.weights import checked, file_ending

ENDING = ".ts"


def open(folder: ModelFolder, device: str) -> TorchRunner:
    """The network, loaded now or before (`warm`); `runners.open` has asked for the agreement.

    Raises ModelError where the file is missing, changed or no TorchScript; PlatformError without the device.
    """
    name = file_ending(folder.model.weights, ENDING)
    if name is None:
        raise ModelError(f"The model {folder.name} names no {ENDING} file in its model.json; install it again.")
    digest = folder.model.weights[name]
    return warm.opened(folder.path / name, digest, device, lambda: load(folder, device, name))


def load(folder: ModelFolder, device: str, name: str) -> TorchRunner:
    """The network of one file, its hash checked. Raises ModelError, PlatformError."""
    path = checked(folder.path, name, folder.model.weights)
    try:
        import torch
    except ImportError:
        raise ModelError(f"The model {folder.name} needs torch here; radoncai install torch brings it.") from None
    if device == "cuda" and not torch.cuda.is_available():
        raise PlatformError("torch finds no CUDA device here; choose --device cpu.")
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    try:
        network = torch.jit.load(str(path), map_location=place)
    except Exception as problem:
        raise ModelError(f"{path} is no TorchScript file that this torch {torch.__version__} reads; "
                         "ask who made it for another.") from problem
    return TorchRunner(network.eval(), folder.model.weights[name], place)
