"""Qt properties of stand-ins that are kept in the Python object."""

from __future__ import annotations

from PySide6.QtCore import Property


def kept(kind, name: str, default, signal: str = "", after: str = "") -> Property:
    """A property that remembers its value; a change calls the method `after` and then the signal."""
    key = "_" + name

    def read(self):
        return self.__dict__.get(key, default)

    def write(self, value) -> None:
        if value == read(self):
            return
        self.__dict__[key] = value
        if after:
            getattr(self, after)()
        if signal:
            getattr(self, signal)(value)

    return Property(kind, read, write)


def of_part(kind, part: str, name: str) -> Property:
    """A property that belongs to a child widget kept as `part`."""
    return Property(
        kind,
        lambda self: getattr(getattr(self, part), name),
        lambda self, value: setattr(getattr(self, part), name, value),
    )
