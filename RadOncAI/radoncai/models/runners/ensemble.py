"""Several networks of one folder that are run one after the other: the members of an ensemble."""

from __future__ import annotations

import hashlib
from types import ModuleType

import numpy as np

from radoncai.core.errors import ModelError
from radoncai.core.progress import Progress
from radoncai.models.catalogue import ModelFolder
from radoncai.models.runners import warm


class Ensemble:
    """`members` networks with the same inputs and outputs; `weights` is the sha256 of their hashes in order."""

    def __init__(self, networks: list, weights: str) -> None:
        self._networks = networks
        self.members = len(networks)
        self.weights = weights
        self.device = networks[0].device

    def run_member(self, n: int, inputs: np.ndarray, progress: Progress) -> np.ndarray:
        """Outputs of member `n`, counted from 0, before activation."""
        return self._networks[n].run(inputs, progress)


def open(folder: ModelFolder, device: str, runner: ModuleType) -> Ensemble:
    """The members that `model.json` names, each opened by `runner` (onnx, torch). Raises ModelError."""
    names = [member + runner.ENDING for member in folder.model.members]
    for name in names:
        if name not in folder.model.weights:
            raise ModelError(f"The model {folder.name} names no weights for its member {name}; install it again.")
    digest = hashlib.sha256("".join(folder.model.weights[name] for name in names).encode()).hexdigest()
    return warm.opened(folder.path / names[0], digest, device,
                       lambda: Ensemble([runner.load(folder, device, name) for name in names], digest))
