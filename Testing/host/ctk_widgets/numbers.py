"""Slider and spin box."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from ..properties import kept, of_part
from ..registry import stands_in
from ..signals import CppSignal

STEPS = 1000


@stands_in
class ctkDoubleSpinBox(QDoubleSpinBox):
    pass


@stands_in
class ctkSliderWidget(QWidget):
    valueChanged = CppSignal("double")
    valueIsChanging = CppSignal("double")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._slider, self._spin = QSlider(Qt.Horizontal), QDoubleSpinBox()
        self._slider.setRange(0, STEPS)
        row.addWidget(self._slider, 1)
        row.addWidget(self._spin)
        self._spin.connect("valueChanged(double)", self._changed)
        self._slider.connect("sliderMoved(int)", self._moved)
        self.setFocusProxy(self._spin)

    def _changed(self, value: float) -> None:
        span = self.maximum - self.minimum
        self._slider.setValue(round(STEPS * (value - self.minimum) / span) if span else 0)
        self.valueIsChanging(value)
        self.valueChanged(value)

    def _moved(self, place: int) -> None:
        self._spin.setValue(self.minimum + place / STEPS * (self.maximum - self.minimum))

    value = of_part(float, "_spin", "value")
    minimum = of_part(float, "_spin", "minimum")
    maximum = of_part(float, "_spin", "maximum")
    singleStep = of_part(float, "_spin", "singleStep")
    decimals = of_part(int, "_spin", "decimals")
    suffix = of_part(str, "_spin", "suffix")
    prefix = of_part(str, "_spin", "prefix")
    pageStep = kept(float, "pageStep", 10.0)
    tracking = kept(bool, "tracking", True)

    def setValue(self, value: float) -> None:
        self._spin.setValue(value)

    def setRange(self, low: float, high: float) -> None:
        self._spin.setRange(low, high)
