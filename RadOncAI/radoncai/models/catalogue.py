"""Which models there are: the bundled ones, those in added folders, and the user's own; all versions side by side."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radoncai.core import user_file
from radoncai.core.errors import ModelError
from radoncai.core.resources import resources, user_folder
from radoncai.core.templates import match
from radoncai.models.card import check_rows, missing_fields, read_card
from radoncai.models.spec import ModelSpec, read_spec, unknown_words
from radoncai.models.weights import problem_of

WEIGHTS = (".onnx", ".pt", ".pth", ".ts", ".data", ".safetensors")
SETTINGS, ADDED = "settings", "model_folders"


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

    @property
    def id(self) -> str:
        """NAME@VERSION, which every command takes where it takes a name."""
        return f"{self.name}@{self.version}"


Scanned = tuple[list[ModelFolder], dict[Path, ModelError]]


def own_place() -> Path:
    """Where installed models go."""
    return user_folder() / "models"


def added() -> tuple[Path, ...]:
    """Folders that a person added; each is a model or holds models."""
    listed = user_file.read(SETTINGS).get(ADDED)
    return tuple(Path(str(p)) for p in listed) if isinstance(listed, list) else ()


def places() -> tuple[Path, ...]:
    """Folders that hold model folders; later ones override earlier ones."""
    return resources() / "Models", *added(), own_place()


def place_of(folder: ModelFolder) -> str:
    """bundled, added or own."""
    parents = (folder.path, folder.path.parent)
    return "own" if own_place() in parents else "bundled" if resources() / "Models" in parents else "added"


def read_folder(path: Path) -> ModelFolder:
    """One model folder; a card may be absent, its lack is a finding of `verify`. Raises ModelError."""
    model = read_spec(path / "model.json")
    card = read_card(path / "card.json") if (path / "card.json").is_file() else {}
    return ModelFolder(model.name, model.version, path, model, card)


def scan(where: tuple[Path, ...] | None = None) -> Scanned:
    """All readable model folders, and the broken ones with what is wrong. An added folder that is gone is broken."""
    good, broken = [], {}
    for place in places() if where is None else where:
        if place in added() and not place.is_dir():
            broken[place] = ModelError(f"The added folder {place} is gone; bring it back or forget it "
                                       f"(radoncai models remove {place}).")
        for path in model_folders(place):
            try:
                good.append(read_folder(path))
            except ModelError as problem:
                broken[path] = problem
    return good, broken


def model_folders(place: Path) -> list[Path]:
    """The folder itself where it is a model, else the models in it."""
    if (place / "model.json").is_file():
        return [place]
    return sorted(file.parent for file in place.glob("*/model.json") if not file.parent.name.startswith("."))


def versions(where: tuple[Path, ...] | None = None) -> list[ModelFolder]:
    """Every name and version once, by name, newest first; of equal ones that of the later place."""
    return _versions(scan(where)[0])


def catalogue(where: tuple[Path, ...] | None = None) -> dict[str, ModelFolder]:
    """Name to model; of several of one name the user's own, of these the newest version. Broken ones are left out."""
    return _best(scan(where)[0], places() if where is None else where)


def find(name: str, where: tuple[Path, ...] | None = None, scanned: Scanned | None = None) -> ModelFolder:
    """A model by `NAME` or `NAME@VERSION`, in what a `scan` of the same places gave where many are looked for.

    Raises ModelError with close names where there is none.
    """
    good, broken = scanned or scan(where)
    plain, _, version = name.partition("@")
    if version:
        for folder in reversed(good):
            if folder.id == name:
                return folder
        there = [f.version for f in _versions(good) if f.name == plain]
        if there:
            raise ModelError(f"{plain} has no version {version} here; there is {', '.join(there)}.")
    models = _best(good, places() if where is None else where)
    if name in models:
        return models[name]
    for path, problem in broken.items():
        if path.name == plain:
            raise problem
    close = difflib.get_close_matches(plain, models, n=3, cutoff=0.65)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(models) or 'none'}."
    raise ModelError(f"There is no model named {plain}; {hint}")


