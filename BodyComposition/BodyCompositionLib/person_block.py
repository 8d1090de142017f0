"""Height, weight and sex, and where they come from."""

from __future__ import annotations

from collections.abc import Callable

from slicer.i18n import tr as _

from . import person, words


class PersonBlock:
    """The three fields of the panel. `on_change` is called when a person sets one."""

    def __init__(self, ui, on_change: Callable[[], None]) -> None:
        self.height, self.weight, self.sex, self.source = ui.heightBox, ui.weightBox, ui.sexBox, ui.personLabel
        self.on_change, self._node, self._filling = on_change, None, False
        for title, value in (("–", ""), (_("F"), "F"), (_("M"), "M")):
            self.sex.addItem(title, value)
        self.height.connect("valueChanged(double)", self._on_height)
        self.weight.connect("valueChanged(double)", self._on_weight)
        self.sex.connect("currentIndexChanged(int)", self._on_sex)

    def show(self, node, header: dict | None, enabled: bool) -> None:
        """What stands in the parameter node; `header` is what DICOM says."""
        self._node, self._filling = node, True
        for box, value in ((self.height, node.height_m), (self.weight, node.weight_kg)):
            if abs(box.value - value) > 0.5 * 10.0 ** -box.decimals:
                box.value = value
        self.sex.currentIndex = max(0, self.sex.findData(node.sex))
        self._filling = False
        self.source.text = words.person_source(list(node.by_hand), person.in_header(header)) if enabled else " "
        for box in (self.height, self.weight, self.sex):
            box.enabled = enabled

    def forget(self) -> None:
        self._node = None

    def _on_height(self, value: float) -> None:
        self._set("height_m", round(value, 2))

    def _on_weight(self, value: float) -> None:
        self._set("weight_kg", round(value, 1))

    def _on_sex(self, index: int) -> None:
        self._set("sex", self.sex.itemData(index) or "")

    def _set(self, key: str, value) -> None:
        if not self._filling and self._node is not None:
            person.set_by_hand(self._node, key, value)
            self.on_change()
