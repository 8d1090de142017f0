"""slicer.app.layoutManager(): the views of the current layout, as Slicer's own layout logic describes it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import slicer
from PySide6.QtCore import Property, QObject, Qt
from PySide6.QtWidgets import QGridLayout, QSplitter, QTabWidget, QVBoxLayout, QWidget

from ..mrml_widgets.table_view import qMRMLTableView
from ..registry import stands_in
from ..signals import CppSignal
from .plot import qMRMLPlotWidget
from .slice_widget import qMRMLSliceWidget
from .three_d import qMRMLThreeDWidget

SIZE = (960, 740)


@stands_in
class qSlicerLayoutManager(QObject):
    layoutChanged = CppSignal("int")

    def __init__(self) -> None:
        super().__init__()
        self._viewport, self._views, self._shown = QWidget(), {}, None
        self._viewport.resize(*SIZE)
        box = QVBoxLayout(self._viewport)
        box.setContentsMargins(0, 0, 0, 0)
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        self._logic.SetMRMLScene(slicer.mrmlScene)
        self._logic.GetLayoutNode().AddObserver("ModifiedEvent", lambda *_: self._arrange())
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    def layoutLogic(self):
        return self._logic

    def viewport(self) -> QWidget:
        return self._viewport

    def setLayout(self, number: int) -> None:
        self._logic.GetLayoutNode().SetViewArrangement(number)
        self._arrange()

    layout = Property(int, lambda self: self._logic.GetLayoutNode().GetViewArrangement(), setLayout)

    def sliceViewNames(self) -> tuple[str, ...]:
        return tuple(name for kind, name in self._views if kind == "vtkMRMLSliceNode")

    def sliceWidget(self, name: str) -> qMRMLSliceWidget | None:
        return self._views.get(("vtkMRMLSliceNode", name))

    def mrmlSliceLogics(self):
        return slicer.app.applicationLogic().GetSliceLogics()

    threeDViewCount = Property(int, lambda self: len(self._of("vtkMRMLViewNode")))
    plotViewCount = Property(int, lambda self: len(self._of("vtkMRMLPlotViewNode")))
    tableViewCount = Property(int, lambda self: len(self._of("vtkMRMLTableViewNode")))

    def threeDWidget(self, index: int) -> qMRMLThreeDWidget | None:
        return self._nth("vtkMRMLViewNode", index)

    def plotWidget(self, index: int) -> qMRMLPlotWidget | None:
        return self._nth("vtkMRMLPlotViewNode", index)

    def resetSliceViews(self) -> None:
        for widget in self._of("vtkMRMLSliceNode"):
            widget.sliceController().fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        for widget in self._of("vtkMRMLViewNode"):
            widget.threeDView().resetFocalPoint()

    def _of(self, kind: str) -> list[QWidget]:
        return [widget for (k, _), widget in self._views.items() if k == kind]

    def _nth(self, kind: str, index: int) -> QWidget | None:
        found = self._of(kind)
        return found[index] if index < len(found) else None

    def _arrange(self) -> None:
        """Build the widgets of the current layout; views that are not in it wait without a parent."""
        node = self._logic.GetLayoutNode()
        description = node.GetCurrentLayoutDescription()
        if not description or description == self._shown:
            return
        self._shown = description
        for widget in self._views.values():
            widget.setParent(None)
        box = self._viewport.layout()
        while box.count():
            old = box.takeAt(0).widget()
            if old is not None:
                old.deleteLater()
        box.addWidget(self._build(ElementTree.fromstring(description)))
        for widget in self._views.values():
            widget.setVisible(widget.parent() is not None)
        self._viewport.grab()  # lays out the views though no window was shown yet
        self.layoutChanged(node.GetViewArrangement())

    def _build(self, element: ElementTree.Element) -> QWidget:
        if element.tag == "view":
            return self._view(element)
        parts = [(item, self._build(item[0])) for item in element.findall("item")]
        kind = element.get("type", "horizontal")
        if kind == "tab":
            return _tabs(parts)
        if kind == "grid":
            return _grid(parts)
        box = QSplitter(Qt.Horizontal if kind == "horizontal" else Qt.Vertical)
        box.setHandleWidth(3)
        for place, (_, widget) in enumerate(parts):
            box.addWidget(widget)
            box.setStretchFactor(place, 1)
        box.setSizes([int(item.get("splitSize", 500)) for item, _ in parts])
        return box

    def _view(self, element: ElementTree.Element) -> QWidget:
        key = element.get("class"), element.get("singletontag")
        if key not in self._views:
            self._views[key] = _make(*key)
        return self._views[key]


def _make(kind: str, name: str) -> QWidget:
    if kind == "vtkMRMLSliceNode":
        return qMRMLSliceWidget(name)
    node = slicer.mrmlScene.GetNodeByID(kind + name)
    if kind == "vtkMRMLViewNode":
        return qMRMLThreeDWidget(node)
    return qMRMLPlotWidget(node) if kind == "vtkMRMLPlotViewNode" else qMRMLTableView()


def _tabs(parts) -> QTabWidget:
    tabs = QTabWidget()
    for item, widget in parts:
        tabs.addTab(widget, item.get("name", ""))
    return tabs


def _grid(parts) -> QWidget:
    area = QWidget()
    grid = QGridLayout(area)
    grid.setContentsMargins(0, 0, 0, 0)
    for item, widget in parts:
        place = [int(item.get(name, default)) for name, default in _GRID]
        grid.addWidget(widget, *place)
    return area


_GRID = (("row", 0), ("column", 0), ("rowspan", 1), ("colspan", 1))
