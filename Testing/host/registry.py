"""Which Python class stands for a class name of Slicer or CTK."""

from __future__ import annotations

registry: dict[str, type] = {}


def stands_in(cls: type) -> type:
    """Class decorator: found under its own name in `ctk`, in `slicer` and in .ui files; C++ as far as panels see."""
    cls.CPP = True
    registry[cls.__name__] = cls
    return cls
