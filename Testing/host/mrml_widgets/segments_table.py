"""qMRMLSegmentsTableView: visibility, colour, name and status of each segment."""

from __future__ import annotations

import slicer
from PySide6.QtCore import Property, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from ..registry import stands_in
from ..signals import CppSignal
from .scene_widget import SceneWidget

STATUS = ("Not started", "In progress", "Completed", "Flagged")
VISIBLE, COLOR, NAME, STATE = range(4)


@stands_in
class qMRMLSegmentsTableView(SceneWidget, QWidget):
    selectionChanged = CppSignal("QItemSelection,QItemSelection")
    segmentAboutToBeModified = CppSignal("QString")

    def __init__(self, parent: QWidget | None = None) -> None:
        QWidget.__init__(self, parent)
        self._start()
        self._node, self._filling = None, False
        self._table = QTableWidget(0, 4)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._table)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.connect("timeout()", self._fill)
        self._table.setHorizontalHeaderLabels(["", "", "Name", "Status"])
        self._table.horizontalHeader().setStretchLastSection(True)
        self._table.verticalHeader().hide()
        self._table.setSelectionBehavior(QAbstractItemView.SelectRows)
        for column, width in enumerate((28, 24, 130)):
            self._table.setColumnWidth(column, width)
        self._table.connect("itemSelectionChanged()", lambda: self.selectionChanged(None, None))
        self._table.connect("itemChanged(QTableWidgetItem*)", self._edited)

    def segmentationNode(self):
        return self._node

    def setSegmentationNode(self, node) -> None:
        self._forget(self._node)
        self._node = node
        if node is not None:
            segmentation = node.GetSegmentation()
            for event in (segmentation.SegmentAdded, segmentation.SegmentRemoved, segmentation.SegmentModified):
                self._observe(node, event, lambda: self._soon.start(0))
        self._fill()

    def selectedSegmentIDs(self) -> tuple[str, ...]:
        rows = sorted({index.row() for index in self._table.selectedIndexes()})
        return tuple(self._table.item(row, NAME).data(Qt.UserRole) for row in rows)

    def setSelectedSegmentIDs(self, ids) -> None:
        self._table.clearSelection()
        self._table.setSelectionMode(QAbstractItemView.MultiSelection)
        for row in range(self._table.rowCount):
            if self._table.item(row, NAME).data(Qt.UserRole) in ids:
                self._table.selectRow(row)
        self._table.setSelectionMode(QAbstractItemView.ExtendedSelection)

    segmentCount = Property(int, lambda self: self._table.rowCount)

    def _fill(self) -> None:
        self._filling = True
        segmentation = self._node.GetSegmentation() if self._node is not None else None
        ids = list(segmentation.GetSegmentIDs()) if segmentation else []
        self._table.setRowCount(len(ids))
        for row, segment_id in enumerate(ids):
            for column, item in enumerate(self._items(segment_id, segmentation.GetSegment(segment_id))):
                self._table.setItem(row, column, item)
        self._filling = False

    def _items(self, segment_id: str, segment) -> tuple[QTableWidgetItem, ...]:
        display = self._node.GetDisplayNode()
        visible, color = QTableWidgetItem(), QTableWidgetItem()
        is_shown = display is None or display.GetSegmentVisibility(segment_id)
        visible.setCheckState(Qt.Checked if is_shown else Qt.Unchecked)
        color.setBackground(QColor.fromRgbF(*segment.GetColor()))
        name = QTableWidgetItem(segment.GetName())
        name.setData(Qt.UserRole, segment_id)
        state = slicer.vtkSlicerSegmentationsModuleLogic.GetSegmentStatus(segment)
        return visible, color, name, QTableWidgetItem(STATUS[state])

    def _edited(self, item: QTableWidgetItem) -> None:
        if self._filling:
            return
        segment_id = self._table.item(item.row(), NAME).data(Qt.UserRole)
        if item.column() == VISIBLE and self._node.GetDisplayNode():
            self._node.GetDisplayNode().SetSegmentVisibility(segment_id, item.checkState() == Qt.Checked)
        elif item.column() == NAME:
            self._node.GetSegmentation().GetSegment(segment_id).SetName(item.text())
