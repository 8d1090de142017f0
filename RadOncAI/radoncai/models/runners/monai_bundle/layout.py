"""The files of a MONAI bundle and what its metadata say about images and labels; no torch, no MONAI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radoncai.core.errors import ModelError
from radoncai.core.templates import match
from radoncai.models.runners.monai_bundle.config import read_settings

METADATA = "configs/metadata.json"
SETTINGS = tuple(f"configs/inference.{ending}" for ending in ("json", "yaml", "yml"))
WEIGHTS = ("models/model.pt", "models/model.pth")
BACKGROUND = ("background", "bg", "")
MODALITIES = {"ct": "CT", "mr": "MR", "mri": "MR", "pt": "PT", "pet": "PT"}
# fields of a card: the metadata that say the same
CARD = {"title": "name", "intended_use": "intended_use", "training_data": "data_source", "limits": "warning",
        "method": "description", "contact": "authors", "licence": "copyright"}


@dataclass(frozen=True)
class Files:
    """A bundle's folder and its files in it, relative paths."""

    root: Path
    settings: str
    weights: str

    @property
    def all(self) -> tuple[str, str, str]:
        return METADATA, self.settings, self.weights


def files(root: Path) -> Files:
    """The files that a run needs. Raises ModelError for a folder that lacks one."""
    found = [next((name for name in names if (root / name).is_file()), "") for names in (SETTINGS, WEIGHTS)]
    for name, expected in zip((METADATA if (root / METADATA).is_file() else "", *found),
                              (METADATA, SETTINGS[0], WEIGHTS[0]), strict=True):
        if not name:
            raise ModelError(f"{root} is no MONAI bundle with a network definition: it lacks {expected}.")
    return Files(root, *found)


def labels(metadata: Mapping[str, Any], root: Path) -> dict[int, str]:
    """Channel or label number to name of the bundle's `pred`, without the background. Raises ModelError."""
    channels = _side(metadata, "outputs", root).get("channel_def")
    try:
        found = {int(number): str(name).strip() for number, name in channels.items()}
    except (AttributeError, ValueError):
        raise ModelError(f"{root / METADATA} does not name the labels of 'pred' in channel_def.") from None
    named = {n: name for n, name in sorted(found.items()) if not (n == 0 and name.lower() in BACKGROUND)}
    if not named:
        raise ModelError(f"{root / METADATA} names no label but the background in channel_def.")
    return named


def image_names(metadata: Mapping[str, Any], root: Path) -> list[str]:
    """Names of the images the network reads, one a channel."""
    side = _side(metadata, "inputs", root)
    channels = side.get("channel_def") or {}
    names = [str(channels[key]) for key in sorted(channels, key=str)] if isinstance(channels, Mapping) else []
    count = side.get("num_channels", len(names) or 1)
    if len(names) == count and len(set(names)) == count and count > 1:
        return names
    return [_modality(side)] if count == 1 else [f"image_{n + 1}" for n in range(int(count))]


def describe(root: Path) -> dict[str, Any]:
    """What `model.json` says of a bundle; `weights` names the files whose hashes belong there, `card` what is known.

    Raises ModelError for a folder that is no bundle.
    """
    found = files(Path(root))
    metadata = read_settings(found.root / METADATA)
    side, images = _side(metadata, "inputs", found.root), image_names(metadata, found.root)
    title = str(metadata.get("name") or found.root.name)
    content = {
        "name": re.sub(r"\W+", "_", title).strip("_").lower()[:60], "version": str(metadata.get("version", "0")),
        "title": title, "task": "contour", "runner": "monai_bundle",
        "modality": [_modality({"modality": images[0]} if len(images) > 1 else side)],
        "inputs": [{"name": name, "image": name} if len(images) > 1 else {"name": name} for name in images],
        "outputs": [_output(name) for name in labels(metadata, found.root).values()],
        "weights": dict.fromkeys(found.all, ""), "licence": str(metadata.get("copyright", "")),
        "card": {field: str(metadata[key]) for field, key in CARD.items() if metadata.get(key)},
    }
    if len(images) > 1:
        content["images"] = [{"name": n, "modality": _modality({"modality": n}), "title": n} for n in images]
    return content


def _output(name: str) -> dict[str, str]:
    template = match(name)
    if template is None:
        return {"name": re.sub(r"\s+", "_", name), "role": "oar"}
    return {"name": template.name, "role": template.role}


def _modality(side: Mapping[str, Any]) -> str:
    word = re.split(r"\W+", str(side.get("modality", "")).lower())[0]
    return MODALITIES.get(word, "CT" if str(side.get("format", "")).lower() == "hounsfield" else "MR")


def _side(metadata: Mapping[str, Any], which: str, root: Path) -> Mapping[str, Any]:
    """The metadata of the one image that goes in or comes out."""
    sides = (metadata.get("network_data_format") or {}).get(which) if isinstance(metadata, Mapping) else None
    wanted = "image" if which == "inputs" else "pred"
    if not isinstance(sides, Mapping) or not sides:
        raise ModelError(f"{root / METADATA} does not describe the network's {which} in network_data_format.")
    side = sides.get(wanted, next(iter(sides.values())))
    if not isinstance(side, Mapping):
        raise ModelError(f"{root / METADATA} does not describe the network's {which} in network_data_format.")
    return side
