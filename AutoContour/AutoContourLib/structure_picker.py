"""Which of the model's structures shall be contoured."""

from __future__ import annotations

from collections.abc import Callable

import qt
from RadOncAILib.widgets import build
from slicer.i18n import tr as _

LIST_PX = 130


class StructurePicker:
    """A button "7 structures", "6 of 7" where some are out, that opens a list. `chosen` keeps the model's order."""

    def __init__(self, placeholder, on_change: Callable[[], None]) -> None:
        self.widget, self.on_change = placeholder, on_change
        self.names: tuple[str, ...] = ()
        self.lacking: dict[str, str] = {}
        self._filling = False
        self.button = build.tool("", _("Choose which structures are contoured."))
        self.button.checkable = True
        self.button.toolButtonStyle = qt.Qt.ToolButtonTextBesideIcon
        self.button.connect("toggled(bool)", self._on_open)
        self.list = qt.QListWidget()
        self.list.setFixedHeight(LIST_PX)
        self.list.connect("itemChanged(QListWidgetItem*)", self._on_item)
        self.all_button = build.push(_("All"), _("Contour every structure of the model."), self.check_all)
        self.none_button = build.push(_("None"), _("Clear the choice."), self.check_none)
        box = build.column(placeholder)
        box.addWidget(self.list)
        box.addLayout(build.row(self.all_button, self.none_button, 1))
        self._on_open(False)

    @property
    def chosen(self) -> list[str]:
        return [self.list.item(n).text() for n in range(self.list.count) if self._is_checked(n)]

    @property
    def left_out(self) -> list[str]:
        """What a person took out; what cannot be made is not among it."""
        texts = [self.list.item(n).text() for n in range(self.list.count) if not self._is_checked(n)]
        return [text for text in texts if text not in self.lacking]

    def offer(self, names: tuple[str, ...], left_out: list[str], lacking: dict[str, str] | None = None) -> None:
        """Show a model's structures; those of `left_out` are not checked, those of `lacking` (name: why) cannot be."""
        self.lacking = lacking or {}
        self._filling = True
        if names != self.names:
            self.names = names
            self.list.clear()
            for name in names:
                self.list.addItem(name)
        for n in range(self.list.count):
            item = self.list.item(n)
            is_out = item.text() in left_out or item.text() in self.lacking
            item.setCheckState(qt.Qt.Unchecked if is_out else qt.Qt.Checked)
            item.setFlags(qt.Qt.ItemIsUserCheckable if item.text() in self.lacking
                          else qt.Qt.ItemIsUserCheckable | qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
            item.setToolTip(self.lacking.get(item.text(), ""))
        self._filling = False
        self._tell()

    def check_all(self) -> None:
        self._check(qt.Qt.Checked)

    def check_none(self) -> None:
        self._check(qt.Qt.Unchecked)

    def _check(self, state) -> None:
        self._filling = True
        for n in range(self.list.count):
            if self.list.item(n).text() not in self.lacking:
                self.list.item(n).setCheckState(state)
        self._filling = False
        self._on_item(None)

    def _is_checked(self, n: int) -> bool:
        return self.list.item(n).checkState() == qt.Qt.Checked

    def _on_item(self, _item) -> None:
        if not self._filling:
            self._tell()
            self.on_change()

    def _tell(self) -> None:
        count, chosen = len(self.names), len(self.chosen)
        text = _("{all} structures") if chosen == count else _("{n} of {all}")
        self.button.text = text.format(n=chosen, all=count)
        self.button.setVisible(count > 0)

    def _on_open(self, is_open: bool) -> None:
        self.widget.setVisible(is_open)
        self.button.arrowType = qt.Qt.DownArrow if is_open else qt.Qt.RightArrow
