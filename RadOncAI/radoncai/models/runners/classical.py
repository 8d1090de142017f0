"""Models without weights: functions that a job registers under a model's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from radoncai.core.errors import ModelError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.catalogue import ModelFolder
from radoncai.models.engine.clean import cleaned
from radoncai.models.options import PLAIN, RunOptions
from radoncai.models.segmentation import Found, Segmentation
from radoncai.models.spec import ModelSpec

Function = Callable[[Volume, Progress], dict[str, np.ndarray | str]]

_functions: dict[str, Function] = {}


def register(name: str) -> Callable[[Function], Function]:
    """Decorator: the function computes the classical model of this name.

    It gets a Volume and Progress and gives output name -> boolean mask on the volume's grid, or the reason (text)
    why there is none.
    """
    def keep(function: Function) -> Function:
        _functions[name] = function
        return function
    return keep


class ClassicalRunner:
    """A registered function."""

    whole = True
    weights = ""
    device = "cpu"

    def __init__(self, function: Function, spec: ModelSpec) -> None:
        self._function = function
        self._spec = spec

    def run(self, images: Mapping[str, Volume], names: tuple[str, ...], progress: Progress,
            options: RunOptions = PLAIN) -> Segmentation:
        """The planning image's structures; `options` change nothing, there is nothing to average."""
        parts = self._function(images[self._spec.images[0].name], progress)
        found, missing = {}, {}
        for name in names:
            part = parts.get(name, "the model gave no answer for it")
            if isinstance(part, str):
                missing[name] = part
            elif left := cleaned(part, self._spec, name):
                found[name] = Found(*left)
            else:
                missing[name] = "the model found nothing"
        return Segmentation(found, missing)


def open(folder: ModelFolder, device: str) -> ClassicalRunner:
    """Raises ModelError where no job has registered a function under the model's name."""
    if folder.name not in _functions:
        raise ModelError(f"The classical model {folder.name} has no code in this version; update RadOncAI.")
    return ClassicalRunner(_functions[folder.name], folder.model)
