"""A kept case as a file: the input's recipe, and what the model gave, masks packed small."""

from __future__ import annotations

import base64
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.resources import user_folder
from radoncai.core.structures import Box
from radoncai.models.catalogue import ModelFolder
from radoncai.models.spec import read_json


@dataclass(frozen=True, eq=False)
class Kept:
    """One number that a model gave, None where it gave none and `reason` says why; structures have centre and mask.

    `mask` covers `box` of the input's grid; `center_mm` is LPS.
    """

    value: float | None
    unit: str
    reason: str = ""
    center_mm: tuple[float, float, float] | None = None
    mask: np.ndarray | None = None
    box: Box | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """`input` is the recipe (`inputs.open_input`), `image` the hash of its voxels, `results` name to what was given;
    `model` (NAME@VERSION), `weights` (fingerprint), `radoncai` and `made` say by what and when.
    """

    name: str
    input: dict[str, Any]
    image: str
    model: str
    weights: str
    radoncai: str
    made: str
    results: dict[str, Kept]


def places(folder: ModelFolder) -> tuple[Path, Path]:
    """Where cases of a model lie: those that came with it, and those that this user kept."""
    return folder.path / "cases", user_folder() / "cases" / folder.name


def load(folder: ModelFolder) -> list[Case]:
    """All cases of a model; of equal names the user's own. Raises ModelError for a file that is no case."""
    files = {path.stem: path for place in places(folder) for path in sorted(place.glob("*.json"))}
    return [read(path) for path in files.values()]


def read(path: Path) -> Case:
    """One case. Raises ModelError that names the file."""
    content = read_json(path)
    try:
        results = {str(name): _kept(row) for name, row in content["results"].items()}
        return Case(path.stem, dict(content["input"]), *(str(content[k]) for k in ("image", "model", "weights",
                                                                                   "radoncai", "made")), results)
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as problem:
        raise ModelError(f"{path} is no kept case ({problem}); delete it and keep the case again.") from None


def write(case: Case, place: Path) -> Path:
    """Replace the case's file in `place` at once. Raises PlatformError."""
    path = place / f"{case.name}.json"
    part = path.with_name(f"{path.name}.part")
    facts = {key: getattr(case, key) for key in ("input", "image", "model", "weights", "radoncai", "made")}
    try:
        place.mkdir(parents=True, exist_ok=True)
        part.write_text(_text(facts, {name: _row(kept) for name, kept in case.results.items()}), encoding="utf-8")
        os.replace(part, path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise PlatformError(f"{path} cannot be written ({problem.strerror}); choose another place.") from problem
    return path


def _text(facts: dict[str, Any], results: dict[str, Any]) -> str:
    """JSON with a line for each fact and each result."""
    def lines(rows: dict[str, Any], indent: str) -> str:
        return ",\n".join(f"{indent}{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in rows.items())
    return f'{{\n{lines(facts, " ")},\n "results": {{\n{lines(results, "  ")}\n }}\n}}\n'


def _row(kept: Kept) -> dict[str, Any]:
    row: dict[str, Any] = {"value": kept.value, "unit": kept.unit}
    if kept.reason:
        row["reason"] = kept.reason
    if kept.center_mm is not None:
        row["center_mm"] = [round(v, 2) for v in kept.center_mm]
    if kept.mask is not None:
        row["box"] = [[s.start, s.stop] for s in kept.box]
        row["mask"] = base64.b64encode(zlib.compress(np.packbits(kept.mask).tobytes(), 9)).decode("ascii")
    return row


def _kept(row: dict[str, Any]) -> Kept:
    mask = box = None
    if "mask" in row:
        box = tuple(slice(int(a), int(b)) for a, b in row["box"])
        shape = tuple(s.stop - s.start for s in box)
        if len(shape) != 3 or min(shape) <= 0 or np.prod(shape, dtype=np.int64) > 1 << 30:
            raise ValueError("a box that cannot be")
        size = -(-int(np.prod(shape)) // 8)
        unpacker = zlib.decompressobj()
        bits = np.frombuffer(unpacker.decompress(base64.b64decode(row["mask"]), size), np.uint8)
        mask = np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape).astype(bool)
    center = tuple(float(v) for v in row["center_mm"]) if row.get("center_mm") else None
    value = None if row["value"] is None else float(row["value"])
    return Kept(value, str(row["unit"]), str(row.get("reason", "")), center, mask, box)
