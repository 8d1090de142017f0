"""TotalSegmentator's tasks as data: classes with TG-263 names, weights, licences; and where its weights lie."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from radoncai.core.resources import resources, user_folder
from radoncai.core.templates import match

VERSION = "2.18.0"
RELEASES = "https://github.com/wasserth/TotalSegmentator/releases/download"
NUMBER_AT = "https://backend.totalsegmentator.com/license-academic/"
LICENCES = {"open": "Apache-2.0", "number": "Non-commercial use with a free licence number, other use by contract"}
MODES = {"default": "", "fast": ", 3 mm or coarser", "fastest": ", 6 mm"}


@dataclass(frozen=True)
class Task:
    """A row of totalsegmentator_tasks.csv with its classes (label, class, name): `name` is TG-263 or the class."""

    task: str
    mode: str
    modality: str
    licence: str
    weights: tuple[str, ...]
    rough_weights: tuple[str, ...]
    release: str
    classes: tuple[tuple[int, str, str], ...]

    @property
    def name(self) -> str:
        """The model's name: totalsegmentator_TASK, with _fast or _fastest."""
        return f"totalsegmentator_{self.task}" + ("" if self.mode == "default" else f"_{self.mode}")

    def lacking(self) -> list[str]:
        """Weights folders that are not there."""
        return [name for name in (*self.weights, *self.rough_weights) if not (weights_folder() / name).is_dir()]


@cache
def tasks() -> dict[str, Task]:
    """By model name."""
    place = resources() / "Templates"
    classes: dict[str, list[tuple[int, str, str]]] = {}
    for row in _rows(place / "totalsegmentator.csv"):
        entry = int(row["label"]), row["class"], row["name"] or row["class"]
        classes.setdefault(row["task"], []).append(entry)
    found = [Task(row["task"], row["mode"], row["modality"], row["licence"], tuple(row["weights"].split()),
                  tuple(row["rough_weights"].split()), row["release"], tuple(classes[row["task"]]))
             for row in _rows(place / "totalsegmentator_tasks.csv")]
    return {t.name: t for t in found}


def home() -> Path:
    """TotalSegmentator's own folder of this user."""
    return Path(os.environ.get("TOTALSEG_HOME_DIR") or Path.home() / ".totalsegmentator")


def weights_folder() -> Path:
    """Where TotalSegmentator looks for weights, as it decides itself."""
    return Path(os.environ.get("TOTALSEG_WEIGHTS_PATH") or home() / "nnunet" / "results")


def licence_number() -> str:
    """The number that a person has given to TotalSegmentator, "" for none."""
    try:
        return str(json.loads((home() / "config.json").read_text(encoding="utf-8")).get("license_number") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def private_home() -> Path:
    """A folder with settings for our runs: usage statistics off. TotalSegmentator's own settings stay as they are."""
    place = user_folder() / "totalsegmentator"
    place.mkdir(parents=True, exist_ok=True)
    settings = {"totalseg_id": "", "send_usage_stats": False, "prediction_counter": 0,
                "statistics_disclaimer_shown": True, "license_number": licence_number()}
    (place / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return place


def model_of(task: Task) -> dict[str, Any]:
    """The content of `model.json`."""
    return {"name": task.name, "version": VERSION, "task": "contour", "runner": "totalsegmentator",
            "title": f"TotalSegmentator {task.task.replace('_', ' ')}{MODES[task.mode]}", "modality": [task.modality],
            "images": [{"name": task.modality, "modality": task.modality}], "inputs": [{"name": task.modality}],
            "outputs": [{"name": n, "role": m.role if (m := match(n)) else "oar"} for _, _, n in task.classes],
            "network": {"task": task.task, "mode": task.mode}, "licence": LICENCES[task.licence], "weights": {}}


def card_of(task: Task) -> dict[str, Any]:
    """What is known of it here; its figures are its makers'."""
    about = model_of(task)
    return {"title": about["title"], "licence": about["licence"], "contact": "https://github.com/wasserth/TotalSegmentator",
            "intended_use": "research; contours must be checked and corrected by a person",
            "method": f"nnU-Net networks of TotalSegmentator {VERSION}, weights {', '.join(task.weights)}",
            "training_data": {"text": "see the makers' papers, named on the contact page"},
            "limits": ["No figures on this software's test data.",
                       *(["A licence number is needed; free for non-commercial use: " + NUMBER_AT]
                         if task.licence == "number" else [])]}


def write_models(place: Path | None = None) -> list[str]:
    """A model folder for each task in the user's models, written anew; the names."""
    for task in tasks().values():
        folder = (place or user_folder() / "models") / task.name
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in (("model.json", model_of(task)), ("card.json", card_of(task))):
            (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return sorted(tasks())


def where_from(task: Task, folder: str) -> str:
    """The address of a weights folder's archive, "" where it comes with a licence number only."""
    return f"{RELEASES}/{task.release}/{folder}.zip" if task.release and task.licence == "open" else ""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


