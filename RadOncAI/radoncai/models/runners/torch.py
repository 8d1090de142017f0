"""State dicts of network classes of this library or of MONAI, read with weights_only, run in float32."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.catalogue import ModelFolder
from radoncai.models.runners import warm
from radoncai.models.weights import checked

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
        except torch.OutOfMemoryError as problem:
            raise PlatformError("Not enough memory on the device; choose --device cpu.") from problem
        except (RuntimeError, MemoryError) as problem:
            if is_out_of_memory(problem):
                raise PlatformError("Not enough memory to run the model; close other programs.") from problem
            reason = str(problem).splitlines()[0]
            raise ModelError(f"The model failed on an input of shape {tuple(batch.shape)}: {reason}") from problem


def open(folder: ModelFolder, device: str) -> TorchRunner:
    """The named network with its state dict (stored float16 or float32), loaded now or before (`warm`).

    Raises ModelError, PlatformError."""
    return warm.opened_file(folder, ENDING, device, load)


def load(folder: ModelFolder, device: str, name: str) -> TorchRunner:
    """The network with one .pt file, its hash checked. Raises ModelError, PlatformError."""
    path = checked(folder.path, name, folder.model.weights)
    needs_torch(folder)
    place = place_for(device)
    network = build(folder)
    fill(network, state_of(path), path, folder)
    return TorchRunner(network.eval().to(place), folder.model.weights[name], place)


def is_out_of_memory(problem: Exception) -> bool:
    """Whether torch failed for lack of memory; on the CPU it says so in a RuntimeError's text alone."""
    return isinstance(problem, MemoryError) or any(
        text in str(problem) for text in ("can't allocate memory", "not enough memory", "bad_alloc"))


def needs_torch(folder: ModelFolder) -> None:
    """Raises ModelError where torch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        raise ModelError(f"The model {folder.name} needs torch here; radoncai install torch brings it.") from None


def state_of(path: Path) -> dict[str, Any]:
    """What a .pt file holds, read without running anything of it. Raises ModelError."""
    import torch
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        raise ModelError(f"{path} is damaged or holds more than weights, such as code, and was not opened; "
                         "ask who made it for a state dict.") from problem
    if not isinstance(state, dict):
        raise ModelError(f"{path} holds no state dict; ask who made it for one.")
    return state


def fill(network: Any, state: dict[str, Any], path: Path, folder: ModelFolder) -> None:
    """Weights of any precision into a network in float32. Raises ModelError where they do not fit."""
    try:
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except Exception as problem:
        raise ModelError(f"{path} does not fit the network of {folder.name}; its weights are of another one or the "
                         "arguments in its settings are wrong.") from problem


def place_for(device: str) -> str:
    """cpu or cuda. Raises PlatformError where cuda was asked for and torch finds none."""
    import torch
    if device == "cuda" and not torch.cuda.is_available():
        raise PlatformError("torch finds no CUDA device here; choose --device cpu.")
    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


def build(folder: ModelFolder) -> object:
    """The network that `model.json` names: "module.Class" within radoncai.models.networks, or a class of
    monai.networks.nets with its full name. Raises ModelError.
    """
    named = str(folder.model.network.get("class", ""))
    if named.startswith("monai."):
        return _of_monai(folder, named)
    module, _, cls = named.rpartition(".")
    try:
        if not (module.isidentifier() and cls.isidentifier()):
            raise ImportError
        network = getattr(importlib.import_module(f"radoncai.models.networks.{module}"), cls)
        return network(**folder.model.network.get("arguments", {}))
    except (ImportError, AttributeError, TypeError) as problem:
        text = f"{folder.path / 'model.json'}: 'network' does not name a class of radoncai.models.networks"
        raise ModelError(f"{text} with fitting arguments.") from problem


def _of_monai(folder: ModelFolder, named: str) -> object:
    try:
        from radoncai.models.runners.monai_bundle.allowed import make
        return make(named, folder.model.network.get("arguments", {}))
    except ImportError:
        raise ModelError(f"The model {folder.name} needs MONAI here; radoncai install monai brings it.") from None
    except ModelError as problem:
        raise ModelError(f"{folder.path / 'model.json'}: {problem}") from problem
