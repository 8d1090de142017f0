"""qMRMLTableView: the content of a table node."""

from __future__ import annotations

from PySide6.QtWidgets import QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from ..registry import stands_in
from .scene_widget import SceneWidget


@stands_in
class qMRMLTableView(SceneWidget, QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        QWidget.__init__(self, parent)
        self._start()
        self._node = None
        self._table = QTableWidget()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._table)

    def mrmlTableNode(self):
        return self._node

    def setMRMLTableNode(self, node) -> None:
        self._forget(self._node)
        self._node = node
        if node is not None:
            self._observe(node, "ModifiedEvent", self._fill)
        self._fill()

    def _fill(self) -> None:
        table = self._node.GetTable() if self._node is not None else None
        rows, columns = (table.GetNumberOfRows(), table.GetNumberOfColumns()) if table else (0, 0)
        self._table.setRowCount(rows)
        self._table.setColumnCount(columns)
        self._table.setHorizontalHeaderLabels([table.GetColumnName(c) or "" for c in range(columns)])
        for row in range(rows):
            for column in range(columns):
                self._table.setItem(row, column, QTableWidgetItem(table.GetValue(row, column).ToString()))
