"""qMRMLSpinBox: a spin box that knows the scene (its units, in Slicer)."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ..ctk_widgets.numbers import ctkDoubleSpinBox
from ..properties import kept
from ..registry import stands_in
from .scene_widget import SceneWidget


@stands_in
class qMRMLSpinBox(SceneWidget, ctkDoubleSpinBox):
    quantity = kept(str, "quantity", "")

    def __init__(self, parent: QWidget | None = None) -> None:
        ctkDoubleSpinBox.__init__(self, parent)
        self._start()
