"""Trained nnU-Net v2 folders, run by nnU-Net's own predictor in its private environment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.array_file import write_array
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.agreements import Agreement, require
from radoncai.models.catalogue import ModelFolder
from radoncai.models.engine.channels import onto
from radoncai.models.engine.clean import cleaned
from radoncai.models.engine.orientation import Turn, to_lps, turn_of
from radoncai.models.install import environments
from radoncai.models.options import PLAIN, RunOptions
from radoncai.models.runners import child
from radoncai.models.runners.nnunet_folder import RAS_READER, Configuration, describe, is_folder, stages
from radoncai.models.segmentation import Found, Segmentation
from radoncai.models.weights import checked

NAME = "nnunet"
CODE = "{title} brings {file}, which builds its network: a program that runs here with your rights"
PICKLE = "A checkpoint of {title} holds more than weights: it can be a program that runs here with your rights"

__all__ = ["NnunetRunner", "describe", "is_folder", "open", "why_not"]


class NnunetRunner:
    """A folder whose files are what `model.json` says; `device` is what was used once it has run."""

    whole = True

    def __init__(self, folder: ModelFolder, chain: list[Configuration], device: str) -> None:
        self._folder, self._chain = folder, chain
        self.device = device
        self.weights = _digest(folder, [f for c in chain for f in c.weights()])

    def run(self, images: Mapping[str, Volume], names: tuple[str, ...], progress: Progress,
            options: RunOptions = PLAIN) -> Segmentation:
        """Masks on the planning image's grid, equal to those of nnU-Net's own predictor; `names` only filter.

        `options.flips` mirrors as the model was trained to. Raises InputError, ModelError, PlatformError, Cancelled.
        """
        spec = self._folder.model
        planning = images[spec.images[0].name]
        chain = self._chosen(options.folds)
        self.weights = _digest(self._folder, [f for c in chain for f in c.weights()])
        turn = self._turn(planning)
        process = child.shared(NAME)
        spacing = [planning.grid.spacing_mm[axis] for axis in turn.axes]
        wanted = [spec.names.index(name) for name in names]
        request = {"job": "predict_nnunet", "array_folder": str(process.folder), "stages": [_stage(c) for c in chain],
                   "key": f"{self.weights} {self._folder.path} {self.device}", "device": self.device,
                   "spacing": spacing, "mirror": options.flips and spec.flips, "uncertainty": options.uncertainty,
                   "names": wanted, "trusted": False}
        progress.step("loading the model")
        channels = self._channels(images, planning, turn)
        try:
            answer = self._asked(process, request, channels, progress)
        except child.Refusal as refusal:
            if refusal.code != "pickle":
                raise
            require(self._folder, Agreement("code", PICKLE.format(title=self._folder.title)))
            answer = self._asked(process, request | {"trusted": True}, channels, progress)
        self.device = answer["device"]
        progress.step("bringing the contours to the image", 1.0)
        return self._segmentation(answer, dict(zip(wanted, names, strict=True)), turn, planning)

    def _asked(self, process: child.Child, request: dict[str, Any], channels: np.ndarray,
               progress: Progress) -> dict[str, Any]:
        write_array(process.folder / "image.npy", channels)
        return process.ask(request, progress)

    def _chosen(self, folds: tuple[int, ...] | None) -> list[Configuration]:
        """The stages with the folds that are wanted. Raises InputError where there is no such fold."""
        if folds is None:
            return self._chain
        wanted = tuple(str(f) for f in folds)
        for stage in self._chain:
            if lacking := [f for f in wanted if f not in stage.folds]:
                raise InputError(f"The model {self._folder.name} has no fold {lacking[0]}; it has "
                                 f"{', '.join(stage.folds)}.")
        return [replace(stage, folds=wanted) for stage in self._chain]

    def _turn(self, planning: Volume) -> Turn:
        """Axes as the model's reader gave them in training: of SimpleITK along LPS as scanners write, or RAS."""
        turn = turn_of(planning.grid)
        if self._chain[-1].reader != RAS_READER:
            return turn
        up, back, left = turn.flips
        return Turn(turn.axes, (up, not back, not left))

    def _channels(self, images: Mapping[str, Volume], planning: Volume, turn: Turn) -> np.ndarray:
        """(channels, k, j, i) float32 on the planning image's grid, in the model's axes."""
        spec = self._folder.model
        out = []
        for rule in spec.inputs:
            name = rule.image or spec.images[0].name
            if name == spec.images[0].name:
                array = planning.array
            else:
                lps, back = to_lps(planning)
                array = back.undo(onto(images[name], lps.grid))
                array = np.where(np.isnan(array), np.float32(rule.outside), array)
            out.append(turn.apply(array).astype(np.float32))
        return np.stack(out)

    def _segmentation(self, answer: dict[str, Any], names: dict[int, str], turn: Turn,
                      planning: Volume) -> Segmentation:
        found, missing, arrays = {}, {}, answer["arrays"]
        shape = turn.apply(planning.array).shape
        for place, name in names.items():
            if f"mask_{place}" not in arrays:
                missing[name] = "the model found nothing"
                continue
            box = turn.undo_box(tuple(slice(*b) for b in answer["boxes"][str(place)]), shape)
            mask = np.ascontiguousarray(turn.undo(arrays[f"mask_{place}"]))
            if left := cleaned(mask, self._folder.model, name, box):
                found[name] = Found(*left, answer["shares"][str(place)], answer["entropies"].get(str(place)))
            else:
                missing[name] = "the model found nothing that its clean-up rules leave"
        entropy = np.ascontiguousarray(turn.undo(arrays["entropy"])) if "entropy" in arrays else None
        return Segmentation(found, missing, entropy, answer["passes"], answer["mirrored"])


def open(folder: ModelFolder, device: str) -> NnunetRunner:
    """All hashes checked; a person must have agreed to a program that lies in the folder, whatever `model.json` says.

    Raises ModelError.
    """
    chain = stages(folder.path, folder.model.folder)
    for code in filter(None, (c.code for c in chain)):
        require(folder, Agreement("code", CODE.format(title=folder.title, file=code.name)))
    environments.environment(NAME)
    for file in (f for c in chain for f in c.files()):
        state = file.stat()
        name = file.relative_to(folder.path).as_posix()
        _whole(folder.path, name, folder.model.weights.get(name), state.st_size, state.st_mtime_ns)
    return NnunetRunner(folder, chain, device)


def why_not(folder: ModelFolder) -> str:
    """Why it cannot run now, "" where it can."""
    return "" if environments.installed(NAME) else "It needs nnU-Net v2; radoncai install nnunet brings it."


@cache
def _whole(folder: Path, name: str, digest: str | None, size: int, modified: int) -> None:
    """Raises ModelError; a file whose state has not changed since is not read again."""
    checked(folder, name, {} if digest is None else {name: digest})


def _stage(configuration: Configuration) -> dict[str, Any]:
    code = configuration.code
    return {"folder": str(configuration.path), "folds": list(configuration.folds),
            "checkpoint": configuration.checkpoint, "code": str(code) if code else None}


def _digest(folder: ModelFolder, files: list[Path]) -> str:
    """The sha256 of the checkpoint in use; of several, that of the list of theirs."""
    each = [folder.model.weights.get(f.relative_to(folder.path).as_posix(), "") for f in files]
    return each[0] if len(each) == 1 else hashlib.sha256("\n".join(each).encode()).hexdigest()
