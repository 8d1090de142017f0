"""Making a private environment, from the network or from a folder of wheels; all of it or nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from radoncai.core.array_file import disk_sentence
from radoncai.core.errors import InputError, ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.install import environments
from radoncai.models.install.environments import MARKER, Environment, Recipe
from radoncai.models.install.pip_process import run_pip
from radoncai.models.runners import has_gpu

CPU_TORCH = "https://download.pytorch.org/whl/cpu"
_PROBE = """
import importlib, importlib.metadata as m, json, sys
sys.path[:0] = json.loads(sys.argv[2])
broken = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except Exception as problem:
        broken[name] = f"{type(problem).__name__}: {problem}".splitlines()[0]
torch = sys.modules.get("torch")
device = torch.cuda.get_device_name(0) if torch and torch.cuda.is_available() else ""
path = json.loads(sys.argv[2]) or sys.path
print(json.dumps({"broken": broken, "device": device,
                  "versions": {d.metadata["Name"]: d.version for d in m.distributions(path=path)}}))
"""


def recipe_of(name: str) -> Recipe:
    """Raises InputError with the names there are."""
    known = environments.recipes()
    if name not in known:
        raise InputError(f"There is nothing named {name} to install; choose one of {', '.join(known)}.")
    return known[name]


def install(name: str, progress: Progress, wheels: Path | None = None, kind: str | None = None) -> dict[str, Any]:
    """Install a row of environments.json: `versions`, `device` (the GPU's name or ""), `folder` ("" for this Python).

    `wheels` is a folder made by `download`: nothing else is asked then. `kind` is venv or target; by itself the one
    that this Python allows. An environment that was there is replaced once the new one is whole.
    Raises InputError, ModelError, PlatformError, Cancelled; then nothing is left.
    """
    recipe = recipe_of(name)
    if wheels is not None and not any(Path(wheels).glob("*.whl")):
        raise InputError(f"{wheels} holds no wheels; make it with radoncai install {name} --download {wheels} on a "
                         "connected machine.")
    if not recipe.private:
        _check_disk(recipe, Path(sys.prefix))
        run_pip(["install", *_asked(recipe, wheels)], recipe.title, progress, wheels)
        return {"folder": "", **_probe(Path(sys.executable), None, recipe, progress)}
    target = environments.place(name)
    new = target.with_name(f".{name}-{os.getpid()}")
    try:
        _check_disk(recipe, target.parent)
        found = _make(recipe, new, progress, wheels, kind or _kind())
        shutil.rmtree(target, ignore_errors=True)
        new.rename(target)
    except OSError as problem:
        raise PlatformError(disk_sentence(target.parent, problem)) from problem
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return {"folder": str(target), **found}


def bring(name: str, progress: Progress, source: Path | None = None, weights: Sequence[str] = ()) -> list[str]:
    """What `radoncai install` does, in sentences: packages, and for TotalSegmentator its models and weights.

    `source` may hold wheels, archives of weights, or both; `weights` are tasks whose weights are fetched because a
    person named them. Raises InputError, ModelError, PlatformError, Cancelled.
    """
    recipe, said = recipe_of(name), []
    if source is not None and not source.is_dir():
        raise InputError(f"There is no folder {source}; name the one that radoncai install {name} --download made.")
    archives = source is not None and any(source.glob("Dataset*.zip"))
    only_weights = weights or (archives and not any(source.glob("*.whl")))
    if not (only_weights and environments.installed(name)):
        said.append(in_words(recipe, install(name, progress, source)))
    if name == "totalsegmentator":
        from radoncai.models.runners import totalsegmentator_tasks, totalsegmentator_weights

        said.append(f"{len(totalsegmentator_tasks.write_models())} tasks stand in radoncai models list.")
        unpacked = totalsegmentator_weights.unpack(source, progress) if archives else []
        if weights:
            with tempfile.TemporaryDirectory(dir=environments.place(name).parent) as place:
                totalsegmentator_weights.fetch(list(weights), Path(place), progress)
                unpacked += totalsegmentator_weights.unpack(Path(place), progress)
        if unpacked:
            said.append(f"Weights in {totalsegmentator_tasks.weights_folder()}: {', '.join(unpacked)}.")
    return said


def download(name: str, folder: Path, progress: Progress) -> list[str]:
    """Fetch what `install(wheels=folder)` needs on a machine of the same system and Python: names of the wheels.

    Raises InputError, ModelError, PlatformError, Cancelled.
    """
    recipe = recipe_of(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_disk(recipe, folder)
    except OSError as problem:
        raise PlatformError(disk_sentence(folder, problem)) from problem
    run_pip(["wheel", "--wheel-dir", str(folder), *_asked(recipe, None)], recipe.title, progress)
    return sorted(p.name for p in folder.glob("*.whl"))


def in_words(recipe: Recipe, found: dict[str, Any]) -> str:
    """What came, and whether it can use the graphics card."""
    named = {k.lower(): v for k, v in found["versions"].items()}
    names = [r.split(">")[0].split("=")[0] for r in recipe.requirements]
    versions = ", ".join(f"{n} {named[n.lower()]}" for n in names if n.lower() in named)
    where = f" in {found['folder']}" if found["folder"] else ""
    if found["device"]:
        return f"{recipe.title} is installed{where}: {versions}, on {found['device']}."
    cpu = "an NVIDIA card is here, but this torch cannot use it; models run on the processor" if has_gpu() else \
        "models run on the processor"
    return f"{recipe.title} is installed{where}: {versions}; {cpu}."


def _make(recipe: Recipe, folder: Path, progress: Progress, wheels: Path | None, kind: str) -> dict[str, Any]:
    progress.step("making the environment")
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    if kind == "venv":
        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
        python, packages = environments.python_in(folder), None
        where = ["--python", str(python), "install"]
    else:
        python, packages = Path(sys.executable), folder / "packages"
        where = ["install", "--target", str(packages)]
    run_pip([*where, *_asked(recipe, wheels)], recipe.title, progress, wheels)
    _remove_unwanted(recipe, python, packages, folder, progress)
    found = _probe(python, packages, recipe, progress)
    content = {"kind": kind, "python": str(python) if packages else "", **found}
    (folder / MARKER).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return found


def _asked(recipe: Recipe, wheels: Path | None) -> list[str]:
    """Requirements, pins and where to look. Without a graphics card Linux is asked for the small torch first."""
    options = ["--constraint", str(recipe.pins)] if recipe.pins else []
    if wheels is not None:
        options += ["--no-index", "--find-links", str(wheels)]
    elif sys.platform == "linux" and not has_gpu():
        options += ["--extra-index-url", CPU_TORCH]
    return [*options, *recipe.requirements]


def _remove_unwanted(recipe: Recipe, python: Path, packages: Path | None, folder: Path, progress: Progress) -> None:
    """What came along and does not work beside the rest: on CPU torch torchvision breaks whoever imports it."""
    for name in recipe.unwanted:
        place = packages or next(folder.glob("**/site-packages"))
        if not (place / name).is_dir() or not _look(python, packages, (name,), progress)["broken"]:
            continue
        for part in [place / name, *place.glob(f"{name}-*.dist-info"), *place.glob(f"{name}.libs")]:
            shutil.rmtree(part)


def _probe(python: Path, packages: Path | None, recipe: Recipe, progress: Progress) -> dict[str, Any]:
    """Versions and the graphics card. Raises ModelError where a package cannot be imported."""
    found = _look(python, packages, recipe.imports, progress)
    for name, reason in found.pop("broken").items():
        raise ModelError(f"{recipe.title} was fetched, but {name} cannot be used here ({reason.rstrip('.')}).")
    return found


def _look(python: Path, packages: Path | None, names: tuple[str, ...], progress: Progress) -> dict[str, Any]:
    progress.step("trying it out")
    env = Environment("", Path(), python, packages, {})
    command = [str(python), "-c", _PROBE, json.dumps(names), json.dumps([str(packages)] if packages else [])]
    done = subprocess.run(command, capture_output=True, text=True, env=environments.variables(env), check=False)
    progress.step("trying it out", 1.0)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        reason = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return {"broken": {names[0]: reason}, "versions": {}, "device": ""}


def _kind() -> str:
    """A Python that an application brings has its home told by it: no virtual environment works there."""
    brought = os.environ.get("PYTHONHOME") or Path(sys.executable).stem.lower() in ("pythonslicer", "python-real")
    return "target" if brought or importlib.util.find_spec("venv") is None else "venv"


def _check_disk(recipe: Recipe, folder: Path) -> None:
    """Raises PlatformError where the room is known to be too little."""
    there = next(p for p in (folder, *folder.parents) if p.is_dir())
    free = shutil.disk_usage(there).free / 1e9
    if free < recipe.disk_gb:
        raise PlatformError(f"{recipe.title} needs {recipe.disk_gb:g} GB, {there} has {free:.1f} GB left; free some "
                            "space or choose another folder with RADONCAI_ENVIRONMENTS.")
