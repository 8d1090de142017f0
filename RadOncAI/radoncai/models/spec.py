"""What a `model.json` says, parsed and typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from radoncai.core.errors import ModelError

TASKS = ("contour", "dose", "level", "tissue", "image")
TILED = ("onnx", "torch", "torchscript")
RUNNERS = (*TILED, "monai_bundle", "nnunet", "totalsegmentator", "classical")
MOST_BYTES = 8 << 20
OWN = ("_", "x_")  # keys for notes of a person's own
ACTIVATIONS = ("sigmoid", "softmax", "none")
CHOICES = {"task": TASKS, "runner": RUNNERS, "activation": ACTIVATIONS, "orientation": ("LPS",),
           "grid": ("image", "model")}


@dataclass(frozen=True)
class InputSpec:
    """One input channel: `(clip(x, *clip) - mean) / std`; voxels outside the image get `outside`, before that.

    `image` names the image that the channel is read from, "" for the planning image; several channels may share one.
    """

    name: str
    clip: tuple[float, float] | None = None
    mean: float = 0.0
    std: float = 1.0
    outside: float = -1000.0
    image: str = ""
    modality: str = ""


@dataclass(frozen=True)
class ImageSpec:
    """An image that the model needs; `modality` "" takes any."""

    name: str
    modality: str = ""
    title: str = ""


@dataclass(frozen=True)
class OutputSpec:
    """One output channel or structure; `name` is the TG-263 name where there is one.

    The values of an output image are `clip(x * std + mean, *clip)`.
    """

    name: str
    role: str = "oar"
    clip: tuple[float, float] | None = None
    mean: float = 0.0
    std: float = 1.0


@dataclass(frozen=True)
class ModelSpec:
    """The content of `model.json`. Triples are in array order (k, j, i), lengths in mm.

    `activation`: sigmoid = one independent probability an output, softmax = background first, then the outputs,
    none = the numbers as they are. `spacing_mm` None means the image's own grid, `patch` None the whole image.
    `further_spacings_mm`: a contouring network of a runner in TILED also runs on these grids, and the mean counts.
    `images` has at least one, the first is the planning image. `flips`: the model may be run mirrored left to right,
    `flips_always`: and is, asked or not.
    `members`: weights files of an ensemble, without their endings. `unit` of an output image, "" as the input's;
    it lies on the planning image's `grid` ("image") or on the model's, at `spacing_mm` ("model").
    `folder`: where a foreign format lies below the model's folder. `unknown`: keys that nothing reads.
    """

    name: str
    version: str
    task: str
    runner: str
    title: str = ""
    modality: tuple[str, ...] = ("CT",)
    sites: tuple[str, ...] = ()
    images: tuple[ImageSpec, ...] = (ImageSpec("image"),)
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    spacing_mm: tuple[float, float, float] | None = None
    further_spacings_mm: tuple[tuple[float, float, float], ...] = ()
    patch: tuple[int, ...] | None = None
    overlap: float = 0.5
    orientation: str = "LPS"
    activation: str = "sigmoid"
    weights: dict[str, str] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    applicability: dict[str, Any] = field(default_factory=dict)
    postprocess: dict[str, tuple[str, ...]] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    flips: bool = False
    flips_always: bool = False
    unit: str = ""
    grid: str = "image"
    folder: str = ""
    memory_mb: int | None = None
    licence: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs, in the order of the channels."""
        return tuple(o.name for o in self.outputs)

    @property
    def spreads(self) -> bool:
        """Whether it gives probabilities, from which an uncertainty is made."""
        return self.runner not in ("classical", "totalsegmentator")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises ModelError that names the file."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"{path} is bigger than {MOST_BYTES >> 20} MB, which no description of a model is; "
                             "get the model again.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; add it or get the model again.") from None
    except RecursionError:
        raise ModelError(f"{path} is nested too deeply to be a model's description; get the model again.") from None
    except (OSError, ValueError) as problem:
        raise ModelError(f"{path} cannot be read as JSON ({problem}); correct it or get the model again.") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} must hold one JSON object; correct it or get the model again.")
    return content


def read_spec(path: Path) -> ModelSpec:
    """Parse a `model.json`. Raises ModelError that names the file and the key."""
    return parsed(read_json(path), path)


def parsed(content: dict[str, Any], path: Path) -> ModelSpec:
    """The content of a `model.json`; `path` is what errors name. Raises ModelError with the key and the value."""
    values: dict[str, Any] = {"unknown": tuple(k for k in content if k not in _CONVERT and not k.startswith(OWN))}
    for key, convert in _CONVERT.items():
        if key in content and content[key] is not None:
            try:
                values[key] = convert(content[key])
            except (TypeError, ValueError, KeyError, AttributeError):
                raise ModelError(f"{path}: the value of '{key}' is {_shown(content[key])}; {_takes(key)}.") from None
    missing = [key for key in ("name", "version", "task", "runner") if not values.get(key)]
    if missing:
        raise ModelError(f"{path}: the key '{missing[0]}' is missing.")
    values["images"] = _images(values.get("images", ()), values.get("inputs", ()), values.get("modality", ("CT",)))
    named = {i.name for i in values["images"]}
    if unknown := [i.image for i in values.get("inputs", ()) if i.image and i.image not in named]:
        raise ModelError(f"{path}: an input is read from the image '{unknown[0]}', which 'images' does not name.")
    spec = ModelSpec(**values)
    if spec.further_spacings_mm and (spec.task != "contour" or spec.runner not in TILED or not spec.spacing_mm):
        raise ModelError(f"{path}: 'further_spacings_mm' is for networks of the task contour and the runners "
                         f"{', '.join(TILED)} that have a 'spacing_mm'; take it out.")
    return spec


