"""Which classes a model's files may name: MONAI's networks, transforms and inferers, and torch's layers."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

from radoncai.core.errors import ModelError

# where a class may be found, and the class it must descend from
NETWORKS = (("monai.networks.nets", "torch.nn", "Module"),)
LAYERS = (("monai.networks.blocks", "torch.nn", "Module"), ("torch.nn", "torch.nn", "Module"))
STEPS = (("monai.transforms", "monai.transforms", "Transform"), ("monai.inferers", "monai.inferers", "Inferer"))
# arguments that make MONAI fetch or unpickle weights of its own choice
FETCHES = ("pretrained", "pretrained_url", "weights", "path_or_repo_id")
# they exist to run code or another package's code, or import what a text argument names
CODE = ("Lambda", "TorchIO", "TorchVision", "CuCIM", "PatchInferer")
FILES = ("LoadImage", "SaveImage", "WriteFileMapping")


def last(target: object) -> str:
    """The class's own name of "monai.transforms.LoadImaged"."""
    return str(target).rpartition(".")[2]


def is_file_step(target: object) -> bool:
    """Whether a step of a bundle reads or writes files: that is this program's part."""
    return last(target).startswith(FILES)


def allowed_class(target: object, places: tuple[tuple[str, str, str], ...] = NETWORKS + STEPS + LAYERS) -> type:
    """The class that `target` names, with or without its module. Raises ModelError where it is not allowed."""
    module, _, name = str(target).rpartition(".")
    if isinstance(target, str) and name.isidentifier() and not any(word in name for word in CODE + FILES):
        for place, parent_module, parent in places:
            if module not in ("", place) and not module.startswith(place + "."):
                continue
            found = getattr(import_module(place), name, None)
            if inspect.isclass(found) and issubclass(found, getattr(import_module(parent_module), parent)):
                return found
    raise ModelError(f"{target!r} is not run from a model's files; only MONAI's own networks, transforms and inferers "
                     "and torch's layers are.")


def make(target: object, arguments: dict[str, Any], places: tuple[tuple[str, str, str], ...] = NETWORKS) -> Any:
    """An object of an allowed class. Raises ModelError, in one sentence, where class or arguments do not do."""
    cls = allowed_class(target, places)
    parameters = inspect.signature(cls).parameters
    for name in FETCHES:
        default = parameters[name].default if name in parameters else None
        if arguments.get(name, default) not in (None, False, ""):
            raise ModelError(f"{target} with {name}={arguments.get(name, default)!r} would fetch other weights; set "
                             f"{name} to false.")
    try:
        return cls(**arguments)
    except Exception as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise ModelError(f"{target} does not take these arguments ({reason}).") from problem
