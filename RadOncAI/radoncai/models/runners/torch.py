"""State dicts of the network classes in `radoncai.models.networks`, read with weights_only, run in float32."""

from __future__ import annotations

import importlib

import numpy as np

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.catalogue import ModelFolder
from radoncai.models.runners import warm
from radoncai.models.weights import checked, file_ending

ENDING = ".pt"


class TorchRunner:
    """A network in memory on its device."""

    def __init__(self, network: object, weights: str, device: str) -> None:
        self._network = network
        self.weights = weights
        self.device = device

    def run(self, inputs: np.ndarray, progress: Progress) -> np.ndarray:
        """(channels, ...) float32 to (outputs, ...) float32."""
        import torch
        batch = torch.from_numpy(np.ascontiguousarray(inputs, np.float32)[None]).to(self.device)
        try:
            with torch.inference_mode():
                return self._network(batch)[0].float().cpu().numpy()
        except (torch.OutOfMemoryError, MemoryError) as problem:
            raise PlatformError("Not enough memory on the device; choose --device cpu.") from problem
        except RuntimeError as problem:
            reason = str(problem).splitlines()[0]
            raise ModelError(f"The model failed on an input of shape {tuple(batch.shape)}: {reason}") from problem


def open(folder: ModelFolder, device: str) -> TorchRunner:
    """The named network with its state dict (stored float16 or float32), loaded now or before (`warm`).

    Raises ModelError, PlatformError."""
    name = file_ending(folder.model.weights, ENDING)
    if name is None:
        raise ModelError(f"The model {folder.name} names no .pt file in its model.json; install it again.")
    digest = folder.model.weights[name]
    return warm.opened(folder.path / name, digest, device, lambda: load(folder, device, name))


def load(folder: ModelFolder, device: str, name: str) -> TorchRunner:
    """The network with one .pt file, its hash checked. Raises ModelError, PlatformError."""
    path = checked(folder.path, name, folder.model.weights)
    try:
        import torch
    except ImportError:
        raise ModelError(f"The model {folder.name} needs torch here; radoncai install torch brings it.") from None
    if device == "cuda" and not torch.cuda.is_available():
        raise PlatformError("torch finds no CUDA device here; choose --device cpu.")
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    network = build(folder)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except Exception as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise ModelError(f"{path} does not fit the network of {folder.name} ({reason}); install it again.") from problem
    return TorchRunner(network.eval().to(place), folder.model.weights[name], place)


def build(folder: ModelFolder) -> object:
    """The network that `model.json` names as "module.Class" within radoncai.models.networks. Raises ModelError."""
    module, _, cls = str(folder.model.network.get("class", "")).rpartition(".")
    try:
        if not (module.isidentifier() and cls.isidentifier()):
            raise ImportError
        network = getattr(importlib.import_module(f"radoncai.models.networks.{module}"), cls)
        return network(**folder.model.network.get("arguments", {}))
    except (ImportError, AttributeError, TypeError) as problem:
        text = f"{folder.path / 'model.json'}: 'network' does not name a class of radoncai.models.networks"
        raise ModelError(f"{text} with fitting arguments.") from problem
