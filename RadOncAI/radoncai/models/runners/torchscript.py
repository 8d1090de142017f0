"""TorchScript files: networks with their code inside, so that a person must have agreed before one is loaded."""

from __future__ import annotations

import warnings

from radoncai.core.errors import ModelError
from radoncai.models.catalogue import ModelFolder
from radoncai.models.runners import warm
from radoncai.models.runners.torch import TorchRunner, needs_torch, place_for
from radoncai.models.weights import checked

ENDING = ".ts"


def open(folder: ModelFolder, device: str) -> TorchRunner:
    """The network, loaded now or before (`warm`); `runners.open` has asked for the agreement.

    Raises ModelError where the file is missing, changed or no TorchScript; PlatformError without the device.
    """
    return warm.opened_file(folder, ENDING, device, load)


def load(folder: ModelFolder, device: str, name: str) -> TorchRunner:
    """The network of one file, its hash checked. Raises ModelError, PlatformError."""
    path = checked(folder.path, name, folder.model.weights)
    needs_torch(folder)
    import torch
    place = place_for(device)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch wants another format; people have this one
            network = torch.jit.load(str(path), map_location=place)
    except Exception as problem:
        raise ModelError(f"{path} is no TorchScript file that this torch {torch.__version__} reads; "
                         "ask who made it for another.") from problem
    return TorchRunner(network.eval(), folder.model.weights[name], place)
