"""Which models there are: the bundled ones and the user's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radoncai.core.errors import ModelError
from radoncai.core.resources import resources, user_folder
from radoncai.models.card import missing_fields, read_card
from radoncai.models.spec import ModelSpec, read_spec
from radoncai.models.weights import problem_of


@dataclass(frozen=True, eq=False)
class ModelFolder:
    """A model on disk: its folder, what `model.json` says and what `card.json` says."""

    name: str
    version: str
    path: Path
    model: ModelSpec
    card: dict[str, Any]

    @property
    def title(self) -> str:
        return self.card.get("title") or self.model.title or self.name


def places() -> tuple[Path, ...]:
    """Folders that hold model folders; later ones override earlier ones."""
    return resources() / "Models", user_folder() / "models"


def read_folder(path: Path) -> ModelFolder:
    """One model folder; a card may be absent, its lack is a finding of `verify`. Raises ModelError."""
    model = read_spec(path / "model.json")
    card = read_card(path / "card.json") if (path / "card.json").is_file() else {}
    return ModelFolder(model.name, model.version, path, model, card)


def scan(where: tuple[Path, ...] | None = None) -> tuple[list[ModelFolder], dict[Path, ModelError]]:
    """All readable model folders, and the broken ones with what is wrong."""
    good, broken = [], {}
    for place in where or places():
        for file in sorted(place.glob("*/model.json")):
            try:
                good.append(read_folder(file.parent))
            except ModelError as problem:
                broken[file.parent] = problem
    return good, broken


def catalogue(where: tuple[Path, ...] | None = None) -> dict[str, ModelFolder]:
    """Name to model; of several of one name the user's own, of these the newest version. Broken ones are left out."""
    order = list(where or places())
    best: dict[str, ModelFolder] = {}
    for folder in scan(where)[0]:
        old = best.get(folder.name)
        if old is None or _rank(folder, order) >= _rank(old, order):
            best[folder.name] = folder
    return dict(sorted(best.items()))


def find(name: str, where: tuple[Path, ...] | None = None) -> ModelFolder:
    """A model by `NAME` or `NAME@VERSION`. Raises ModelError with close names where there is none."""
    good, broken = scan(where)
    if "@" in name:
        for folder in reversed(good):
            if f"{folder.name}@{folder.version}" == name:
                return folder
    models = catalogue(where)
    if name in models:
        return models[name]
    for path, problem in broken.items():
        if path.name == name:
            raise problem
    close = difflib.get_close_matches(name, models, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(models) or 'none'}."
    raise ModelError(f"There is no model named {name}; {hint}")


def verify(folder: ModelFolder) -> list[str]:
    """What is wrong with a model: weights missing or changed, files nobody vouches for, card fields missing."""
    found = [problem_of(folder.path, name, digest) for name, digest in sorted(folder.model.weights.items())]
    loose = [p.name for p in sorted(folder.path.glob("*")) if p.suffix in (".onnx", ".pt", ".pth", ".data")]
    found += [f"the file {n} has no hash in model.json" for n in loose if n not in folder.model.weights]
    if folder.model.runner in ("onnx", "torch") and not folder.model.weights:
        found.append("model.json names no weights")
    found += [f"card.json lacks the field {field}" for field in missing_fields(folder.card)]
    return [f"{folder.name}: {text}" for text in found if text]


def short(folder: ModelFolder) -> dict[str, object]:
    """The model in a line."""
    return {"name": folder.name, "version": folder.version, "title": folder.title, "licence": folder.model.licence}


def cards(folders: Iterable[ModelFolder]) -> list[dict[str, object]]:
    """Each model's card once, with its name and version."""
    unique = {f.name: f for f in folders}
    return [{"name": f.name, "version": f.version, "title": f.title, **f.card} for f in unique.values()]


def _rank(folder: ModelFolder, order: list[Path]) -> tuple[int, tuple[int, ...]]:
    place = next((n for n, p in enumerate(order) if folder.path.parent == p), -1)
    return place, tuple(int(part) if part.isdigit() else 0 for part in folder.version.split("."))
