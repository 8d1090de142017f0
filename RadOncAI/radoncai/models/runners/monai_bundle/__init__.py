"""MONAI bundles, read as data: the bundle's network, steps and inferer, and none of its code.

A bundle keeps its own files; `model.json` beside its `configs` and `models` names their hashes and the outputs by
TG-263, in the order of the labels in the bundle's metadata. What the settings of a run refer to is built from MONAI's
own classes; other entries (imports, handlers, the evaluator) are never looked at.
"""

from __future__ import annotations

import warnings
from typing import Any

from radoncai.core.errors import ModelError
from radoncai.models.catalogue import ModelFolder
from radoncai.models.runners import warm
from radoncai.models.runners.monai_bundle.layout import METADATA, Files, describe, files, labels
from radoncai.models.runners.torch import fill, place_for, state_of
from radoncai.models.weights import checked

__all__ = ["describe", "open"]

# names that MONAI's checkpoints use for the network's state dict, where it is not alone in its file
_STATES = ("model", "state_dict", "network", "net")
_OWN_CODE = ("prepare_batch", "iteration_update")


def open(folder: ModelFolder, device: str) -> Any:
    """The bundle with its weights, loaded now or before (`warm`).

    Raises ModelError for what is missing, changed or not allowed, PlatformError without the device.
    """
    found = files(folder.path / folder.model.folder)
    digests = [folder.model.weights.get(_named(folder, name), "") for name in found.all]
    return warm.opened(found.root / found.weights, " ".join(digests), device, lambda: _load(folder, found, device))


def _load(folder: ModelFolder, found: Files, device: str) -> Any:
    for name in found.all:
        checked(folder.path, _named(folder, name), folder.model.weights)
    try:
        import monai  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        raise ModelError(f"The model {folder.name} needs MONAI here; radoncai install monai brings it.") from None
    place = place_for(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MONAI's next version will change is for the bundle's maker
        return _built(folder, found, place)


def _built(folder: ModelFolder, found: Files, place: str) -> Any:
    import torch

    from radoncai.models.runners.monai_bundle.config import Settings, read_settings
    from radoncai.models.runners.monai_bundle.runner import BundleRunner
    metadata = read_settings(found.root / METADATA)
    content = {**read_settings(found.root / found.settings), "_meta_": metadata}
    _refuse_own_code(folder, content)
    settings = Settings(folder.name, content, {"device": torch.device(place), "bundle_root": str(found.root)})
    network = settings.get("network_def")
    if not isinstance(network, torch.nn.Module):
        raise ModelError(f"The bundle {folder.name} defines no network in its entry network_def.")
    path = found.root / found.weights
    state = state_of(path)
    fill(network, next((state[key] for key in _STATES if isinstance(state.get(key), dict)), state), path, folder)
    network.eval().to(place)
    named, outputs = labels(metadata, found.root), folder.model.names
    if len(named) != len(outputs):
        raise ModelError(f"The model.json of {folder.name} names {len(outputs)} outputs, the bundle's metadata "
                         f"{len(named)}; correct its outputs.")
    own = dict(zip(named, outputs, strict=True))
    return BundleRunner(folder.model, settings, own, 0 not in own, folder.model.weights[_named(folder, found.weights)],
                        place)


def _refuse_own_code(folder: ModelFolder, content: dict[str, Any]) -> None:
    """An evaluator with its own way to feed the network would give other labels than the steps we run."""
    evaluator = content.get("evaluator")
    own = [key for key in _OWN_CODE if isinstance(evaluator, dict) and evaluator.get(key) is not None]
    if own:
        raise ModelError(f"The bundle {folder.name} cannot be used: its evaluator has a {own[0]} of its own, which is "
                         "code that is not run from a model.")


def _named(folder: ModelFolder, name: str) -> str:
    """A file of the bundle as the weights of `model.json` name it."""
    return f"{folder.model.folder}/{name}" if folder.model.folder else name
