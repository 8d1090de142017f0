"""From somebody's folder, archive or file to a model in the catalogue; nothing is ever half installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from radoncai.core import user_file
from radoncai.core.array_file import disk_sentence
from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models import agreements
from radoncai.models.agreements import Agreement
from radoncai.models.catalogue import (
    ADDED,
    SETTINGS,
    ModelFolder,
    added,
    model_folders,
    own_place,
    place_of,
    read_folder,
    versions,
)
from radoncai.models.install import archives
from radoncai.models.install.describing import described, describes
from radoncai.models.spec import parsed, unknown_words
from radoncai.models.weights import problem_of, sha256

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
DOCUMENTS = (".json", ".yaml", ".yml", ".txt", ".md", ".csv", ".png", ".pdf")


class NotAgreed(ModelError):
    """A licence waits for a person's yes; `agreements` are what it asks for."""

    def __init__(self, text: str, agreements: Iterable[Agreement]) -> None:
        super().__init__(text)
        self.agreements = tuple(agreements)


def install(source: Path, *, agreed: Iterable[str] = (), facts: dict[str, Any] | None = None,
            progress: Progress | None = None) -> ModelFolder:
    """Copy a model into the user's folder, as NAME-VERSION beside what is there, and return it.

    `source` is a model folder, a foreign one (nnU-Net, MONAI bundle), an .onnx file, or an archive of one of these.
    `facts` are keys of `model.json` that the source does not say itself. Only documents and the weights that
    `model.json` names with their hash are copied. `agreed`: what a person agreed to, recorded with it; a licence that
    forbids some use must be among it. Raises NotAgreed where it is not, ModelError, PlatformError, Cancelled.
    """
    progress = progress or Progress()
    source, agreed = Path(source).expanduser().absolute(), tuple(agreed)
    if not source.exists():
        raise ModelError(f"There is nothing at {source}; name a model's folder, archive or .onnx file.")
    with _staging() as staging, _said_of(source, staging):
        if archives.is_archive(source):
            source = archives.unpack(source, staging / "unpacked", progress)
        found = _root(source)
        model, card = described(found, facts or {})
        _check_name(model, found)
        where = found / "model.json" if found.is_dir() else found
        if words := unknown_words(parsed(model, where).unknown):
            raise ModelError(f"{where.parent}: {'; '.join(words)}.")
        _copy(found, staging / "model", model, card, progress)
        folder = read_folder(staging / "model")
        _refuse_present(folder)
        _ask(folder, agreed)
        goal = own_place() / f"{folder.name}-{folder.version}"
        if goal.exists():
            raise ModelError(f"{goal} stands in the way; move it elsewhere or delete it.")
        os.replace(folder.path, goal)
    folder = read_folder(goal)
    if agreed:
        agreements.record(folder, agreed)
    return folder


def remove(name: str) -> Path:
    """Delete an installed model (NAME, or NAME@VERSION of several), or forget an added folder; what is gone.

    Files in added folders stay. Raises ModelError where the name is no model of the user's own.
    """
    place = Path(name).expanduser().absolute()
    if place in added():
        user_file.write(SETTINGS, {**user_file.read(SETTINGS), ADDED: [str(p) for p in added() if p != place]})
        return place
    fits = [f for f in versions() if name in (f.name, f.id)]
    own = [f for f in fits if place_of(f) == "own"]
    if not own:
        where = f"is {place_of(fits[0])}" if fits else "is not there"
        raise ModelError(f"{name} {where} and cannot be removed; radoncai models list shows which are your own.")
    if len(own) > 1:
        raise ModelError(f"There are several: {', '.join(f.id for f in own)}; say which one is to be removed.")
    try:
        with _staging() as staging:
            os.replace(own[0].path, staging / "gone")
    except OSError as problem:
        raise PlatformError(f"{own[0].path} cannot be removed ({problem.strerror}); close what uses it.") from problem
    return own[0].path


def add(place: Path) -> list[ModelFolder]:
    """Let the catalogue look into a folder, in which everything stays where it is; the models in it.

    Raises ModelError where it holds none.
    """
    place = Path(place).expanduser().absolute()
    if not place.is_dir():
        raise ModelError(f"There is no folder {place}; name one that holds models.")
    found = [read_folder(p) for p in model_folders(place)]
    if not found:
        raise ModelError(f"{place} holds no folder with a model.json; radoncai models install {place} can write one "
                         "for an nnU-Net folder or a MONAI bundle.")
    if place not in added():
        user_file.write(SETTINGS, {**user_file.read(SETTINGS), ADDED: [*map(str, added()), str(place)]})
    return found


