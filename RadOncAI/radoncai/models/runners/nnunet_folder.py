"""A trained nnU-Net folder read as data: what it needs and gives, without torch and without nnU-Net."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radoncai.core.errors import ModelError
from radoncai.core.templates import match
from radoncai.models.spec import read_json

CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")
# what a folder of several configurations is run as, unless it is told
ORDER = ("3d_fullres", "3d_cascade_fullres", "3d_lowres", "2d")
RAS_READER = "NibabelIOWithReorient"
_DATASET = re.compile(r"^Dataset\d+_")
_MODALITY = (("CT", re.compile(r"^(CB)?CT\b|noNorm_CT", re.IGNORECASE)),
             ("PT", re.compile(r"\b(PET|PT|SUV)\b", re.IGNORECASE)),
             ("MR", re.compile(r"\b(MRI?|T1\w*|T2\w*|FLAIR|ADC|DWI|DCE)\b", re.IGNORECASE)))


@dataclass(frozen=True)
class Configuration:
    """`TRAINER__PLANS__CONFIGURATION` with its folds; `path` is absolute, `outputs` are names of classes or regions."""

    path: Path
    trainer: str
    name: str
    folds: tuple[str, ...]
    checkpoint: str
    previous: str | None
    channels: tuple[str, ...]
    outputs: tuple[str, ...]
    spacing_mm: tuple[float, ...]
    reader: str

    @property
    def code(self) -> Path | None:
        """The trainer's own program where the model brings it."""
        files = sorted(self.path.glob("*.py"))
        return next((f for f in files if f"class {self.trainer}(" in f.read_text(encoding="utf-8")), None)

    def weights(self) -> list[Path]:
        return [self.path / f"fold_{f}" / self.checkpoint for f in self.folds]

    def files(self) -> list[Path]:
        """Everything that is read to run it; `model.json` holds the hash of each."""
        code = self.code
        return [self.path / "plans.json", self.path / "dataset.json", *self.weights(), *([code] if code else [])]


def is_folder(path: Path) -> bool:
    """Whether it holds a trained nnU-Net, itself or one level below."""
    return bool(_places(path))


def configurations(path: Path) -> dict[str, Configuration]:
    """By name. Raises ModelError where there is none or one cannot be read."""
    found = {c.name: c for c in (_read(p) for p in _places(path))}
    if not found:
        raise ModelError(f"{path} holds no trained nnU-Net: plans.json, dataset.json and fold_0 are looked for.")
    return found


def stages(path: Path, last_folder: str = "") -> list[Configuration]:
    """What is run one after the other: of a cascade both. Raises ModelError where the first stage is missing.

    `last_folder`: the configuration below `path` that is meant; else the first of ORDER.
    """
    found = configurations(path)
    meant = [c for c in found.values() if last_folder and c.path == path / last_folder]
    last = meant[0] if meant else found[next((name for name in ORDER if name in found), sorted(found)[0])]
    chain = [last]
    while chain[0].previous:
        if chain[0].previous not in found:
            raise ModelError(f"{chain[0].path} is the second stage of a cascade; give the folder that also holds "
                             f"{chain[0].previous}.")
        chain.insert(0, found[chain[0].previous])
    return chain


