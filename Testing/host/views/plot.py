"""qMRMLPlotView: the series of a chart node, drawn by VTK's own chart as in Slicer."""

from __future__ import annotations

import slicer
import vtk
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..mrml_widgets.scene_widget import SceneWidget
from ..registry import stands_in
from ..signals import CppSignal
from .mouse import Mouse
from .picture_view import PictureView

NEAR_PX = 6


@stands_in
class qMRMLPlotView(Mouse, SceneWidget, PictureView):
    dataSelected = CppSignal("vtkStringArray*,vtkCollection*")

    def __init__(self, parent: QWidget | None = None) -> None:
        PictureView.__init__(self, parent)
        self._start()
        self._node, self._chart_node, self._plots = None, None, {}
        self._context = vtk.vtkContextView()
        self._context.SetRenderWindow(self._window)
        self._context.GetRenderer().SetBackground(1, 1, 1)
        self._interactor = self._listen()
        self._context.SetInteractor(self._interactor)
        self._chart = vtk.vtkChartXY()
        self._context.GetScene().AddItem(self._chart)
        self._interactor.AddObserver("RenderEvent", lambda *_: self._soon())

    def chart(self):
        return self._chart

    def mrmlPlotViewNode(self):
        return self._node

    def setMRMLPlotViewNode(self, node) -> None:
        self._forget()
        self._node = node
        self._follow()

    def fitToContent(self) -> None:
        self._chart.RecalculateBounds()
        self._soon()

    def _follow(self) -> None:
        """Observe the view node, its chart, the series and their tables anew."""
        self._forget()
        self._chart_node = self._node.GetPlotChartNode() if self._node is not None else None
        if self._node is not None:
            self._observe(self._node, "ModifiedEvent", self._follow)
        if self._chart_node is not None:
            self._observe(self._chart_node, "ModifiedEvent", self._follow)
            for series in _series(self._chart_node):
                self._observe(series, "ModifiedEvent", self._stale)
                if series.GetTableNode() is not None:
                    self._observe(series.GetTableNode(), "ModifiedEvent", self._stale)
        self._stale()

    def _stale(self) -> None:
        self._plots = None
        self._soon()

    def _prepare(self) -> None:
        if self._plots is None:
            self._plots = {}
            self._chart.ClearPlots()
            for series in _series(self._chart_node) if self._chart_node is not None else ():
                self._add(series)
            self._frame()

    def _add(self, series) -> None:
        table = series.GetTableNode().GetTable() if series.GetTableNode() is not None else None
        x = table.GetColumnByName(series.GetXColumnName() or "") if table is not None else None
        y = table.GetColumnByName(series.GetYColumnName() or "") if table is not None else None
        if x is None or y is None:
            return
        plot = self._chart.AddPlot(vtk.vtkChart.LINE)
        plot.SetInputData(table, x.GetName(), y.GetName())
        plot.SetLabel(series.GetName())
        plot.SetColorF(*series.GetColor())
        plot.GetPen().SetLineType(series.GetLineStyle())
        plot.SetWidth(series.GetLineWidth())
        plot.SetMarkerStyle(series.GetMarkerStyle())
        self._plots[series.GetID()] = plot

    def _frame(self) -> None:
        node, chart = self._chart_node, self._chart
        chart.SetShowLegend(bool(node is not None and node.GetLegendVisibility()))
        if node is None:
            return
        chart.SetTitle(node.GetTitle() if node.GetTitleVisibility() and node.GetTitle() else "")
        axes = ((vtk.vtkAxis.BOTTOM, "X"), (vtk.vtkAxis.LEFT, "Y"))
        for axis, letter in ((chart.GetAxis(place), letter) for place, letter in axes):
            axis.SetTitle(getattr(node, f"Get{letter}AxisTitle")() or "")
            axis.SetGridVisible(bool(node.GetGridVisibility()))
            if not getattr(node, f"Get{letter}AxisRangeAuto")():
                axis.SetBehavior(vtk.vtkAxis.FIXED)
                axis.SetRange(*getattr(node, f"Get{letter}AxisRange")())

    def mousePressEvent(self, event) -> None:
        super().mousePressEvent(event)
        found = self._nearest(event.position().x(), self.height - event.position().y())
        if found is not None:
            ids, rows = vtk.vtkStringArray(), vtk.vtkCollection()
            ids.InsertNextValue(found)
            self.dataSelected(ids, rows)

    def _nearest(self, x: float, y: float) -> str | None:
        place = self._chart.GetAxis(vtk.vtkAxis.BOTTOM), self._chart.GetAxis(vtk.vtkAxis.LEFT)
        scale = [(a.GetMaximum() - a.GetMinimum()) / max(1.0, _length(a)) for a in place]
        point = [a.GetMinimum() + s * (v - o) for a, s, v, o in zip(place, scale, (x, y), _origin(place), strict=True)]
        hit = vtk.vtkVector2f()
        tolerance = vtk.vtkVector2f(NEAR_PX * scale[0], NEAR_PX * scale[1])
        for series_id, plot in (self._plots or {}).items():
            if plot.GetNearestPoint(vtk.vtkVector2f(*point), tolerance, hit, vtk.reference(0)) >= 0:
                return series_id
        return None


def _series(chart) -> list:
    nodes = [chart.GetNthPlotSeriesNode(i) for i in range(chart.GetNumberOfPlotSeriesNodes())]
    return [node for node in nodes if node is not None]


def _length(axis) -> float:
    start, end = axis.GetPoint1(), axis.GetPoint2()
    return abs(end[0] - start[0]) + abs(end[1] - start[1])


def _origin(axes) -> tuple[float, float]:
    return axes[0].GetPoint1()[0], axes[1].GetPoint1()[1]


@stands_in
class qMRMLPlotWidget(QWidget):
    def __init__(self, node) -> None:
        super().__init__()
        self._view = qMRMLPlotView()
        self._view.setMRMLScene(slicer.mrmlScene)
        self._view.setMRMLPlotViewNode(node)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._view)

    def plotView(self) -> qMRMLPlotView:
        return self._view

    def mrmlPlotViewNode(self):
        return self._view.mrmlPlotViewNode()
