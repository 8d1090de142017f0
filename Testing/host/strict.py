"""PythonQt's view of Qt objects on PySide6's own classes.

Properties are attributes, calling one is an error, nothing can be invented on a C++ object. The classes are changed in
place, so that objects which Qt makes itself (from a .ui file, by `parent()`) behave in the same way."""

from __future__ import annotations

import functools
import inspect
import types

from PySide6 import QtCore

from .signals import BoundSignal, CppSignal, connect, disconnect

_property_of = QtCore.QObject.property
_set_property_of = QtCore.QObject.setProperty
_patched: set[type] = set()
own_signals: dict[type, frozenset[str]] = {}


class QtProperty:
    """An attribute on objects; on the class the untouched C++ method, such as `QTimer.singleShot`."""

    def __init__(self, name: str, getter, setter, writable: bool) -> None:
        self.name, self.getter, self.setter, self.writable = name, getter, setter, writable
        self.is_static = isinstance(getter, types.BuiltinFunctionType)
        self.on_class = getter

    def __get__(self, obj, cls=None):
        if obj is None:
            return self.on_class or self
        if self.getter is None:
            return _property_of(obj, self.name)
        return self.getter() if self.is_static else self.getter(obj)

    def __set__(self, obj, value) -> None:
        if not self.writable:
            raise AttributeError(f"Property '{self.name}' of {type(obj).__name__} object is not writable")
        try:
            if self.setter is not None:
                self.setter(obj, value)
                return
        except TypeError:
            pass
        if not _set_property_of(obj, self.name, value):
            raise AttributeError(f"Property '{self.name}' of {type(obj).__name__} does not accept {value!r}")


class _ObjectName:
    """`widget.name` is PythonQt's other word for objectName."""

    def __get__(self, obj, cls=None):
        return self if obj is None else obj.objectName

    def __set__(self, obj, value: str) -> None:
        obj.setObjectName(value)


def is_cpp(cls: type) -> bool:
    """Qt's own classes, and the stand-ins that say `CPP = True` in their own body."""
    return cls.__module__.startswith("PySide6") or bool(cls.__dict__.get("CPP", False))


def _refuse(kind: str, name: str, obj) -> None:
    raise AttributeError(f"{kind} '{name}' can not be overwritten on {type(obj).__name__} object")


def set_attribute(self, name: str, value) -> None:
    """Takes the place of the C++ slot, which cannot be called again once it is replaced in every base class."""
    cls = type(self)
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, QtCore.Property):
        if found.fset is None:
            raise AttributeError(f"Property '{name}' of {cls.__name__} object is not writable")
        found.fset(self, value)
    elif hasattr(type(found), "__set__"):
        found.__set__(self, value)
    elif not is_cpp(cls) or name.startswith("_") or _is_own(value, name):
        self.__dict__[name] = value
    elif isinstance(found, (CppSignal, QtCore.Signal)):
        _refuse("Signal", name, self)
    elif callable(found):
        _refuse("Slot", name, self)
    elif name.encode() in [bytes(n.data()) for n in self.dynamicPropertyNames()]:
        _set_property_of(self, name, value)
    else:
        raise AttributeError(
            f"'{name}' does not exist on {cls.__name__} and creating new attributes on C++ objects is not allowed"
        )


def _is_own(value, name: str) -> bool:
    """PySide keeps bound signals, and the children of a .ui file by their name, in the object."""
    if isinstance(value, QtCore.SignalInstance):
        return True
    return isinstance(value, QtCore.QObject) and value.objectName == name


def _attribute_reader(native):
    def read(self, name: str):
        if name == "connect":
            return functools.partial(connect, self)
        if name == "disconnect":
            return functools.partial(disconnect, self)
        try:
            value = native(self, name)
        except AttributeError:
            value = None if name.startswith("_") else _property_of(self, name)
            if value is None:
                raise
            return value
        return BoundSignal(self, name, value) if type(value) is QtCore.SignalInstance else value

    return read


def make_strict(cls: type, reader=None) -> None:
    """Turn the Qt properties that `cls` declares or overrides into attributes, and guard its attributes."""
    if cls in _patched:
        return
    _patched.add(cls)
    meta = cls.staticMetaObject
    own_signals[cls] = _signals(meta)
    for i in range(meta.propertyCount()):
        declared = meta.property(i)
        if i >= meta.propertyOffset() or declared.name() in vars(cls):  # its own, or one it overrides
            _make_attribute(cls, declared.name(), declared.isWritable())
    cls.name = _ObjectName()
    cls.className = lambda self: self.metaObject().className()
    cls.delete = lambda self: self.deleteLater()
    cls.__getattribute__ = _attribute_reader(reader or cls.__getattribute__)
    cls.__setattr__ = set_attribute


def _signals(meta: QtCore.QMetaObject) -> frozenset[str]:
    """Signatures of the signals that the class itself declares."""
    methods = [meta.method(i) for i in range(meta.methodOffset(), meta.methodCount())]
    signals = [m for m in methods if m.methodType() == QtCore.QMetaMethod.Signal]
    return frozenset(bytes(m.methodSignature().data()).decode() for m in signals)


def _make_attribute(cls: type, name: str, writable: bool) -> None:
    getter = getattr(cls, name, None)
    getter = getter if callable(getter) else None
    setter = getattr(cls, "set" + name[0].upper() + name[1:], None)
    setattr(cls, name, QtProperty(name, getter, setter, writable))
