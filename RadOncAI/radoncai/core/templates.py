"""What a structure is, by its name: role, code, colour, tolerance, usual volume. The tables are data.

Names follow TG-263 (AAPM report 263, 2018). Matching drops case, accents, spaces and `_-.`, reads sides as prefix or
suffix, and takes targets and PRVs by their pattern. A name that could mean two things matches nothing; `candidates`
lists what it could mean.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from radoncai.core.errors import InputError
from radoncai.core.resources import resources, user_folder

ROLES = ("oar", "gtv", "ctv", "ptv", "external", "support", "derived")

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TARGET = re.compile(r"^(I?GTV|I?CTV|ITV|PTV)!?(.*)$", re.IGNORECASE)
_MARGIN = r"PRV[ _]*(?:\d+[ _]*(?:mm)?)?"
_PRV = re.compile(rf"^(?:(?P<organ>.+?)[ _]*{_MARGIN}|{_MARGIN}[ _]*(?P<after>.+))$", re.IGNORECASE)
_LEVEL = (
    (re.compile(r"(\d+(?:[.p]\d+)?)[ _]*cgy", re.IGNORECASE), 0.01),
    (re.compile(r"(\d+(?:[.p]\d+)?)[ _]*gy", re.IGNORECASE), 1.0),
    (re.compile(r"(?<!\d)([1-9]\d{3})(?!\d)"), 0.01),
    (re.compile(r"(?<![\d.])([1-9]\d(?:[.p]\d+)?)(?![\d%]|[ _]*mm)", re.IGNORECASE), 1.0),
)


@dataclass(frozen=True)
class StructureTemplate:
    """One row of structures.json. Codes are (scheme, value, meaning); `volume_cc` is the band to flag outside of."""

    name: str
    role: str
    aliases: tuple[str, ...] = ()
    site: str = "all"
    laterality: str = ""
    code: tuple[str, str, str] | None = None
    category: tuple[str, str, str] | None = None
    modifier: tuple[str, str, str] | None = None
    color: tuple[int, int, int] = (255, 255, 0)
    tolerance_mm: float | None = None
    tolerance_source: str = ""
    volume_cc: tuple[float, float] | None = None
    slice_area_cm2: tuple[float, float] | None = None
    volume_source: str = ""
    source: str = ""
    level_gy: float | None = None


def structure_templates() -> dict[str, StructureTemplate]:
    """All templates by TG-263 name; a user's `templates/structures.json` adds to them and overrides equal names."""
    return _tables(_user_file()).templates


def match(name: str) -> StructureTemplate | None:
    """The template a name stands for, or None where nothing or more than one thing fits.

    Targets carry their standard name and `level_gy` ("PTV70" is PTV_7000, 70 Gy); a PRV is its organ with the role
    `derived` and the name as given; so is a subtraction such as Lungs-GTV, without the code.
    """
    tables = _tables(_user_file())
    name = name.strip()
    if name in tables.templates:
        return tables.templates[name]
    if any(pattern.search(name) for pattern in tables.derived):
        return StructureTemplate(name, "derived", source="pattern of helper structures")
    named = _by_name(name, tables)
    if named is not None:
        return named
    return None if plain(name) in tables.ambiguous else _target(name, tables) or _derived(name, tables)


def candidates(name: str) -> tuple[str, ...]:
    """Standard names that a name could mean: one where `match` finds it, several where it is ambiguous."""
    found = match(name)
    if found is not None:
        return (found.name,)
    tables = _tables(_user_file())
    key = plain(name)
    either_side = {t for (base, _), names in tables.sided.items() if base == key for t in names}
    return tables.ambiguous.get(key) or tuple(sorted(either_side))


def tolerance_mm(name: str, volume_cc: float | None) -> float:
    """Surface Dice tolerance: Nikolov 2018 where listed, else 2 mm below 30 cc and 3 mm from there on."""
    found, rule = match(name), _tables(_user_file()).tolerance_rule
    if found is not None and found.tolerance_mm is not None:
        return found.tolerance_mm
    return rule["below_mm"] if volume_cc is not None and volume_cc < rule["limit_cc"] else rule["from_mm"]


def plain(name: str) -> str:
    """Lower case without accents, spaces and `_-.`; umlauts as two letters. The form in which names are compared."""
    text = unicodedata.normalize("NFKD", name.translate(_UMLAUTS)).encode("ascii", "ignore").decode()
    return re.sub(r"[\s_.\-]", "", text).lower()


@dataclass(frozen=True, eq=False)
class _Tables:
    templates: dict[str, StructureTemplate]
    names: dict[str, str]
    aliases: dict[str, tuple[str, ...]]
    sided: dict[tuple[str, str], tuple[str, ...]]
    sides: dict[str, str]
    ambiguous: dict[str, tuple[str, ...]]
    derived: tuple[re.Pattern, ...]
    target_colors: tuple[tuple[float, str], ...]
    tolerance_rule: dict[str, float]


def _user_file() -> Path:
    return user_folder() / "templates" / "structures.json"


