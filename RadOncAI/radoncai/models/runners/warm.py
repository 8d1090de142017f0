"""Loaded models kept between jobs, where a process that lives on asks for it. Off by default."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from radoncai.core.errors import ModelError
from radoncai.models.catalogue import ModelFolder
from radoncai.models.weights import file_ending

Loaded = TypeVar("Loaded")

_most = 0
_kept: OrderedDict[tuple, object] = OrderedDict()


def keep(most: int) -> None:
    """From now on keep the `most` models used last; 0 drops all and keeps none."""
    global _most
    _most = most
    _shrink()


def opened(path: Path, digest: str, device: str, load: Callable[[], Loaded]) -> Loaded:
    """A model that is loaded already, else what `load` gives, which checks the hash.

    A weights file whose size, time or expected hash differ is another one, so that no changed file is taken for it.
    """
    if not _most or not path.is_file():
        return load()
    state = path.stat()
    key = (str(path), digest, device, state.st_size, state.st_mtime_ns)
    if key not in _kept:
        _kept[key] = load()
    _kept.move_to_end(key)
    _shrink()
    return _kept[key]


def opened_file(folder: ModelFolder, ending: str, device: str, load: Callable[[ModelFolder, str, str], Loaded],
                name: str | None = None) -> Loaded:
    """What `load(folder, device, name)` gives for the model's file of this ending, or for the named one of several.

    Raises ModelError where `model.json` names none.
    """
    name = name or file_ending(folder.model.weights, ending)
    if name is None:
        raise ModelError(f"The model {folder.name} names no {ending} file in its model.json; install it again.")
    return opened(folder.path / name, folder.model.weights.get(name, ""), device, lambda: load(folder, device, name))


def _shrink() -> None:
    while len(_kept) > _most:
        _kept.popitem(last=False)
