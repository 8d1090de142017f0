"""Sliders, spin boxes and ranges."""

from __future__ import annotations

from PySide6.QtCore import Property, Qt
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
    editingFinished = CppSignal("")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._slider, self._spin = QSlider(Qt.Horizontal), QDoubleSpinBox()
        self._slider.setRange(0, STEPS)
        row.addWidget(self._slider, 1)
        row.addWidget(self._spin)
        self._spin.connect("valueChanged(double)", self._changed)
        self._spin.connect("editingFinished()", self.editingFinished)
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


@stands_in
class ctkRangeWidget(QWidget):
    valuesChanged = CppSignal("double,double")
    minimumValueChanged = CppSignal("double")
    maximumValueChanged = CppSignal("double")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._low, self._high = QDoubleSpinBox(), QDoubleSpinBox()
        for spin in (self._low, self._high):
            row.addWidget(spin)
        self._low.connect("valueChanged(double)", lambda value: self._changed(self.minimumValueChanged, value))
        self._high.connect("valueChanged(double)", lambda value: self._changed(self.maximumValueChanged, value))

    def _changed(self, signal, value: float) -> None:
        signal(value)
        self.valuesChanged(self._low.value, self._high.value)

    def _limit(self, setter: str, value: float) -> None:
        for spin in (self._low, self._high):
            getattr(spin, setter)(value)

    minimumValue = of_part(float, "_low", "value")
    maximumValue = of_part(float, "_high", "value")
    minimum = Property(float, lambda s: s._low.minimum, lambda s, v: s._limit("setMinimum", v))
    maximum = Property(float, lambda s: s._low.maximum, lambda s, v: s._limit("setMaximum", v))
    singleStep = Property(float, lambda s: s._low.singleStep, lambda s, v: s._limit("setSingleStep", v))
    decimals = Property(int, lambda s: s._low.decimals, lambda s, v: s._limit("setDecimals", v))

    def setValues(self, low: float, high: float) -> None:
        self._low.setValue(low)
        self._high.setValue(high)
