"""The table of numbers, and the one of published values below it."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from . import numbers

ROW_PX, SWATCH_PX = 22, 11
RIGHT = qt.Qt.AlignRight | qt.Qt.AlignVCenter


class NumbersTable:
    """Six rows that never change their place; the tool tip says what a number is, or why it is unknown."""

    def __init__(self, table) -> None:
        self.table = table
        titles = [_("measured"), _("value"), _("± one sd"), _("unit")]
        _prepare(table, titles, stretch=0)
        table.focusPolicy = qt.Qt.StrongFocus
        self.show(None)
        table.horizontalHeader().setFixedHeight(ROW_PX)
        table.setFixedHeight(ROW_PX * (table.rowCount + 1) + 4)

    def show(self, result: dict | None) -> None:
        rows = numbers.rows(result)
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            _fill(self.table, place, (row.words, row.value, row.sd, row.unit), (1, 2), row.tool_tip)
            self.table.item(place, 0).setIcon(_swatch(row.color))


class PublishedTable:
    """Published values that fit the person; empty with the reason."""

    def __init__(self, table, why_empty) -> None:
        self.table, self.why_empty = table, why_empty
        _prepare(table, [_("number"), _("here"), _("published"), _("what, for whom")], stretch=3)

    def show(self, result: dict | None) -> None:
        rows = numbers.published(result)
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            texts = (row.words, row.measured, row.published, row.meaning)
            _fill(self.table, place, texts, (1, 2), f"{row.meaning}\n{row.source}")
        self.table.setVisible(bool(rows))
        self.why_empty.text = "" if rows else numbers.why_nothing_published(result)
        self.why_empty.setVisible(not rows)


def _prepare(table, titles: list[str], stretch: int) -> None:
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(titles)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_PX)
    header = table.horizontalHeader()
    for column in range(len(titles)):
        resize = qt.QHeaderView.Stretch if column == stretch else qt.QHeaderView.ResizeToContents
        header.setSectionResizeMode(column, resize)
    header.highlightSections = False
    table.editTriggers = qt.QAbstractItemView.NoEditTriggers
    table.selectionMode = qt.QAbstractItemView.NoSelection
    table.tabKeyNavigation = False
    table.wordWrap = False
    table.horizontalScrollBarPolicy = qt.Qt.ScrollBarAlwaysOff


def _fill(table, place: int, texts: tuple[str, ...], right: tuple[int, ...], tool_tip: str) -> None:
    for column, text in enumerate(texts):
        item = table.item(place, column)
        if item is None:
            item = qt.QTableWidgetItem()
            table.setItem(place, column, item)
            if column in right:
                item.setTextAlignment(RIGHT)
        if item.text() != text:
            item.setText(text)
        item.setToolTip(tool_tip)


def _swatch(color: str):
    picture = qt.QPixmap(SWATCH_PX, SWATCH_PX)
    picture.fill(qt.QColor(color) if color else qt.QColor(0, 0, 0, 0))
    return qt.QIcon(picture)
