"""TotalSegmentator's tasks, run by its own function in its private environment; it never downloads by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core import user_file
from radoncai.core.array_file import write_array
from radoncai.core.errors import ModelError
from radoncai.core.progress import Progress
from radoncai.core.resources import user_folder
from radoncai.core.volume import Volume
from radoncai.models.catalogue import ModelFolder
from radoncai.models.engine.clean import cleaned
from radoncai.models.install import environments
from radoncai.models.options import PLAIN, RunOptions
from radoncai.models.runners import child
from radoncai.models.runners import totalsegmentator_tasks as known
from radoncai.models.runners.totalsegmentator_tasks import NUMBER_AT, Task
from radoncai.models.segmentation import Found, Segmentation
from radoncai.models.weights import sha256

NAME = "totalsegmentator"
SEEN = "totalsegmentator_weights"
ROUGH = {"CT": "Dataset298_TotalSegmentator_total_6mm_1559subj", "MR": "Dataset852_TotalSegMRI_total_3mm_1088subj"}
NUMBER_LENGTH = 18
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


class TotalSegmentatorRunner:
    """A task whose weights are there and unchanged; `device` is what was used once it has run."""

    whole = True

    def __init__(self, folder: ModelFolder, task: Task, weights: str, device: str) -> None:
        self._folder, self._task = folder, task
        self.weights, self.device = weights, device

    def run(self, images: Mapping[str, Volume], names: tuple[str, ...], progress: Progress,
            options: RunOptions = PLAIN) -> Segmentation:
        """Masks on the planning image's grid; few structures of a task on the whole body are looked for near them only.

        Raises ModelError, PlatformError, Cancelled. It gives no probabilities, so that there is no uncertainty.
        """
        planning = images[self._folder.model.images[0].name]
        labels = {number: name for number, _, name in self._task.classes if name in names}
        subset = self._subset(set(labels.values()))
        process = child.shared(NAME, settings())
        write_array(process.folder / "image.npy", np.asarray(planning.array).transpose(2, 1, 0))
        affine = LPS_TO_RAS @ planning.grid.index_to_lps
        parts = len(self._task.weights) + len(self._task.rough_weights) + (subset is not None)
        answer = process.ask({"job": "predict_totalsegmentator", "array_folder": str(process.folder), "parts": parts,
                              "affine": affine.ravel().tolist(), "task": self._task.task, "mode": self._task.mode,
                              "subset": subset, "device": self.device, "labels": list(labels)}, progress)
        self.device = answer["device"]
        return self._segmentation(answer, labels)

    def _subset(self, names: set[str]) -> list[str] | None:
        """Classes for `roi_subset`, which costs a rough look first: only where it is allowed, pays and has weights."""
        wanted = [kind for _, kind, name in self._task.classes if name in names]
        whole_body, rough = self._task.task.startswith("total"), known.weights_folder() / ROUGH[self._task.modality]
        if not whole_body or self._task.mode != "default" or len(wanted) == len(self._task.classes):
            return None
        return wanted if rough.is_dir() else None

    def _segmentation(self, answer: dict[str, Any], labels: dict[int, str]) -> Segmentation:
        found, missing = {}, {}
        for number, name in labels.items():
            if f"mask_{number}" not in answer["arrays"]:
                missing[name] = "the model found nothing"
                continue
            box = tuple(slice(*b) for b in answer["boxes"][str(number)])[::-1]
            mask = answer["arrays"][f"mask_{number}"].transpose(2, 1, 0)
            if left := cleaned(mask, self._folder.model, name, box):
                found[name] = Found(*left)
            else:
                missing[name] = "the model found nothing that its clean-up rules leave"
        return Segmentation(found, missing)


def open(folder: ModelFolder, device: str) -> TotalSegmentatorRunner:
    """Raises ModelError where the environment, weights or a licence number are missing or weights have changed."""
    environments.environment(NAME)
    task = _task(folder)
    if reason := why_not(folder):
        raise ModelError(f"The model {folder.name} cannot run: {reason[0].lower()}{reason[1:]}")
    return TotalSegmentatorRunner(folder, task, _hash(task), device)


def why_not(folder: ModelFolder) -> str:
    """Why it cannot run now and what to do, "" where it can; nothing is started."""
    if not environments.installed(NAME):
        return "It needs TotalSegmentator; radoncai install totalsegmentator brings it."
    task = _task(folder)
    if task.licence == "number" and len(known.licence_number()) != NUMBER_LENGTH:
        return (f"The task {task.task} needs a licence number, free for non-commercial use at {NUMBER_AT}; enter it "
                "with totalseg_set_license -l NUMBER.")
    if lacking := task.lacking():
        source = known.where_from(task, lacking[0])
        named = task.task if task.mode == "default" else task.name
        fetch = f"radoncai install {NAME} --weights {named} fetches them"
        come = f"{fetch}, or unpack {source} there" if source else "they come with the licence number"
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        return f"Its weights {lacking[0]}{more} are not in {known.weights_folder()}; {come} (docs/totalsegmentator.md)."
    return ""


def settings() -> dict[str, str]:
    """Environment variables of the process: the person's weights, settings of our own without usage statistics."""
    return {"TOTALSEG_HOME_DIR": str(known.private_home()), "TOTALSEG_WEIGHTS_PATH": str(known.weights_folder())}


def _task(folder: ModelFolder) -> Task:
    network = folder.model.network
    for task in known.tasks().values():
        if (task.task, task.mode) == (network.get("task"), network.get("mode", "default")):
            return task
    raise ModelError(f"{folder.path / 'model.json'}: TotalSegmentator {known.VERSION} has no task "
                     f"{network.get('task')!r}; run radoncai install totalsegmentator again.")


def _hash(task: Task) -> str:
    """One sha256 over all checkpoints of a task, which must be those that ran here first. Raises ModelError."""
    seen, place, each = user_file.read(SEEN), known.weights_folder(), []
    files = [f for name in (*task.weights, *task.rough_weights) for f in sorted((place / name).rglob("*.pth"))]
    fresh = {}
    for file in files:
        state = file.stat()
        digest, name = _digest(file, state.st_size, state.st_mtime_ns), file.relative_to(place).as_posix()
        if seen.get(name, digest) != digest:
            raise ModelError(f"The weights {file} have changed since they ran here first; unpack them again, or delete "
                             f"their line in {user_folder() / SEEN}.json if you replaced them on purpose.")
        fresh[name] = digest
        each.append(digest)
    if fresh.items() - seen.items():
        user_file.write(SEEN, {**seen, **fresh})
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


@cache
def _digest(file: Path, size: int, modified: int) -> str:
    return sha256(file)
