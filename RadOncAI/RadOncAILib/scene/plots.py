"""DVH curves in Slicer's plot view: colour is the structure, line style the dose."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from vtkmodules.vtkCommonCore import vtkDoubleArray

from RadOncAILib.scene.nodes import ChartNode, CurveNode

CURVES = "RadOncAI.Dvh"
STRUCTURE = "RadOncAI.Structure"
GREY = (0.5, 0.5, 0.5)


def show_dvh(dvh: list[dict[str, Any]], name: str, colors: dict[str, tuple[float, float, float]],
             dash: bool = False, chart: ChartNode | None = None) -> ChartNode:
    """Curves of `dvh` rows {structure, dose_gy, volume_pct} as a chart node; returns the chart.

    `name` names the dose, `colors` gives a structure's colour 0..1. Without `chart` the chart of that name is filled
    anew or made; with it the curves join its others (reference solid, prediction dashed). Table and curves of the same
    name are used again. A structure without per cent volumes has no curve.
    """
    own = chart is None
    chart = chart or _named("vtkMRMLPlotChartNode", name) or _new_chart(name)
    rows = [r for r in dvh if r.get("volume_pct") and r.get("dose_gy")]
    table = _table(rows, name)
    before = {s.GetAttribute(STRUCTURE): s for s in curves(chart, name)}
    for row in rows:
        series = before.pop(row["structure"], None) or _new_series(row["structure"], name, own)
        _style(series, table, row["structure"], colors.get(row["structure"], GREY), dash)
        if not chart.HasPlotSeriesNodeID(series.GetID()):
            chart.AddAndObservePlotSeriesNodeID(series.GetID())
    for series in before.values():
        slicer.mrmlScene.RemoveNode(series)
    return chart


def curves(chart: ChartNode, name: str | None = None) -> list:
    """The chart's curves, those of one dose where `name` is given."""
    series = [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
    return [s for s in series if s is not None and (name is None or s.GetAttribute(CURVES) == name)]


def structure_of(series: CurveNode) -> str:
    """The structure that a curve belongs to."""
    return series.GetAttribute(STRUCTURE) or ""


def set_visible(chart: ChartNode, names: set[str] | None) -> None:
    """Show the curves of these structures only; None shows all."""
    for series in curves(chart):
        shown = names is None or structure_of(series) in names
        series.SetLineWidth(2.0 if shown else 0.0)
        series.SetLineStyle(_line_style(series) if shown else slicer.vtkMRMLPlotSeriesNode.LineStyleNone)


def highlight(chart: ChartNode, name: str | None) -> None:
    """Draw one structure's curves thicker; None takes it back."""
    for series in curves(chart):
        series.SetLineWidth(4.0 if structure_of(series) == name else 2.0)


def remove(chart: ChartNode, name: str | None = None) -> None:
    """Take a dose's curves and table out of the scene, with `name` None everything and the chart itself."""
    tables = set()
    for series in curves(chart, name):
        tables.add(series.GetTableNodeID())
        slicer.mrmlScene.RemoveNode(series)
    used = {series.GetTableNodeID() for series in slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")}
    for table in filter(None, tables - used):  # another chart may show the same dose
        slicer.mrmlScene.RemoveNode(slicer.mrmlScene.GetNodeByID(table))
    if name is None:
        slicer.mrmlScene.RemoveNode(chart)


def _table(rows: list[dict[str, Any]], name: str):
    """One table for all curves: two columns a structure; short ones repeat their last point."""
    table = _named("vtkMRMLTableNode", name) or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} DVH")
    table.SetAttribute(CURVES, name)
    length = max((len(r["dose_gy"]) for r in rows), default=0)
    with slicer.util.NodeModify(table):
        table.RemoveAllColumns()
        for row in rows:
            for column, values in zip(_columns(row["structure"]), (row["dose_gy"], row["volume_pct"]), strict=True):
                table.AddColumn(_column(column, values, length))
    return table


def _columns(structure: str) -> tuple[str, str]:
    return f"{structure} dose_gy", f"{structure} volume_pct"


def _column(name: str, values: list[float], length: int) -> vtkDoubleArray:
    padded = np.pad(np.asarray(values, float), (0, length - len(values)), mode="edge")
    column = vtkDoubleArray()
    column.SetName(name)
    column.SetNumberOfValues(length)
    for n, value in enumerate(padded):
        column.SetValue(n, value)
    return column


def _new_series(structure: str, name: str, alone: bool):
    label = structure if alone else f"{structure}, {name}"
    series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", label)
    series.SetAttribute(CURVES, name)
    series.SetAttribute(STRUCTURE, structure)
    return series


def _style(series, table, structure: str, color: tuple[float, float, float], dash: bool) -> None:
    dose, volume = _columns(structure)
    with slicer.util.NodeModify(series):
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName(dose)
        series.SetYColumnName(volume)
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
        series.SetAttribute("RadOncAI.Dash", "1" if dash else None)
        series.SetLineStyle(_line_style(series))
        series.SetLineWidth(2.0)
        series.SetColor(*(float(c) for c in color))


def _line_style(series) -> int:
    node = slicer.vtkMRMLPlotSeriesNode
    return node.LineStyleDash if series.GetAttribute("RadOncAI.Dash") else node.LineStyleSolid


def _new_chart(name: str):
    chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    chart.SetAttribute(CURVES, name)
    chart.SetXAxisTitle("Dose (Gy)")
    chart.SetYAxisTitle("Volume (%)")
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 100.0)
    chart.SetLegendVisibility(True)
    return chart


def _named(kind: str, name: str):
    return next((n for n in slicer.util.getNodesByClass(kind) if n.GetAttribute(CURVES) == name), None)
