"""Widgets that show parameters: found by the dynamic property `SlicerParameterName`."""

from __future__ import annotations

import enum
import pathlib
from dataclasses import dataclass

import vtk

from .annotations import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange

PROPERTY = "SlicerParameterName"
VALUE_AND_SIGNAL = {
    "QCheckBox": ("checked", "toggled(bool)"),
    "QPushButton": ("checked", "toggled(bool)"),
    "QSlider": ("value", "valueChanged(int)"),
    "QSpinBox": ("value", "valueChanged(int)"),
    "QDoubleSpinBox": ("value", "valueChanged(double)"),
    "ctkDoubleSpinBox": ("value", "valueChanged(double)"),
    "ctkSliderWidget": ("value", "valueChanged(double)"),
    "qMRMLSpinBox": ("value", "valueChanged(double)"),
    "QLineEdit": ("text", "textChanged(QString)"),
    "QTextEdit": ("plainText", "textChanged()"),
    "QComboBox": ("currentText", "currentTextChanged(QString)"),
    "ctkComboBox": ("currentText", "currentTextChanged(QString)"),
    "ctkPathLineEdit": ("currentPath", "currentPathChanged(QString)"),
    "ctkDirectoryButton": ("directory", "directoryChanged(QString)"),
    "qMRMLNodeComboBox": ("node", "currentNodeChanged(vtkMRMLNode*)"),
}


@dataclass(eq=False)
class Wire:
    """One parameter and the widget that shows it."""

    wrapper: object
    parameter: object
    widget: object

    def __post_init__(self) -> None:
        self.attribute, self.signal = VALUE_AND_SIGNAL[type(self.widget).__name__]

    def prepare(self) -> None:
        """Limits and choices of the parameter, in the widget."""
        kind, widget = self.parameter.kind, self.widget
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            widget.clear()
            widget.addItems([_label(item) for item in kind])
        for note in self.parameter.notes:
            if isinstance(note, Choice):
                widget.clear()
                widget.addItems([str(choice) for choice in note.choices])
            if isinstance(note, (Minimum, WithinRange)):
                widget.minimum = note.minimum
            if isinstance(note, (Maximum, WithinRange)):
                widget.maximum = note.maximum
            if isinstance(note, (Decimals, SingleStep)):
                setattr(widget, "decimals" if isinstance(note, Decimals) else "singleStep", note.value)

    def show(self) -> None:
        value = getattr(self.wrapper, self.parameter.name)
        if self.attribute == "node":
            self.widget.setCurrentNode(value)
            return
        if isinstance(value, enum.Enum):
            value = _label(value)
        elif isinstance(value, pathlib.Path) or self.attribute == "currentText":
            value = str(value)
        if getattr(self.widget, self.attribute) != value:
            setattr(self.widget, self.attribute, value)

    def store(self) -> None:
        value = self._typed()
        if getattr(self.wrapper, self.parameter.name) != value:
            setattr(self.wrapper, self.parameter.name, value)

    def _typed(self):
        if self.attribute == "node":
            return self.widget.currentNode()
        kind, value = self.parameter.kind, getattr(self.widget, self.attribute)
        if issubclass(kind, enum.Enum):
            return next(item for item in kind if _label(item) == value)
        return value == "True" if kind is bool and isinstance(value, str) else kind(value)


def _label(item: enum.Enum) -> str:
    return item.label() if hasattr(item, "label") else item.name


class Connections:
    """The connected widgets of one wrapper, by the tag that `connectGui` gave."""

    def __init__(self, wrapper) -> None:
        self._wrapper, self._open, self._next = wrapper, {}, 1

    def connect_named(self, gui) -> int:
        widgets = vars(gui).values() if not hasattr(gui, "findChildren") else _children(gui)
        named = {w.property(PROPERTY): w for w in widgets if hasattr(w, "property") and w.property(PROPERTY)}
        return self.connect(named)

    def connect(self, mapping: dict) -> int:
        parameters = self._wrapper.allParameters
        wires = [Wire(self._wrapper, parameters[name], widget) for name, widget in mapping.items()]
        for wire in wires:
            wire.prepare()
            wire.show()
            wire.widget.connect(wire.signal, wire.store)
        node = self._wrapper.parameterNode
        observer = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: [wire.show() for wire in wires])
        tag, self._next = self._next, self._next + 1
        self._open[tag] = (observer, wires)
        return tag

    def disconnect(self, tag: int) -> None:
        if tag not in self._open:
            return
        observer, wires = self._open.pop(tag)
        self._wrapper.parameterNode.RemoveObserver(observer)
        for wire in wires:
            wire.widget.disconnect(wire.signal, wire.store)


def _children(gui) -> list:
    import qt

    return gui.findChildren(qt.QWidget)
