"""Models without weights: functions that a job registers under a model's name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from radoncai.core.errors import ModelError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.catalogue import ModelFolder

Result = dict[str, np.ndarray | str]
Function = Callable[[Volume, Progress], Result]

_functions: dict[str, Function] = {}


def register(name: str) -> Callable[[Function], Function]:
    """Decorator: the function computes the classical model of this name.

    It gets a Volume and Progress and gives output name -> boolean mask on the volume's grid, or the reason (text)
    why there is none. A model of another task may give what its job agrees on.
    """
    def keep(function: Function) -> Function:
        _functions[name] = function
        return function
    return keep


class ClassicalRunner:
    """A registered function."""

    weights = ""
    device = "cpu"

    def __init__(self, function: Function) -> None:
        self._function = function

    def run(self, inputs: Volume, progress: Progress) -> Result:
        return self._function(inputs, progress)


def open(folder: ModelFolder, device: str) -> ClassicalRunner:
    """Raises ModelError where no job has registered a function under the model's name."""
    if folder.name not in _functions:
        raise ModelError(f"The classical model {folder.name} has no code in this version; update RadOncAI.")
    return ClassicalRunner(_functions[folder.name])
