"""A bundle's configuration read as data: references and arithmetic are resolved, only allowed classes are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radoncai.core.errors import ModelError
from radoncai.models.runners.monai_bundle.allowed import LAYERS, NETWORKS, STEPS, is_file_step, last, make
from radoncai.models.runners.monai_bundle.expression import REFERENCE, NotAllowed, evaluate

MOST_BYTES, MOST_DEPTH, MOST_BUILT = 4 << 20, 60, 20_000
_NO_ARGUMENTS = ("_target_", "_disabled_", "_requires_", "_desc_", "_mode_")


def read_settings(path: Path) -> dict[str, Any]:
    """A JSON or YAML file with one object. Raises ModelError that names it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"{path} is bigger than {MOST_BYTES >> 20} MB; that is no configuration of a bundle.")
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else _yaml(path, text)
    except (OSError, ValueError, RecursionError) as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise ModelError(f"{path} cannot be read ({reason}); install the bundle again.") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} must hold one object; install the bundle again.")
    return content


def _yaml(path: Path, text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise ModelError(f"{path} needs PyYAML to be read; pip install pyyaml.") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise ValueError(f"no YAML: {str(problem).splitlines()[0]}") from None


class Settings:
    """Entries of a bundle by id ("preprocessing::transforms::0"), built when asked for and then kept.

    `given` entries are used instead of what the file says: what this program decides, such as the device. What nobody
    asks for is never looked at. Steps that load or save files are left out of lists and kept in `left_out`.
    """

    def __init__(self, name: str, content: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        self._name, self._content = name, content
        self._built: dict[str, Any] = dict(given)
        self._waiting: list[str] = []
        self.left_out: dict[str, Mapping[str, Any]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._built or name in self._content

    def get(self, place: str) -> Any:
        """What an entry stands for. Raises ModelError that names the entry and what is not allowed in it."""
        if place in self._built:
            return self._built[place]
        if place in self._waiting:
            raise self._refused(place, "it refers to itself")
        if len(self._waiting) > MOST_DEPTH or len(self._built) > MOST_BUILT:
            raise self._refused(place, "it is nested too deeply or holds too much")
        self._waiting.append(place)
        try:
            self._built[place] = self._made(self.raw(place), place)
        finally:
            self._waiting.pop()
        return self._built[place]

    def raw(self, place: str, hops: int = 0) -> Any:
        """An entry as the file has it. Raises ModelError where there is none."""
        if hops > MOST_DEPTH:
            raise self._refused(place, "it refers to itself")
        part: Any = self._content
        for number, key in enumerate(parts := place.split("::")):
            if isinstance(part, str) and part[:1] in "@%" and number:
                return self.raw("::".join([part[1:].replace("#", "::"), *parts[number:]]), hops + 1)
            if isinstance(part, Mapping) and key in part:
                part = part[key]
            elif isinstance(part, list) and key.isdigit() and int(key) < len(part):
                part = part[int(key)]
            else:
                raise ModelError(f"The bundle {self._name} has no entry {place} in its settings; it is incomplete.")
        return part

    def _made(self, raw: Any, place: str) -> Any:
        if isinstance(raw, str):
            return self._from_text(raw, place)
        if isinstance(raw, list):
            kept = [n for n, item in enumerate(raw) if not self._is_left_out(item, f"{place}::{n}")]
            return [self.get(f"{place}::{n}") for n in kept]
        if not isinstance(raw, Mapping):
            return raw
        if "_target_" not in raw:
            return {key: self.get(f"{place}::{key}") for key in raw}
        if raw.get("_mode_", "default") != "default":
            raise self._refused(place, f"the mode {raw['_mode_']!r} is not run from a model's files")
        arguments = {key: self.get(f"{place}::{key}") for key in raw if key not in _NO_ARGUMENTS}
        try:
            return make(raw["_target_"], arguments, NETWORKS + STEPS + LAYERS)
        except ModelError as problem:
            raise self._refused(place, str(problem).removesuffix(".")) from problem

    def _from_text(self, raw: str, place: str) -> Any:
        if raw.startswith("$"):
            try:
                return evaluate(raw[1:], self.get, _dtype)
            except NotAllowed as problem:
                raise self._refused(place, f"{raw[:80]!r} is code ({problem}), which is not run from a model") from None
        if found := REFERENCE.fullmatch(raw):
            return self.get(found.group(1).replace("#", "::"))
        if raw.startswith("@"):
            raise self._refused(place, f"the reference {raw[:80]!r} is of a kind that is not read here")
        if raw.startswith("%"):
            return self.get(raw[1:].replace("#", "::"))
        return raw

    def _is_left_out(self, item: Any, place: str) -> bool:
        if not isinstance(item, Mapping) or "_target_" not in item:
            return False
        if "_disabled_" in item and self.get(f"{place}::_disabled_") in (True, "true", "True"):
            return True
        if is_file_step(item["_target_"]):
            self.left_out[place] = item
            return True
        return False

    def argument(self, step: str, name: str, default: Any = None) -> Any:
        """An argument of the first step left out whose class begins with `step`."""
        for place, item in self.left_out.items():
            if last(item["_target_"]).startswith(step):
                return self.get(f"{place}::{name}") if name in item else default
        return default

    def _refused(self, place: str, why: str) -> ModelError:
        return ModelError(f"The bundle {self._name} cannot be used: in its entry {place}, {why}.")


def _dtype(name: str) -> Any:
    import torch
    return getattr(torch, name)
