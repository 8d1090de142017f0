"""Weights of TotalSegmentator: fetched because a person asked for them, or unpacked from a folder of archives."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from radoncai.core.array_file import disk_sentence
from radoncai.core.errors import InputError, ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models.install import archives
from radoncai.models.runners import totalsegmentator_tasks as known

BLOCK = 1 << 20
WAIT_S = 30.0


def asked(names: list[str]) -> dict[str, str]:
    """Weights folder to the address of its archive, for tasks or model names. Raises InputError, ModelError."""
    found = {}
    for name in names:
        rows = [t for t in known.tasks().values() if name in (t.task, t.name)]
        if not rows:
            raise InputError(f"TotalSegmentator has no task {name}; Resources/Templates/totalsegmentator_tasks.csv "
                             "lists them.")
        task = next((t for t in rows if t.name == name or t.mode == "default"), rows[0])
        for folder in (*task.weights, *task.rough_weights):
            found[folder] = address(folder)
            if not found[folder]:
                raise ModelError(f"The weights {folder} come with a licence number only, from {known.NUMBER_AT}.")
    return found


def address(folder: str) -> str:
    """Where a weights folder's archive lies, "" where nobody can simply fetch it."""
    urls = [known.where_from(t, folder) for t in known.tasks().values() if folder in t.weights]
    return next((url for url in urls if url), "")


def fetch(names: list[str], place: Path, progress: Progress) -> list[Path]:
    """The archives of some tasks in a folder; those that are there already are not fetched again.

    Raises InputError, ModelError, PlatformError, Cancelled; no half archive stays.
    """
    place.mkdir(parents=True, exist_ok=True)
    files = []
    for folder, url in asked(names).items():
        target = place / f"{folder}.zip"
        if not target.is_file():
            _fetch(url, target, progress)
        files.append(target)
    return files


def unpack(place: Path, progress: Progress) -> list[str]:
    """Every Dataset*.zip of a folder into TotalSegmentator's weights folder; the names.

    Raises ModelError, PlatformError, Cancelled; no half folder stays.
    """
    done = []
    for archive in sorted(place.glob("Dataset*.zip")):
        target = known.weights_folder() / archive.stem
        if not target.is_dir():
            part = target.with_name(f".{archive.stem}-{os.getpid()}")
            try:
                found = archives.unpack(archive, part, progress)
                found.rename(target)
            except OSError as problem:
                raise PlatformError(disk_sentence(target.parent, problem)) from problem
            finally:
                shutil.rmtree(part, ignore_errors=True)
        done.append(archive.stem)
    return done


def _fetch(url: str, target: Path, progress: Progress) -> None:
    part, step = target.with_suffix(".part"), f"fetching {target.stem}"
    progress.step(step)
    try:
        with urllib.request.urlopen(url, timeout=WAIT_S) as source, part.open("wb") as file:
            size, got = int(source.headers.get("Content-Length") or 0), 0
            while block := source.read(BLOCK):
                file.write(block)
                got += len(block)
                progress.step(step, got / size if size else 0.0)
        if size and got != size:
            raise PlatformError(f"{url} broke off after {got >> 20} of {size >> 20} MB; run the command again.")
        part.rename(target)
    except urllib.error.HTTPError as problem:
        raise PlatformError(f"{url} answered {problem.code} {problem.reason}; check the proxy (HTTPS_PROXY), or fetch "
                            "it with a browser.") from problem
    except (urllib.error.URLError, TimeoutError) as problem:
        reason = getattr(problem, "reason", problem)
        raise PlatformError(f"{url} cannot be reached ({reason}); check network and HTTPS_PROXY, or fetch it on "
                            "another machine and use --from FOLDER.") from problem
    except OSError as problem:
        raise PlatformError(disk_sentence(target.parent, problem)) from problem
    finally:
        part.unlink(missing_ok=True)
