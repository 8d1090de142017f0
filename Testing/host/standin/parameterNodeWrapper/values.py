"""How values are written into a parameter node, and read back."""

from __future__ import annotations

import enum
import json
import pathlib
import types
import typing

import slicer


class StoredList(list):
    """A list whose changes go back into the node."""

    def __init__(self, values, store) -> None:
        super().__init__(values)
        self._store = store


def _writing(name: str):
    native = getattr(list, name)

    def change(self, *arguments):
        out = native(self, *arguments)
        self._store(list(self))
        return out

    return change


for _name in ("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "__setitem__", "__delitem__"):
    setattr(StoredList, _name, _writing(_name))


def split_optional(kind) -> tuple[object, bool]:
    """The type without None, and whether None is allowed."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        inner = [k for k in typing.get_args(kind) if k is not type(None)]
        if len(inner) == 1 or all(is_node(k) for k in inner):
            return (inner[0] if len(inner) == 1 else tuple(inner)), len(inner) < len(typing.get_args(kind))
        raise TypeError(f"the host's parameterNodeWrapper does not know the type {kind}")
    return kind, False


def is_node(kind) -> bool:
    if isinstance(kind, tuple):
        return all(is_node(k) for k in kind)
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def is_list(kind) -> bool:
    return typing.get_origin(kind) is list


def check(kind, name: str, value):
    """The value as the type has it, or TypeError."""
    if is_list(kind):
        inner = typing.get_args(kind)[0]
        return [check(inner, name, item) for item in value]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is pathlib.Path and isinstance(value, str):
        return pathlib.Path(value)
    if not isinstance(value, kind) or (kind in (int, float) and isinstance(value, bool)):
        words = getattr(kind, "__name__", kind)
        raise TypeError(f"{name} takes {words}, got {value!r}")
    return value


def to_text(kind, value) -> str:
    if is_list(kind):
        inner = typing.get_args(kind)[0]
        return json.dumps([to_text(inner, item) for item in value])
    return value.name if isinstance(value, enum.Enum) else str(value)


def from_text(kind, text: str):
    if is_list(kind):
        inner = typing.get_args(kind)[0]
        return [from_text(inner, item) for item in json.loads(text)]
    if kind is bool:
        return text == "True"
    if issubclass(kind, enum.Enum):
        return kind[text]
    return kind(text)


def implicit_default(kind):
    if is_list(kind):
        return []
    if issubclass(kind, enum.Enum):
        return next(iter(kind))
    return kind()
