"""Which structure of a file a person means: exact name first, then a declared mapping, then an alias, said aloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from radoncai.core.errors import InputError
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.templates import match


@dataclass(frozen=True)
class Resolved:
    """`names` maps what was asked for to the name in the file; `said` are the sentences about matches by alias."""

    names: dict[str, str]
    said: tuple[str, ...] = ()


def resolve(wanted: Iterable[str], available: Iterable[str], mapping: Mapping[str, str] | None = None, *,
            where: str = "the structure set") -> Resolved:
    """Find each wanted name among the available ones.

    Raises InputError for a name that is not there (listing what is) and for two candidates by alias.
    """
    available = list(available)
    names, said = {}, []
    for name in wanted:
        asked = (mapping or {}).get(name, name)
        if asked in available:
            names[name] = asked
            continue
        candidates = same_meaning(asked, available)
        if len(candidates) == 1:
            names[name] = candidates[0]
            said.append(f"{name} was taken to be {candidates[0]} of {where}.")
        elif candidates:
            raise InputError(f"{name} could be {' or '.join(candidates)} in {where}; decide with --map {name}=NAME.")
        else:
            raise InputError(f"{where[:1].upper()}{where[1:]} has no {name}; it has {_listed(available)}.")
    return Resolved(names, tuple(said))


def same_meaning(name: str, available: Iterable[str]) -> list[str]:
    """Available names that stand for the same structure of the template."""
    template = match(name)
    if template is None:
        return [a for a in available if a.casefold() == name.casefold()]
    return [a for a in available if (found := match(a)) is not None and found.name == template.name]


def _listed(names: list[str], most: int = 30) -> str:
    shown = ", ".join(names[:most])
    return (shown or "no structures") + (f" and {len(names) - most} more" if len(names) > most else "")


def annotated(structures: StructureSet) -> StructureSet:
    """The set with standard names, and roles and codes where the file gave none; names stay as they are."""
    return replace(structures, structures=tuple(_annotate(s) for s in structures))


def _annotate(structure: Structure) -> Structure:
    template = match(structure.name)
    if template is None:
        return structure
    role = template.role if structure.role in ("", "oar") else structure.role
    return replace(structure, standard_name=structure.standard_name or template.name, role=role,
                   code=structure.code or template.code)
