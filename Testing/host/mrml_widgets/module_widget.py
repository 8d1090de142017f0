"""qSlicerScriptedLoadableModuleWidget: the C++ side of a scripted module's panel."""

from __future__ import annotations

import sys

import slicer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..registry import stands_in
from .scene_widget import qSlicerWidget


@stands_in
class qSlicerScriptedLoadableModuleWidget(qSlicerWidget):
    isEntered = False

    def __init__(self, parent: QWidget | None = None) -> None:
        qSlicerWidget.__init__(self, parent)
        self._python, self._module_name = None, ""

    def self(self):
        """The Python widget of the module."""
        return self._python

    def setup(self) -> None:
        if self.layout() is None:
            QVBoxLayout(self)
        cls = getattr(sys.modules[self._module_name], self._module_name + "Widget")
        self._python = cls(self)
        setattr(slicer.modules, self._module_name + "Widget", self._python)
        self._python.setup()

    def reload(self) -> None:
        self.setup()
        if self.isEntered:
            self._python.enter()

    def enter(self) -> None:
        self.__dict__["isEntered"] = True
        self._python.enter()

    def exit(self) -> None:
        self.__dict__["isEntered"] = False
        self._python.exit()
