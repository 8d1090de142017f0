"""Goals of a dose: symbol, structure, limit, value, band and the verdict in words with the amount."""

from __future__ import annotations

from collections.abc import Callable

import qt
from RadOncAILib.widgets import marks
from slicer.i18n import tr as _

from .words import SYMBOLS, amount, band_text, goal_text, goal_title, number, one_unit, verdict_text

MARK, STRUCTURE, GOAL, VALUE, BAND, VERDICT = range(6)
ROWS_SHOWN = 10
SMALLER = 0.88
CELL_PX, TITLE_PX = 7, 5


class GoalsTable:
    """`show(goals, has_bands)` fills it; `on_select(structure)` follows the selected row."""

    def __init__(self, table, on_select: Callable[[str], None]) -> None:
        self.table, self.on_select = table, on_select
        self._structures: list[str] = []
        self._unit = ""
        table.setColumnCount(6)
        table.selectionBehavior = qt.QAbstractItemView.SelectRows
        table.selectionMode = qt.QAbstractItemView.SingleSelection
        table.editTriggers = qt.QAbstractItemView.NoEditTriggers
        table.tabKeyNavigation = False
        table.wordWrap = table.showGrid = False
        table.alternatingRowColors = True
        table.textElideMode = qt.Qt.ElideMiddle
        table.horizontalScrollBarPolicy = qt.Qt.ScrollBarAlwaysOff
        font = table.font
        font.setPointSizeF(SMALLER * font.pointSizeF())
        table.font = font
        table.horizontalHeader().font = font
        table.connect("itemSelectionChanged()", self._on_selection)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.minimumSectionSize = 16
        header.highlightSections = False
        header.setSectionResizeMode(STRUCTURE, qt.QHeaderView.Stretch)
        row = table.verticalHeader()
        row.defaultSectionSize = row.minimumSectionSize
        table.setFixedHeight((ROWS_SHOWN + 1) * row.defaultSectionSize + 2 * table.frameWidth)
        self.show([])

    def show(self, goals: list[dict]) -> None:
        """`goals` are rows of the worker's result. The band's column is there only where a goal has one."""
        has_bands = any(row["low"] is not None for row in goals)
        self.table.setHorizontalHeaderLabels(
            ["", _("Structure"), goal_title(goals), _("Value"), _("90 % band"), _("Verdict")])
        self.table.setColumnHidden(BAND, not has_bands)
        self._structures, self._unit = [row["structure"] for row in goals], one_unit(goals)
        self.table.clearContents()
        self.table.setRowCount(len(goals))
        for number_, row in enumerate(goals):
            self._fill(number_, row)
        self._fit()

    def _fit(self) -> None:
        """Columns as wide as their text needs, so that the structure's name keeps most room at 380 px."""
        metrics = self.table.fontMetrics()
        for column in range(6):
            texts = [self.text(row, column) for row in range(self.table.rowCount)]
            wide = max((metrics.horizontalAdvance(text) for text in texts), default=0) + CELL_PX
            title = metrics.horizontalAdvance(self.table.horizontalHeaderItem(column).text()) + TITLE_PX
            if column != STRUCTURE:
                self.table.setColumnWidth(column, max(wide, title, 16))

    def _fill(self, number_: int, row: dict) -> None:
        symbol = SYMBOLS[row["verdict"]]
        tip = _("{structure}, {goal}: {words}. Priority {priority}; source: {source}").format(
            structure=row["structure"], goal=goal_text(row), words=row["reason"] or row["text"],
            priority=row["priority"], source=row["source"])
        texts = (symbol, row["structure"], goal_text(row, self._unit), number(row["value"], row["unit"]),
                 band_text(row), verdict_text(row) + amount(row, self._unit))
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(tip)
            if column in (VALUE, BAND):
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            if column == MARK and symbol in marks.COLORS:
                item.setForeground(qt.QBrush(qt.QColor(marks.COLORS[symbol])))
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            self.table.setItem(number_, column, item)

    def select(self, structure: str) -> bool:
        """Select a structure's first goal; whether it has one."""
        if structure not in self._structures:
            return False
        row = self._structures.index(structure)
        if row == self.table.currentRow():
            self.on_select(structure)
        self.table.setCurrentCell(row, STRUCTURE)
        return True

    def text(self, row: int, column: int) -> str:
        """What stands in a cell."""
        return self.table.item(row, column).text()

    def _on_selection(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._structures) and self.table.selectedItems():
            self.on_select(self._structures[row])