@cache
def _tables(user_file: Path) -> _Tables:
    data = _read(resources() / "Templates" / "structures.json")
    templates = {row["name"]: _template(row) for row in data["structures"]}
    if user_file.is_file():
        try:
            templates |= {row["name"]: _template(row) for row in _read(user_file).get("structures", [])}
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"The template file {user_file} is damaged ({error}); correct or remove it.") from error
    sides = {word: side for side, words in data["sides"].items() for word in words}
    aliases, sided = _index(templates, sides)
    return _Tables(
        templates, {plain(name): name for name in templates}, aliases, sided, sides,
        {plain(k): tuple(v) for k, v in data["ambiguous"].items()},
        tuple(re.compile(p) for p in data["derived_patterns"]),
        tuple((row["from_gy"], row["like"]) for row in data["target_colors"]), data["tolerance_rule"])


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _template(row: dict) -> StructureTemplate:
    code = row.get("code") or {}
    triple = {key: (code.get("scheme", "SCT"), *code[key]) for key in ("category", "modifier") if code.get(key)}
    pairs = {key: tuple(row[key]) for key in ("color", "volume_cc", "slice_area_cm2") if row.get(key)}
    if row["role"] not in ROLES:
        raise ValueError(f"role {row['role']} of {row['name']}")
    return StructureTemplate(
        row["name"], row["role"], tuple(row.get("aliases", ())), row.get("site", "all"), row.get("laterality", ""),
        (code["scheme"], code["value"], code["meaning"]) if code else None,
        tolerance_mm=row.get("tolerance_mm"), tolerance_source=row.get("tolerance_source", ""),
        volume_source=row.get("volume_source", ""), source=row.get("source", ""), **triple, **pairs)


def _index(templates: dict[str, StructureTemplate], sides: dict[str, str]) -> tuple[dict, dict]:
    aliases: dict[str, tuple[str, ...]] = {}
    sided: dict[tuple[str, str], tuple[str, ...]] = {}
    for template in templates.values():
        for word in (template.name, *template.aliases):
            _add(aliases, plain(word), template.name)
            base, side = _split_side(word, sides)
            if side and side == template.laterality:
                _add(sided, (base, side), template.name)
    return aliases, sided


def _add(index: dict, key: object, name: str) -> None:
    index[key] = tuple(dict.fromkeys((*index.get(key, ()), name)))


def _split_side(name: str, sides: dict[str, str]) -> tuple[str, str]:
    """("parotid", "right") of "Parotid_R", "RT Parotid" or "rightparotid"; the side is "" where none is told."""
    ascii_name = unicodedata.normalize("NFKD", name.translate(_UMLAUTS)).encode("ascii", "ignore").decode()
    words = [w.lower() for w in _WORDS.findall(ascii_name)]
    for end, rest in ((-1, slice(None, -1)), (0, slice(1, None))):
        if len(words) > 1 and words[end] in sides:
            return "".join(words[rest]), sides[words[end]]
    key = plain(name)
    for side in ("left", "right"):
        if key.startswith(side) or key.endswith(side):
            return key.removeprefix(side).removesuffix(side), side
    return key, ""


def _by_name(name: str, tables: _Tables) -> StructureTemplate | None:
    key = plain(name)
    if key in tables.names:
        return tables.templates[tables.names[key]]
    if key in tables.ambiguous:
        return None
    found = tables.aliases.get(key) or tables.sided.get(_split_side(name, tables.sides), ())
    return tables.templates[found[0]] if len(found) == 1 else None


def _target(name: str, tables: _Tables) -> StructureTemplate | None:
    parts = _TARGET.match(name)
    if parts is None or re.search(r"-\s*[A-Za-z]", name):
        return None
    kind, rest = parts.group(1).upper(), re.sub(r"-\d+(mm)?$|(?<=\d)x\d+$", "", parts.group(2))
    role = {"IGTV": "gtv", "ITV": "ctv", "ICTV": "ctv"}.get(kind, kind.lower())
    letters = re.match(r"(n|p|sb|par|vas|v)(?![a-z])", rest)
    label = kind + (letters.group(1) if letters else "")
    base = tables.templates.get(label) or tables.templates.get(kind) or StructureTemplate(kind, role)
    level = _level(rest)
    if level is None:
        return replace(base, name=name, aliases=(), role=role)
    like = next((like for start, like in tables.target_colors if level >= start), base.name)
    color = tables.templates[like].color if role == "ptv" and like in tables.templates else base.color
    return replace(base, name=f"{label}_{round(level * 100):04d}", aliases=(), role=role, level_gy=level, color=color)


def _level(text: str) -> float | None:
    for pattern, factor in _LEVEL:
        found = pattern.search(text)
        if found:
            return round(float(found.group(1).replace("p", ".")) * factor, 3)
    return None


def _derived(name: str, tables: _Tables) -> StructureTemplate | None:
    prv = _PRV.match(name)
    if prv:
        organ = _by_name((prv.group("organ") or prv.group("after")).strip(" _-+"), tables)
        known = organ or StructureTemplate(name, "derived", source="TG-263 pattern")
        return replace(known, name=name, aliases=(), role="derived", tolerance_mm=None, volume_cc=None)
    parts = re.split(r"-\s*(?=[A-Za-z])", name)
    if len(parts) == 2 and (_TARGET.match(parts[1]) or _by_name(parts[1], tables)):
        return StructureTemplate(name, "derived", source="TG-263 pattern of a subtraction")
    return None
