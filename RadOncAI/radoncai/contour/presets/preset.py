"""Site presets: the structures of a site, the clinic's names for them, and the models that give them. Data only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radoncai.core.errors import InputError
from radoncai.core.output import staged
from radoncai.core.provenance import file_hash
from radoncai.core.resources import resources, user_folder
from radoncai.core.templates import ROLES

NAME = re.compile(r"^[\w][\w.-]*$")
KEYS = ("name", "local_name", "role", "model")


@dataclass(frozen=True)
class Candidate:
    """A model, `NAME` or `NAME@VERSION`, and its outputs that make the structure: one, or several that are united."""

    model: str
    outputs: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, name: str) -> Candidate:
        """`MODEL`, `MODEL:OUTPUT` or `MODEL:OUTPUT+OUTPUT`; without outputs the structure's own name. ValueError."""
        model, colon, outputs = text.partition(":")
        parts = tuple(part.strip() for part in outputs.split("+")) if colon else (name,)
        if not model.strip() or not all(parts):
            raise ValueError(f"{text!r} is no MODEL or MODEL:OUTPUT")
        return cls(model.strip(), parts)


@dataclass(frozen=True)
class PresetStructure:
    """One structure: TG-263 name, the clinic's own ("" for none), role, and its models in the order of preference."""

    name: str
    candidates: tuple[Candidate, ...]
    local_name: str = ""
    role: str = "oar"

    @property
    def label(self) -> str:
        """The name that the structure gets in the set."""
        return self.local_name or self.name


@dataclass(frozen=True)
class Preset:
    """`name` is that of its file; `own` where it lies in the user's folder."""

    name: str
    title: str
    site: str
    structures: tuple[PresetStructure, ...]
    path: Path
    own: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that is named, once."""
        return tuple(dict.fromkeys(c.model for s in self.structures for c in s.candidates))

    @property
    def described(self) -> dict[str, str]:
        """How provenance names it."""
        return {"name": self.name, "sha256": file_hash(self.path)}


def own_folder() -> Path:
    """Where a user's presets lie."""
    return user_folder() / "templates" / "presets"


def preset_files() -> dict[str, Path]:
    """Names of the presets and their files; the user's folder adds and overrides."""
    folders = (resources() / "Templates" / "presets", own_folder())
    return {p.stem: p for folder in folders if folder.is_dir() for p in sorted(folder.glob("*.json"))}


def load_preset(name: str) -> Preset:
    """A preset by its name. Raises InputError where there is none or where its file is damaged."""
    files = preset_files()
    if name not in files:
        raise InputError(f"There is no preset {name}; choose one of {', '.join(files)}.")
    return read_preset(files[name])


def read_preset(path: Path) -> Preset:
    """A preset from its file. Raises InputError that says what is wrong in it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        structures = tuple(_structure(row) for row in data["structures"])
        preset = Preset(path.stem, str(data["title"]), str(data.get("site", "")), structures, path,
                        path.parent == own_folder())
    except KeyError as error:
        raise InputError(f"The preset {path} lacks the key {error}; add it.") from None
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"The preset {path} is damaged ({error}); mend it or take it away.") from None
    labels = [s.label.casefold() for s in structures]
    if twice := next((s.label for s in structures if labels.count(s.label.casefold()) > 1), None):
        raise InputError(f"The preset {path} has two structures named {twice}; rename one of them.")
    if not structures:
        raise InputError(f"The preset {path} has no structures; add some.")
    return preset


def copy_preset(name: str, to: str) -> Path:
    """The preset's file under a new name in the user's folder, to be edited there. Raises InputError."""
    source = load_preset(name).path
    target = own_folder() / f"{to}.json"
    if not NAME.match(to):
        raise InputError(f"A preset cannot be named {to!r}; use letters, digits, - and _.")
    if target.exists():
        raise InputError(f"There is already a preset {target}; choose another name.")
    with staged(target.parent) as place:
        (place / target.name).write_bytes(source.read_bytes())
    return target


def _structure(row: dict[str, Any]) -> PresetStructure:
    if unknown := next((key for key in row if key not in KEYS), None):
        raise ValueError(f"unknown key {unknown!r} in {row.get('name')}")
    name, models, role = row["name"], row["model"], row.get("role", "oar")
    if not isinstance(name, str) or not name.strip() or not isinstance(row.get("local_name", ""), str):
        raise ValueError(f"{name!r} is no name")
    if role not in ROLES:
        raise ValueError(f"unknown role {role!r} of {name}")
    if not isinstance(models, list) or not models or not all(isinstance(m, str) for m in models):
        raise ValueError(f"'model' of {name} is no list of models")
    return PresetStructure(name, tuple(Candidate.parse(m, name) for m in models), row.get("local_name", ""), role)
