"""What a `model.json` would say of a model that comes without one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from radoncai.core.errors import ModelError
from radoncai.models.spec import read_json

Described = tuple[dict[str, Any], dict[str, Any]]

FILES = {".onnx": "onnx", ".ts": "torchscript"}
PLAIN = {"version": "1.0.0", "task": "contour", "modality": ["CT"], "sites": [], "overlap": 0.5, "orientation": "LPS",
         "applicability": {}, "memory_mb": None, "licence": "not stated"}


def describes(path: Path) -> bool:
    """Whether a folder is a model of a kind that is known here."""
    return path.is_dir() and ((path / "model.json").is_file() or _foreign(path) is not None)


def described(path: Path, facts: dict[str, Any]) -> Described:
    """The content of `model.json` and of `card.json` ({} where the model brings its own), weights without hash as "".

    `facts` are what a person says: they come before what the source says. Raises ModelError that names what is unknown.
    """
    if path.is_file():
        return _plain(path, facts)
    if (path / "model.json").is_file():
        return {**read_json(path / "model.json"), **facts}, {}
    content = dict(import_module(f"radoncai.models.runners.{_foreign(path)}").describe(path))
    card = content.pop("card", {})
    content = {"licence": "not stated", "title": content.get("name"), **content, **facts}
    return content, {"title": content["title"], "licence": content["licence"], **card}


def _foreign(path: Path) -> str | None:
    """The runner whose own format the folder has."""
    from radoncai.models.runners.nnunet_folder import is_folder
    if (path / "configs" / "metadata.json").is_file():
        return "monai_bundle"
    return "nnunet" if is_folder(path) else None


def _plain(path: Path, facts: dict[str, Any]) -> Described:
    """A network in a file of its own: what it gives and at what spacing a person must say."""
    runner = FILES.get(path.suffix.lower())
    if runner is None:
        raise ModelError(f"{path.name} alone does not say what network it holds; put it into a folder with a "
                         "model.json (docs/models.md) that names runner, network and its arguments.")
    lacking = [text for key, text in (("outputs", "--structures A,B (its outputs in order)"),
                                      ("spacing_mm", "--spacing-mm 3,1,1 (slice, row, column)")) if not facts.get(key)]
    if lacking:
        raise ModelError(f"{path.name} does not say everything that a model.json must: add {' and '.join(lacking)}, "
                         "or put it into a folder with a model.json (docs/models.md).")
    name = path.stem
    content = {"name": name, "title": name, "runner": runner, **PLAIN, "activation": "softmax", "patch": None,
               "inputs": [{"name": "image"}], "network": {}, "weights": {path.name: ""}, **facts}
    if runner == "onnx":
        from radoncai.models.runners.onnx import channels
        taken, outputs = channels(path)
        content["activation"] = facts.get("activation") or _activation(path, outputs, len(content["outputs"]))
        if taken not in (None, len(content["inputs"])):
            raise ModelError(f"{path.name} takes {taken} channels; name each in a model.json (docs/models.md).")
    return content, {"title": content["title"], "licence": content["licence"]}


def _activation(path: Path, outputs: int | None, named: int) -> str:
    """softmax where the network has a background channel more than there are names, else sigmoid."""
    if outputs is None or outputs == named + 1:
        return "softmax"
    if outputs == named:
        return "sigmoid"
    raise ModelError(f"{path.name} gives {outputs} channels and {named} structures were named; name all, in order, "
                     "without the background.")


def facts_from(options: dict[str, Any]) -> dict[str, Any]:
    """Keys of `model.json` from words of a person: name, version, title, licence, modality (CT,MR), structures (A,B),
    spacing_mm and patch (three numbers), clip (two). Raises ModelError that names the word.
    """
    facts: dict[str, Any] = {}
    for key, convert in _WORDS.items():
        if options.get(key):
            try:
                facts.update(convert(str(options[key])))
            except ValueError:
                raise ModelError(f"'{options[key]}' is not what {key} takes; write it as in docs/models.md.") from None
    return facts


def _numbers(text: str, count: int, kind: type) -> list[Any]:
    numbers = [kind(part) for part in text.split(",")]
    if len(numbers) != count:
        raise ValueError
    return numbers


def _clip(text: str) -> dict[str, Any]:
    low, high = _numbers(text, 2, float)
    if low >= high:
        raise ValueError
    scale = {"clip": [low, high], "mean": (low + high) / 2, "std": (high - low) / 2}
    return {"inputs": [{"name": "image", "normalisation": scale}]}


def _plain_text(key: str) -> Callable[[str], dict[str, Any]]:
    return lambda text: {key: text}


_WORDS: dict[str, Callable[[str], dict[str, Any]]] = {
    **{key: _plain_text(key) for key in ("name", "version", "title", "licence", "activation")},
    "modality": lambda text: {"modality": [part.strip().upper() for part in text.split(",")]},
    "structures": lambda text: {"outputs": [{"name": part.strip()} for part in text.split(",")]},
    "spacing_mm": lambda text: {"spacing_mm": _numbers(text, 3, float)},
    "patch": lambda text: {"patch": _numbers(text, 3, int)},
    "clip": _clip,
}
