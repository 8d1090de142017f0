"""Number widgets that know the scene (its units, in Slicer)."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ..ctk_widgets.numbers import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from ..properties import kept
from ..registry import stands_in
from .scene_widget import SceneWidget


@stands_in
class qMRMLSliderWidget(SceneWidget, ctkSliderWidget):
    quantity = kept(str, "quantity", "")

    def __init__(self, parent: QWidget | None = None) -> None:
        ctkSliderWidget.__init__(self, parent)
        self._start()


@stands_in
class qMRMLSpinBox(SceneWidget, ctkDoubleSpinBox):
    quantity = kept(str, "quantity", "")

    def __init__(self, parent: QWidget | None = None) -> None:
        ctkDoubleSpinBox.__init__(self, parent)
        self._start()


@stands_in
class qMRMLRangeWidget(SceneWidget, ctkRangeWidget):
    quantity = kept(str, "quantity", "")

    def __init__(self, parent: QWidget | None = None) -> None:
        ctkRangeWidget.__init__(self, parent)
        self._start()
