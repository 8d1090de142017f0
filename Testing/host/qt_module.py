"""The module `qt`: every class of Slicer's qt, with PythonQt's manners."""

from __future__ import annotations

import enum
import inspect
import sys
import types

from PySide6 import QtCore, QtGui, QtNetwork, QtUiTools, QtWidgets

from .signals import guarded
from .strict import make_strict
from .ui_files import UiLoader

SOURCES = (QtCore, QtGui, QtWidgets, QtNetwork)
ONLY_PYSIDE = {"Signal", "Slot", "Property", "SignalInstance", "QtMsgType", "ClassInfo"}


def make_module() -> types.ModuleType:
    """Change PySide6's classes and put the module `qt` into `sys.modules`; once a process."""
    classes = sorted({c for source in SOURCES for c in _classes(source) if issubclass(c, QtCore.QObject)}, key=_depth)
    readers = {cls: cls.__getattribute__ for cls in classes}
    for cls in classes:
        make_strict(cls, readers[cls])
    for source in SOURCES:
        _enums_as_numbers(source)
    _file_names_only()
    _single_shot_guarded()
    module = types.ModuleType("qt", "Qt as panels see it inside Slicer")
    module.QUiLoader = UiLoader
    module.__getattr__ = _find
    sys.modules["qt"] = module
    return module


def _classes(source) -> list[type]:
    """Every class of a PySide module; they are made when asked for, so `vars` does not show them."""
    return [item for item in (getattr(source, name) for name in dir(source)) if inspect.isclass(item)]


def _depth(cls: type) -> int:
    return len(cls.__mro__)


def _find(name: str):
    for source in (*SOURCES, QtUiTools):
        if name not in ONLY_PYSIDE and hasattr(source, name):
            return getattr(source, name)
    raise AttributeError(f"module 'qt' has no attribute '{name}'")


def _enums_as_numbers(source) -> None:
    """PythonQt's enum values are numbers: `int(qt.Qt.AlignLeft)` works."""
    for owner in _classes(source):
        for item in list(vars(owner).values()):
            if inspect.isclass(item) and issubclass(item, enum.Enum) and not issubclass(item, int):
                item.__int__ = lambda self: self.value


def _file_names_only() -> None:
    """PySide adds the chosen filter to the file's name; Slicer's qt gives the name alone."""
    dialog = QtWidgets.QFileDialog
    for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName"):
        native = getattr(dialog, name)
        setattr(dialog, name, staticmethod(lambda *a, _native=native, **k: _native(*a, **k)[0]))


def _single_shot_guarded() -> None:
    """`qt.QTimer.singleShot(ms, callable)` is a function of the class, `timer.singleShot` a property."""
    declared = vars(QtCore.QTimer)["singleShot"]
    native = declared.on_class

    def single_shot(milliseconds: int, receiver) -> None:
        native(milliseconds, guarded(receiver, "QTimer.singleShot", 0))

    declared.getter, declared.on_class = None, single_shot
