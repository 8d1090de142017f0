"""The structures table and the line below it that opens a finding."""

from __future__ import annotations

import qt
import slicer
from RadOncAILib.scene import uncertainty
from RadOncAILib.widgets import marks
from RadOncAILib.widgets.message_row import MessageRow
from slicer.i18n import tr as _

from .rows import Row, cc_text, rows_of

SHOWN, NAME, VOLUME, STATUS, FINDING, UNSURE = range(6)
SWATCH_PX, ROW_PX = 12, 23
SYMBOLS = {"approved": marks.GOOD, "rejected": marks.BAD, "needs_work": marks.DOUBT, "not_found": marks.UNKNOWN,
           "not_available": marks.UNKNOWN}


class StructureTable:
    """Shows the structures of `node`. A row keeps its place; the check box shows or hides the structure."""

    def __init__(self, table, finding_placeholder) -> None:
        self.table, self.node, self.rows = table, None, []
        self._filling = False
        self.finding = MessageRow(finding_placeholder, lines=2)
        table.setColumnCount(6)
        table.setHorizontalHeaderLabels(["", _("Structure"), _("cc"), _("Status"), _("Finding"), _("Unsure %")])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setSectionResizeMode(NAME, qt.QHeaderView.Stretch)
        for column in (SHOWN, VOLUME, STATUS, FINDING, UNSURE):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        header.highlightSections = False
        table.editTriggers = qt.QAbstractItemView.NoEditTriggers
        table.selectionBehavior = qt.QAbstractItemView.SelectRows
        table.tabKeyNavigation = False
        table.wordWrap = False
        table.horizontalScrollBarPolicy = qt.Qt.ScrollBarAlwaysOff
        table.connect("itemSelectionChanged()", self._on_selection)
        table.connect("itemChanged(QTableWidgetItem*)", self._on_item)
        table.connect("cellClicked(int,int)", self._on_cell)
        table.connect("cellDoubleClicked(int,int)", self._on_double_click)

    def show(self, node) -> None:
        """Fill the table from a segmentation node; the selection stays."""
        self.node, rows = node, rows_of(node)
        if [r.name for r in rows] != [r.name for r in self.rows]:
            self.table.clearSelection()
            self._filling = True
            self.table.setRowCount(0)
        self.rows = rows
        self._filling = True
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            self._fill(number, row)
        self._filling = False
        self.table.setColumnHidden(UNSURE, uncertainty.map_of(node) is None)
        self._on_selection()

    def forget(self) -> None:
        self.show(None)

    @property
    def selected(self) -> list[Row]:
        numbers = sorted({index.row() for index in self.table.selectedIndexes()})
        return [self.rows[n] for n in numbers if n < len(self.rows)]

    @property
    def selected_ids(self) -> list[str]:
        return [row.id for row in self.selected if row.id]

    def jump(self, row: Row) -> None:
        """All slice views go to the structure."""
        if row.id:
            center = self.node.GetSegmentCenterRAS(row.id)
            if center is not None:
                mode = slicer.vtkMRMLSliceNode.OffsetJumpSlice
                slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *center, mode)

    def _fill(self, number: int, row: Row) -> None:
        shown = self._item(number, SHOWN, "")
        display = self.node.GetDisplayNode()
        if row.id:
            shown.setIcon(_swatch(row.color))
            visible = display is None or display.GetSegmentVisibility(row.id)
            shown.setCheckState(qt.Qt.Checked if visible else qt.Qt.Unchecked)
        self._item(number, NAME, row.name).setToolTip("\n".join(filter(None, (row.name, unsure_text(row)))))
        self._item(number, VOLUME, cc_text(row.volume_cc)).setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        symbol = SYMBOLS.get(row.status, "")
        self._item(number, STATUS, f"{symbol} {marks.status_word(row.status)}".strip())
        self._item(number, FINDING, finding_text(row)).setToolTip("\n".join(row.findings))
        unsure = self._item(number, UNSURE, "–" if row.unsure is None else f"{100 * row.unsure:.1f}")
        unsure.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        unsure.setToolTip(unsure_text(row) or _("This model says nothing about it."))

    def _item(self, number: int, column: int, text: str):
        item = self.table.item(number, column)
        if item is None:
            item = qt.QTableWidgetItem()
            self.table.setItem(number, column, item)
        if item.text() != text:
            item.setText(text)
        return item

    def _on_selection(self) -> None:
        rows = self.selected
        if len(rows) != 1 or not rows[0].findings:
            self.finding.show("", "")
            return
        symbol = marks.UNKNOWN if rows[0].is_absent else marks.DOUBT
        self.finding.show(symbol, f"{rows[0].name}: {' '.join(rows[0].findings)}", word="")

    def _on_item(self, item) -> None:
        if self._filling or item.column() != SHOWN or not self.rows[item.row()].id:
            return
        display = self.node.GetDisplayNode()
        if display is not None:
            display.SetSegmentVisibility(self.rows[item.row()].id, item.checkState() == qt.Qt.Checked)

    def _on_cell(self, number: int, column: int) -> None:
        if column == FINDING and self.rows[number].findings:
            self.jump(self.rows[number])

    def _on_double_click(self, number: int, _column: int) -> None:
        self.jump(self.rows[number])


def finding_text(row: Row) -> str:
    """! 2 for two findings, why for a structure that was not found."""
    if row.is_absent:
        return _("why")
    return f"{marks.DOUBT} {len(row.findings)}" if row.findings else ""


def unsure_text(row: Row) -> str:
    """How much of a structure the model was unsure of, "" where nobody says. It is not calibrated."""
    if row.unsure is None:
        return ""
    text = _("{n:.1f} % of its voxels unsure (probability between 0.2 and 0.8; not calibrated)")
    return text.format(n=100 * row.unsure)


def _swatch(color: tuple[float, float, float]):
    picture = qt.QPixmap(SWATCH_PX, SWATCH_PX)
    picture.fill(qt.QColor(*(round(255 * c) for c in color)))
    return qt.QIcon(picture)