def describe(path: Path) -> dict[str, Any]:
    """The content of `model.json` for a trained nnU-Net folder; `card` has what its files tell. Raises ModelError."""
    chain = stages(path)
    last = chain[-1]
    dataset = read_json(last.path / "dataset.json")
    title = _DATASET.sub("", str(read_json(last.path / "plans.json").get("dataset_name") or path.name))
    modality = [_modality(channel) for channel in last.channels]
    network: dict[str, Any] = {"configuration": last.name, "trainer": last.trainer, "classes": list(last.outputs)}
    if with_code := [c.trainer for c in chain if c.code]:
        network["custom_trainer"] = with_code[-1]
    licence = str(dataset.get("licence") or dataset.get("license") or "not stated")
    files = [f for c in chain for f in c.files()]
    names = [channel if channel.isidentifier() else f"image_{n + 1}" for n, channel in enumerate(last.channels)]
    return {
        "name": f"{re.sub(r'[^a-z0-9]+', '_', title.lower()).strip('_')}_{last.name}",
        "title": f"{title}, nnU-Net {last.name}", "version": "1.0.0", "task": "contour", "runner": "nnunet",
        "modality": [m for m in modality[:1] if m] or ["CT", "MR", "PT"],
        "images": [{"name": n, "modality": m, "title": c}
                   for n, m, c in zip(names, modality, last.channels, strict=True)],
        "inputs": [{"name": c, "modality": m, **({"image": n} if place else {}),
                    "normalisation": {"outside": -1000 if m == "CT" else 0}}
                   for place, (n, m, c) in enumerate(zip(names, modality, last.channels, strict=True))],
        "outputs": [{"name": name, "role": _role(name)} for name in standard_names(last.outputs)],
        "spacing_mm": list(last.spacing_mm) if len(last.spacing_mm) == 3 else None,
        "flips": "NoMirroring" not in last.trainer, "network": network, "licence": licence,
        "folder": "" if last.path == path else last.path.relative_to(path).as_posix(),
        "weights": {f.relative_to(path).as_posix(): "" for f in files},
        "card": {"training_data": {"text": str(dataset.get("description") or "not stated"),
                                   "n": dataset.get("numTraining"), "source": str(dataset.get("reference") or "")},
                 "method": f"nnU-Net v2, {last.trainer}, {last.name}, folds {', '.join(last.folds)}"},
    }


def standard_names(names: tuple[str, ...]) -> list[str]:
    """TG-263 names where a class's name leads to one and to no other class's, else as given."""
    found = [m.name if (m := match(name)) else name for name in names]
    return [new if found.count(new) == 1 else old for old, new in zip(names, found, strict=True)]


def _places(path: Path) -> list[Path]:
    needed = ("plans.json", "dataset.json")
    return [p for p in (path, *sorted(path.glob("*"))) if all((p / name).is_file() for name in needed)]


def _read(path: Path) -> Configuration:
    plans, dataset = read_json(path / "plans.json"), read_json(path / "dataset.json")
    parts = path.name.split("__")
    try:
        every = plans["configurations"]
        trainer, name = (parts[0], parts[-1]) if len(parts) == 3 and parts[-1] in every else _usual(plans)
        channels = dataset.get("channel_names") or dataset["modality"]
        labels = {k: v for k, v in dataset["labels"].items() if k not in ("background", "ignore")}
        outputs = sorted(labels, key=lambda k: labels[k]) if not _has_regions(labels) else list(labels)
        back = plans["transpose_backward"]
        spacing = _inherited(every, name, "spacing")
        spacing = tuple(spacing[i] for i in back) if len(spacing) == 3 else tuple(spacing)
        folds = tuple(sorted(f.name.removeprefix("fold_") for f in path.glob("fold_*") if _checkpoint(f)))
        if not folds:
            raise ModelError(f"{path} holds no fold with a checkpoint; copy fold_0/checkpoint_final.pth there.")
        return Configuration(path, trainer, name, folds, _checkpoint(path / f"fold_{folds[0]}"),
                             _inherited(every, name, "previous_stage"),
                             tuple(channels[k] for k in sorted(channels, key=int)), tuple(outputs), spacing,
                             str(plans.get("image_reader_writer") or ""))
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ModelError(f"{path}: plans.json or dataset.json lacks what nnU-Net v2 writes there ({problem}); "
                         "get the folder again.") from None


def _usual(plans: dict[str, Any]) -> tuple[str, str]:
    """Where the folder was renamed: the usual trainer and configuration; the checkpoint decides when it is loaded."""
    every = plans["configurations"]
    return "nnUNetTrainer", next((n for n in ORDER if n in every), next(iter(every)))


def _checkpoint(fold: Path) -> str:
    return next((name for name in CHECKPOINTS if (fold / name).is_file()), "")


def _inherited(every: dict[str, Any], name: str, key: str) -> Any:
    """A configuration's value, or that of the one it inherits from."""
    while name:
        if key in every[name]:
            return every[name][key]
        name = every[name].get("inherits_from")
    return None


def _has_regions(labels: dict[str, Any]) -> bool:
    return any(isinstance(v, list | tuple) and len(v) > 1 for v in labels.values())


def _modality(channel: str) -> str:
    return next((name for name, pattern in _MODALITY if pattern.search(channel)), "")


def _role(name: str) -> str:
    found = match(name)
    return found.role if found else "oar"
