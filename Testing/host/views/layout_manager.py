"""slicer.app.layoutManager(): three slice views."""

from __future__ import annotations

import slicer
from PySide6.QtCore import Property, QObject
from PySide6.QtWidgets import QGridLayout, QWidget

from ..registry import stands_in
from ..signals import CppSignal
from .slice_widget import qMRMLSliceWidget

SLICES = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


@stands_in
class qSlicerLayoutManager(QObject):
    layoutChanged = CppSignal("int")

    def __init__(self) -> None:
        super().__init__()
        self._viewport = QWidget()
        self._grid = QGridLayout(self._viewport)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        self._slices = {name: qMRMLSliceWidget(name) for name in SLICES}
        for name, widget in self._slices.items():
            widget.mrmlSliceNode().SetOrientation(SLICES[name])
        for place, widget in enumerate(self._slices.values()):
            self._grid.addWidget(widget, place // 2, place % 2)
        self._layout = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView

    def viewport(self) -> QWidget:
        return self._viewport

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(self._slices)

    def sliceWidget(self, name: str) -> qMRMLSliceWidget | None:
        return self._slices.get(name)

    def mrmlSliceLogics(self):
        return slicer.app.applicationLogic().GetSliceLogics()

    def setLayout(self, number: int) -> None:
        self._layout = number
        self.layoutChanged(number)

    layout = Property(int, lambda self: self._layout, setLayout)

    def resetSliceViews(self) -> None:
        for widget in self._slices.values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        pass
