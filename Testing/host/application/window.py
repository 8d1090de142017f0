"""The main window: views in the middle, the open module's panel in a dock."""

from __future__ import annotations

import slicer
from PySide6.QtCore import Property, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QScrollArea, QToolBar

from ..registry import stands_in
from ..signals import CppSignal

SIZE = (1366, 768)
DOCK_PX = 400


@stands_in
class qSlicerModuleSelectorToolBar(QToolBar):
    moduleSelected = CppSignal("QString")

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._selected = ""

    selectedModule = Property(str, lambda self: self._selected)

    def selectModule(self, name: str) -> None:
        if name == self._selected:
            return
        left = getattr(slicer.modules, self._selected.lower(), None)
        if left is not None and left.path:
            left.widgetRepresentation().exit()
        self._selected = name
        module = getattr(slicer.modules, name.lower(), None)
        if module is None:
            raise RuntimeError(f"the host has no module {name}")
        widget = module.widgetRepresentation()
        self.parent()._show_panel(module.title, widget)
        widget.enter()
        self.moduleSelected(name)


@stands_in
class qSlicerMainWindow(QMainWindow):
    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self._selector = qSlicerModuleSelectorToolBar(self)
        self._dock = QDockWidget(self)
        self._dock.setObjectName("PanelDockWidget")
        self._dock.setFeatures(QDockWidget.DockWidgetMovable)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._dock.setWidget(self._scroll)
        self.addDockWidget(Qt.LeftDockWidgetArea, self._dock)

    def moduleSelector(self) -> qSlicerModuleSelectorToolBar:
        return self._selector

    def _show_views(self) -> None:
        """The views in the middle, the dock as narrow as a person keeps it."""
        if self.centralWidget() is None:
            self.setCentralWidget(slicer.app.layoutManager().viewport())
        self.resize(*SIZE)
        self.show()
        self.resizeDocks([self._dock], [DOCK_PX], Qt.Horizontal)

    def _show_panel(self, title: str, widget) -> None:
        """Put a module's panel into the dock; the one before keeps living."""
        self._scroll.takeWidget()
        self._scroll.setWidget(widget)
        self._dock.setWindowTitle(title)
        widget.show()
