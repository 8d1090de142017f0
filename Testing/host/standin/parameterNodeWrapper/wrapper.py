"""The decorator, and the object that stands before a vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import copy
import typing

from .annotations import Default
from .gui import Connections
from .values import StoredList, check, from_text, implicit_default, is_list, is_node, split_optional, to_text

NONE = "__None__"
MISSING = object()


class Parameter:
    """One field of the class: its type, default and rules."""

    def __init__(self, name: str, kind, default) -> None:
        self.name, self.notes = name, ()
        if typing.get_origin(kind) is typing.Annotated:
            kind, *self.notes = typing.get_args(kind)
        self.kind, self.may_be_none = split_optional(kind)
        self.is_node = is_node(self.kind)
        self.explicit = default

    def default(self):
        for note in self.notes:
            if isinstance(note, Default):
                return note.make()
        if self.explicit is not MISSING:
            return copy.deepcopy(self.explicit)
        return None if self.is_node or self.may_be_none else implicit_default(self.kind)

    def __get__(self, wrapper, cls=None):
        if wrapper is None:
            return self
        node = wrapper.parameterNode
        if self.is_node:
            return node.GetNodeReference(self.name)
        if self.name not in node.GetParameterNames():
            return self.default()
        text = node.GetParameter(self.name)
        if self.may_be_none and text == NONE:
            return None
        value = from_text(self.kind, text)
        return StoredList(value, lambda new: self.__set__(wrapper, new)) if is_list(self.kind) else value

    def __set__(self, wrapper, value) -> None:
        if value is None and (self.is_node or self.may_be_none):
            self._write(wrapper.parameterNode, None)
            return
        value = check(self.kind, self.name, value)
        for note in self.notes:
            if hasattr(note, "validate"):
                note.validate(value)
        self._write(wrapper.parameterNode, value)

    def _write(self, node, value) -> None:
        if self.is_node:
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(self.name, NONE if value is None else to_text(self.kind, value))


class Wrapper:
    """Base of every decorated class; unknown names are those of the node."""

    allParameters: typing.ClassVar[dict] = {}

    def __init__(self, parameterNode, prefix: str | None = None) -> None:
        self.__dict__["parameterNode"] = parameterNode
        self.__dict__["_connections"] = Connections(self)
        present = parameterNode.GetParameterNames()
        for name, parameter in self.allParameters.items():
            if not parameter.is_node and name not in present:
                setattr(self, name, parameter.default())

    def __getattr__(self, name: str):
        return getattr(self.__dict__["parameterNode"], name)

    def __setattr__(self, name: str, value) -> None:
        if name not in self.allParameters:
            raise AttributeError(f"{type(self).__name__} has no parameter {name}")
        self.allParameters[name].__set__(self, value)

    def __eq__(self, other) -> bool:
        return isinstance(other, Wrapper) and self.parameterNode is other.parameterNode

    def __hash__(self) -> int:
        return hash(self.parameterNode)

    def default(self, name: str):
        return self.allParameters[name].default()

    def isCached(self, name: str) -> bool:
        return False

    def connectGui(self, gui) -> int:
        return self._connections.connect_named(gui)

    def connectParametersToGui(self, mapping: dict) -> int:
        return self._connections.connect(mapping)

    def disconnectGui(self, tag: int) -> None:
        self._connections.disconnect(tag)


def parameterNodeWrapper(cls: type) -> type:
    """Class decorator: annotated names become parameters of a script node."""
    hints = typing.get_type_hints(cls, include_extras=True)
    parameters = {name: Parameter(name, kind, cls.__dict__.get(name, MISSING)) for name, kind in hints.items()}
    own = {name: item for name, item in vars(cls).items() if callable(item) and not name.startswith("__")}
    content = {**own, **parameters, "allParameters": parameters, "__doc__": cls.__doc__, "__module__": cls.__module__}
    return type(cls.__name__, (Wrapper,), content)
