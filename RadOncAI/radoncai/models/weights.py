"""Weights files: found, and checked against their hash before every load."""

from __future__ import annotations

import hashlib
from pathlib import Path

from radoncai.core.errors import ModelError


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def problem_of(folder: Path, name: str, expected: str) -> str:
    """What is wrong with one weights file, "" if nothing."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return f"the weights file {name} lies outside the model's folder {folder}"
    if not path.is_file():
        return f"the weights file {path} is missing"
    if sha256(path) != expected:
        return f"the weights file {path} has changed since the model was made (wrong sha256)"
    return ""


def checked(folder: Path, name: str, weights: dict[str, str]) -> Path:
    """The path of a weights file whose hash is right. Raises ModelError otherwise."""
    if name not in weights:
        raise ModelError(f"The model in {folder} names no hash for {name} in its model.json; install it again.")
    problem = problem_of(folder, name, weights[name])
    if problem:
        raise ModelError(f"{problem[0].upper()}{problem[1:]}; install the model again.")
    return folder / name


def file_ending(weights: dict[str, str], ending: str) -> str | None:
    """The first weights file with this ending, None where there is none."""
    return next((name for name in sorted(weights) if name.endswith(ending)), None)