def _root(source: Path) -> Path:
    """The model in what was named: itself, or the only one below it. Raises ModelError."""
    if source.is_file() or describes(source):
        return source
    found = [p for p in sorted(source.iterdir()) if p.is_dir() and describes(p)] if source.is_dir() else []
    if len(found) > 1:
        names = ", ".join(p.name for p in found)
        raise ModelError(f"{source} holds several models ({names}); install one of them, or add them all with "
                         f"radoncai models add {source}.")
    if not found:
        raise ModelError(f"{source} is no model that is known here: a model.json, an nnU-Net folder (plans.json, "
                         "dataset.json, fold_0), a MONAI bundle (configs/metadata.json) or an .onnx file is needed.")
    return found[0]


def _check_name(model: dict[str, Any], where: Path) -> None:
    """Name and version become a folder's name. Raises ModelError."""
    for key, option in (("name", "--as"), ("version", "--version")):
        if not NAME.fullmatch(str(model.get(key) or "")):
            raise ModelError(f"{where} calls its {key} {model.get(key)!r}; letters, digits, dots, _ and - make one "
                             f"({option} gives it another).")


def _copy(source: Path, goal: Path, model: dict[str, Any], card: dict[str, Any], progress: Progress) -> None:
    """Documents, and the weights that the model names; hashes are checked, or made where there are none yet."""
    base = source if source.is_dir() else source.parent
    weights = dict(model.get("weights") or {})
    files = [base / name for name in weights]
    if source.is_dir():
        files += [p for p in sorted(source.rglob("*")) if _is_document(p) and p not in files]
    real = base.resolve()
    for path in files:
        if not path.resolve().is_relative_to(real):
            raise ModelError(f"{path} leads outside the model's folder; nothing was installed.")
        if not path.is_file():
            raise ModelError(f"The weights file {path} is missing; get the model again.")
    try:
        for number, path in enumerate(files):
            progress.step("copying the model", number / len(files))
            to = goal / path.relative_to(base)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
        progress.step("checking the model")
        model["weights"] = {name: digest or sha256(goal / name) for name, digest in weights.items()}
        for name, content in (("model.json", model), ("card.json", card)):
            if content:
                (goal / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as problem:
        raise PlatformError(disk_sentence(goal, problem)) from problem
    for name, digest in model["weights"].items():
        if problem := problem_of(goal, name, digest):
            said = problem.replace(str(goal), str(base))
            raise ModelError(f"{said[0].upper()}{said[1:]}; get the model again.")


def _is_document(path: Path) -> bool:
    return path.is_file() and (path.suffix.lower() in DOCUMENTS or path.name.upper().startswith("LICEN"))


def _refuse_present(folder: ModelFolder) -> None:
    if any(f.id == folder.id and place_of(f) == "own" for f in versions()):
        raise ModelError(f"{folder.name} {folder.version} is installed already; give this one another version, or "
                         f"remove that one first (radoncai models remove {folder.id}).")


def _ask(folder: ModelFolder, agreed: tuple[str, ...]) -> None:
    """A restricting licence is agreed to before anything is kept; code is asked for when it is to run."""
    if terms := [a for a in agreements.needed(folder) if a.kind == "licence" and a.kind not in agreed]:
        text = f"{terms[0].text.rstrip('.')}; install it with --agree if you keep to these terms."
        raise NotAgreed(text, terms)


@contextmanager
def _said_of(source: Path, staging: Path) -> Iterator[None]:
    """Errors name what the person named, not the folder that is gone when they are read."""
    try:
        yield
    except ModelError as problem:
        text = str(problem)
        for place in ("unpacked", "model"):
            text = text.replace(str(staging / place), str(source))
        problem.args = (text,)
        raise


@contextmanager
def _staging() -> Iterator[Path]:
    """A new folder in the user's models that is gone afterwards, so that moving it into place takes no copy."""
    place = own_place()
    try:
        place.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".installing-", dir=place))
    except OSError as problem:
        raise PlatformError(disk_sentence(place, problem)) from problem
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
