"""The table of targets: name, prescribed dose, and what the model takes each for."""

from __future__ import annotations

from collections.abc import Callable

import qt
from RadOncAILib.widgets import build, marks
from slicer.i18n import tr as _

NAME, DOSE, TAKEN = range(3)
MOST_GY = 120.0
STEP_GY = 0.5
ROWS_SHOWN = 3
ROW_PX = 26


class PrescriptionTable:
    """`doses` is what the rows say, `confirmed` what a person confirmed; `on_change` follows every change of them.

    A target that the model takes for a level its name does not say has a button "Confirm"; it holds Apply back.
    """

    def __init__(self, table, add_button, remove_button, on_change: Callable[[], None]) -> None:
        self.table, self.on_change = table, on_change
        self.doses: dict[str, float] = {}
        self.confirmed: dict[str, str] = {}
        self._spins, self._marks, self._words, self._channels, self._filling = {}, {}, {}, {}, False
        self._add, self._remove = add_button, remove_button
        self._menu = qt.QMenu(add_button)
        add_button.setMenu(self._menu)
        remove_button.connect("clicked()", self.remove)
        self._prepare()

    def _prepare(self) -> None:
        self.table.setColumnCount(3)
        self.table.setHorizontalHeaderLabels([_("Target"), _("Dose [Gy]"), _("Model takes it as")])
        self.table.selectionBehavior = qt.QAbstractItemView.SelectRows
        self.table.selectionMode = qt.QAbstractItemView.SingleSelection
        self.table.editTriggers = qt.QAbstractItemView.NoEditTriggers
        self.table.tabKeyNavigation = False
        self.table.connect("itemSelectionChanged()", self._tell)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(NAME, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(DOSE, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(TAKEN, qt.QHeaderView.ResizeToContents)
        self.table.verticalHeader().defaultSectionSize = ROW_PX
        self.table.setFixedHeight((ROWS_SHOWN + 1) * ROW_PX + 2 * self.table.frameWidth)

    @property
    def selected(self) -> str:
        """The name in the selected row."""
        row = self.table.currentRow()
        return self.table.item(row, NAME).text() if row >= 0 and self.table.item(row, NAME) is not None else ""

    def show(self, doses: dict[str, float], confirmed: dict[str, str]) -> None:
        """Show a prescription; rows that are there keep their place and the cursor in them."""
        self._filling = True
        if list(doses) != list(self._spins):
            self._rebuild(doses)
        for name, gy in doses.items():
            if self._spins[name].value != gy:
                self._spins[name].value = gy
        self.doses, self.confirmed = dict(doses), dict(confirmed)
        self._filling = False
        self._tell()

    def offer(self, names: list[str]) -> None:
        """What the Add target menu holds."""
        self._menu.clear()
        for name in names:
            action = self._menu.addAction(name)
            action.connect("triggered()", lambda name=name: self.add(name))
        self._add.enabled = bool(names)

    def take(self, channels: list[dict], unconfirmed: list[str]) -> None:
        """Show the model's view of each target: rows of the worker's `dose_channels`."""
        found = {row["structure"]: row for row in channels}
        self._filling = True
        for name, box in self._marks.items():
            row = found.get(name)
            self._channels[name] = row["channel"] if row else ""
            _show_taken(box, self._words[name], row, name in self.confirmed and name not in unconfirmed)
        self._filling = False

    def add(self, name: str) -> None:
        from .prescription import level_gy

        self.doses = {**self.doses, name: level_gy(name)}
        self.on_change()

    def remove(self) -> None:
        """Take the selected target out."""
        name = self.selected
        if name:
            self.doses = {key: gy for key, gy in self.doses.items() if key != name}
            self.confirmed.pop(name, None)
            self.on_change()

    def box_of(self, name: str) -> qt.QPushButton:
        """The button that confirms a target."""
        return self._marks[name]

    def spin_of(self, name: str) -> qt.QDoubleSpinBox:
        """The dose field of a target."""
        return self._spins[name]

    def _rebuild(self, names) -> None:
        self._spins, self._marks, self._words, self._channels = {}, {}, {}, {}
        self.table.clearContents()
        self.table.setRowCount(len(names))
        for row, name in enumerate(names):
            item = qt.QTableWidgetItem(name)
            item.setToolTip(name)
            self.table.setItem(row, NAME, item)
            self._spins[name] = self._spin(name)
            self._marks[name] = self._box(name)
            self.table.setCellWidget(row, DOSE, self._spins[name])
            self._words[name] = build.label()
            self.table.setCellWidget(row, TAKEN, _side_by_side(self._words[name], self._marks[name]))
        fields = [w for name in names for w in (self._spins[name], self._marks[name])]
        for first, second in zip([self.table, *fields], [*fields, self._add], strict=True):
            qt.QWidget.setTabOrder(first, second)

    def _spin(self, name: str):
        spin = qt.QDoubleSpinBox()
        spin.decimals = 1
        spin.minimum, spin.maximum, spin.singleStep = 0.0, MOST_GY, STEP_GY
        spin.specialValueText = marks.UNKNOWN
        spin.keyboardTracking = False
        spin.frame = False
        spin.alignment = qt.Qt.AlignRight | qt.Qt.AlignVCenter
        spin.toolTip = _("Dose prescribed to {name}.").format(name=name)
        spin.connect("valueChanged(double)", lambda value, name=name: self._on_dose(name, value))
        return spin

    def _box(self, name: str):
        box = qt.QPushButton()
        box.checkable = True
        box.connect("toggled(bool)", lambda checked, name=name: self._on_confirm(name, checked))
        return box

    def _on_dose(self, name: str, value: float) -> None:
        if not self._filling:
            self.doses = {**self.doses, name: round(value, 2)}
            self.on_change()

    def _on_confirm(self, name: str, checked: bool) -> None:
        if self._filling:
            return
        self.confirmed = {key: value for key, value in self.confirmed.items() if key != name}
        if checked:
            self.confirmed[name] = self._channels[name]
        self.on_change()

    def _tell(self) -> None:
        self._remove.enabled = bool(self.selected)


def _show_taken(box, words, row: dict | None, is_confirmed: bool) -> None:
    """A question where the name is not the standard one, else plain words."""
    asked = row is not None and row["how"] != "exact"
    box.setVisible(asked)
    words.setVisible(not asked)
    box.checked = asked and is_confirmed
    words.text = f"{marks.GOOD} {row['channel']}" if row is not None else marks.UNKNOWN
    words.toolTip = _("Known by its exact name.") if row is not None else _("Not known yet; see at Apply.")
    if asked:
        text = "✓ {channel}" if is_confirmed else _("Confirm {channel}")
        box.text = text.format(channel=row["channel"])
        box.toolTip = _("Its name does not say so: press it if this is the target of {channel}.").format(
            channel=row["channel"])


def _side_by_side(*widgets):
    holder = qt.QWidget()
    box = qt.QHBoxLayout(holder)
    box.setContentsMargins(3, 1, 3, 1)
    for widget in widgets:
        box.addWidget(widget)
    return holder