def search(folders: Iterable[ModelFolder], *, text: str = "", site: str = "", modality: str = "", structure: str = "",
           task: str = "") -> list[ModelFolder]:
    """The models that fit all that is given: words anywhere in name, title, sites, structures or use; a structure by
    its TG-263 name or an alias. A model for all sites fits every site.
    """
    template = match(structure) if structure else None
    wanted = {n.casefold() for n in (structure, template.name if template else "") if n}

    def fits(folder: ModelFolder) -> bool:
        model = folder.model
        names = {n.casefold() for n in model.names}
        return ((not task or task == model.task)
                and (not modality or modality.upper() in model.modality)
                and (not site or any(site.casefold() in s.casefold() or s == "all" for s in model.sites))
                and (not wanted or bool(wanted & names))
                and all(word in words(folder) for word in text.casefold().split()))
    return [f for f in folders if fits(f)]


def words(folder: ModelFolder) -> str:
    """What `search` looks for words in, lower case."""
    model = folder.model
    parts = (folder.id, folder.title, model.task, model.runner, *model.sites, *model.modality, *model.names,
             str(folder.card.get("intended_use") or ""))
    return " ".join(parts).casefold()


def verify(folder: ModelFolder) -> list[str]:
    """What is wrong with a model: unknown keys, weights missing or changed, files nobody vouches for,
    card fields missing."""
    return damages(folder) + card_findings(folder)


def damages(folder: ModelFolder) -> list[str]:
    """Keys that nothing reads, weights missing or changed, and weights files that nobody vouches for."""
    found = unknown_words(folder.model.unknown)
    found += [problem_of(folder.path, name, digest) for name, digest in sorted(folder.model.weights.items())]
    loose = [p.relative_to(folder.path).as_posix() for p in sorted(folder.path.rglob("*")) if p.suffix in WEIGHTS]
    found += [f"the file {n} has no hash in model.json" for n in loose if n not in folder.model.weights]
    if folder.model.runner not in ("classical", "totalsegmentator") and not folder.model.weights:
        found.append("model.json names no weights")
    return [f"{folder.id}: {text}" for text in found if text]


def card_findings(folder: ModelFolder) -> list[str]:
    """Fields without which a card is none, and rows of its tables that say too little."""
    found = [f"card.json lacks the field {field}" for field in missing_fields(folder.card)]
    return [f"{folder.id}: {text}" for text in (*found, *(f"card.json: {row}" for row in check_rows(folder.card)))]


def short(folder: ModelFolder) -> dict[str, object]:
    """The model in a line."""
    return {"name": folder.name, "version": folder.version, "title": folder.title, "licence": folder.model.licence}


def cards(folders: Iterable[ModelFolder]) -> list[dict[str, object]]:
    """Each model's card once, with its name and version."""
    unique = {f.id: f for f in folders}
    return [{"name": f.name, "version": f.version, "title": f.title, **f.card} for f in unique.values()]


def _versions(folders: Iterable[ModelFolder]) -> list[ModelFolder]:
    unique = {folder.id: folder for folder in folders}
    return sorted(sorted(unique.values(), key=_number, reverse=True), key=lambda f: f.name)


def _best(folders: Iterable[ModelFolder], order: tuple[Path, ...]) -> dict[str, ModelFolder]:
    best: dict[str, ModelFolder] = {}
    for folder in folders:
        old = best.get(folder.name)
        if old is None or _rank(folder, order) >= _rank(old, order):
            best[folder.name] = folder
    return dict(sorted(best.items()))


def _rank(folder: ModelFolder, order: Iterable[Path]) -> tuple[int, tuple[int, ...]]:
    place = max((n for n, p in enumerate(order) if p in (folder.path, folder.path.parent)), default=-1)
    return place, _number(folder)


def _number(folder: ModelFolder) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in folder.version.split("."))