def unknown_words(keys: Iterable[str]) -> list[str]:
    """A clause for each key that nothing reads, with the one that may have been meant."""
    close = {key: get_close_matches(key, _CONVERT, n=1, cutoff=0.7) for key in keys}
    return [f"model.json holds the key '{key}', which nothing reads; "
            + (f"write '{found[0]}' if that is meant" if found else "notes of your own begin with _ or x_")
            for key, found in close.items()]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _takes(key: str) -> str:
    """What a key takes, for people."""
    if key in CHOICES:
        return f"choose {', '.join(CHOICES[key])}"
    return f"it takes {_TAKES.get(_CONVERT[key], 'what docs/models.md says')}"


def _images(declared: tuple[ImageSpec, ...], inputs: tuple[InputSpec, ...],
            modality: tuple[str, ...]) -> tuple[ImageSpec, ...]:
    """The images as declared; else the planning image and those that the inputs name."""
    if declared:
        return declared
    further = {i.image: ImageSpec(i.image, i.modality) for i in inputs if i.image}
    return (ImageSpec("image", modality[0] if len(modality) == 1 else ""), *further.values())


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _one_of(allowed: tuple[str, ...]) -> Callable[[object], str]:
    def convert(value: object) -> str:
        if value not in allowed:
            raise ValueError
        return str(value)
    return convert


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError
    return tuple(_text(v) for v in value)


def _lengths(value: object) -> tuple[float, ...]:
    numbers = tuple(float(v) for v in value)
    if len(numbers) != 3 or min(numbers) <= 0:
        raise ValueError
    return numbers


def _grids(value: object) -> tuple[tuple[float, ...], ...]:
    return tuple(_lengths(v) for v in value)


def _sizes(value: object) -> tuple[int, ...]:
    numbers = tuple(int(v) for v in value)
    if len(numbers) not in (2, 3) or min(numbers) <= 0:
        raise ValueError
    return numbers


def _share(value: object) -> float:
    if not 0.0 <= float(value) < 1.0:
        raise ValueError
    return float(value)


def _input(value: dict[str, Any]) -> InputSpec:
    rule = value.get("normalisation") or {}
    clip, mean, std = _rule(rule)
    outside = float(rule.get("outside", clip[0] if clip else -1000.0))
    return InputSpec(_text(value["name"]), clip, mean, std, outside, _text(value.get("image", "")),
                     _text(value.get("modality", "")))


def _rule(rule: dict[str, Any]) -> tuple[tuple[float, float] | None, float, float]:
    """clip, mean and std of a normalisation."""
    clip = tuple(float(v) for v in rule["clip"]) if rule.get("clip") else None
    if (clip and (len(clip) != 2 or clip[0] >= clip[1])) or float(rule.get("std", 1.0)) == 0.0:
        raise ValueError
    return clip, float(rule.get("mean", 0.0)), float(rule.get("std", 1.0))


def _image(value: dict[str, Any]) -> ImageSpec:
    return ImageSpec(_text(value["name"]), _text(value.get("modality", "")), _text(value.get("title", "")))


def _output(value: dict[str, Any]) -> OutputSpec:
    return OutputSpec(_text(value["name"]), _text(value.get("role", "oar")), *_rule(value.get("normalisation") or {}))


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return dict(value)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "name": _text, "version": _text, "title": _text, "licence": _text,
    **{key: _one_of(allowed) for key, allowed in CHOICES.items()}, "modality": _texts, "sites": _texts,
    "images": lambda v: tuple(_image(x) for x in v), "flips": _yes_or_no,
    "flips_always": _yes_or_no, "members": _texts, "unit": _text,
    "folder": _text, "inputs": lambda v: tuple(_input(x) for x in v), "outputs": lambda v: tuple(_output(x) for x in v),
    "spacing_mm": _lengths, "further_spacings_mm": _grids, "patch": _sizes, "overlap": _share, "memory_mb": int,
    "weights": lambda v: {_text(k): _text(x).lower() for k, x in v.items()},
    "network": _object, "applicability": _object,
    "postprocess": lambda v: {_text(k): _texts(x) for k, x in v.items()},
    "thresholds": lambda v: {_text(k): _share(x) for k, x in v.items()},
}

_TAKES: dict[Callable[[Any], Any], str] = {
    _text: "a text", _texts: "a list of texts", _lengths: "three numbers above 0", _yes_or_no: "true or false",
    _grids: "a list of grids of three numbers above 0",
    _sizes: "two or three whole numbers above 0", _share: "a number from 0 to below 1", _object: "an object",
    int: "a whole number",
}
