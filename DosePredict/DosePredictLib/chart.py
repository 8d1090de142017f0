"""The DVH chart of a dose: its curves, the model's 90 % bands, and the curves of a second dose beside them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import slicer
from RadOncAILib.scene import plots
from RadOncAILib.scene.segmentation import segments
from slicer.i18n import tr as _
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDoubleArray

CHART = "RadOncAI.DVH"
BANDS = "RadOncAI.Bands"
LEFT_OUT = ("external", "support")
BANDS_AT = ("D2%[Gy]", "D50%[Gy]", "D95%[Gy]")
_AT_VOLUME = re.compile(r"^D(\d+(?:\.\d+)?)%\[Gy\]$")
GREY = (0.45, 0.45, 0.45)


def show(dose, result: dict[str, Any], structures, *, dash: bool):
    """Draw the curves of a result into the dose's own chart; returns the chart node."""
    rows = [c for c in result["dvh"] if c["role"] not in LEFT_OUT]
    chart = plots.show_dvh(rows, dose.GetName(), colors_of(structures), dash=dash)
    dose.SetNodeReferenceID(CHART, chart.GetID())
    chart.SetTitle(_("Predicted dose, not a plan") if dash else dose.GetName())
    chart.SetTitleVisibility(True)
    _show_bands(chart, dose.GetName(), bands(result["metrics"]))
    return chart


def chart_of(dose):
    """The chart of a dose, None where it has none."""
    return dose.GetNodeReference(CHART) if dose is not None else None


def show_beside(dose, reference) -> None:
    """Let the chart of `dose` also hold the curves of `reference`, and of no other dose."""
    chart = chart_of(dose)
    if chart is None:
        return
    wanted = reference.GetName() if reference is not None and reference is not dose else ""
    for name in {s.GetAttribute(plots.CURVES) for s in plots.curves(chart)} - {dose.GetName(), wanted, None}:
        for series in plots.curves(chart, name):
            slicer.mrmlScene.RemoveNode(series)
    other = chart_of(reference) if wanted else None
    if other is not None and not plots.curves(chart, wanted):
        own = plots.curves(other, wanted)
        colors = {plots.structure_of(s): s.GetColor() for s in own}
        dash = any(s.GetAttribute("RadOncAI.Dash") for s in own)
        plots.show_dvh([_row(s) for s in own], wanted, colors, dash=dash, chart=chart)


def forget(dose) -> None:
    """Take the dose's chart out of the scene."""
    chart = chart_of(dose)
    if chart is not None:
        for series in _band_series(chart):
            slicer.mrmlScene.RemoveNode(series)
        plots.remove(chart)


def colors_of(structures) -> dict[str, tuple[float, float, float]]:
    """Name to the segment's colour, 0 to 1."""
    return {segment.GetName(): segment.GetColor() for _id, segment in segments(structures)}


def bands(metrics: list[dict]) -> np.ndarray:
    """(n, 3): low Gy, high Gy, per cent of the volume, where a dose at a volume has a 90 % band."""
    rows = [(row["low"], row["high"], float(_AT_VOLUME.match(row["metric"]).group(1))) for row in metrics
            if row["metric"] in BANDS_AT and row["low"] is not None]
    return np.array(rows, float).reshape(-1, 3)


def _show_bands(chart, name: str, rows: np.ndarray) -> None:
    """All bands as one grey series of level lines, broken by NaN."""
    series = next(iter(_band_series(chart)), None)
    if not len(rows):
        if series is not None:
            slicer.mrmlScene.RemoveNode(series)
        return
    if series is None:
        series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", _("90 % band"))
        series.SetAttribute(BANDS, name)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    table = series.GetTableNode() or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} bands")
    gap = np.full(len(rows), np.nan)
    table.RemoveAllColumns()
    table.AddColumn(_column("dose_gy", np.stack([rows[:, 0], rows[:, 1], gap], 1).ravel()))
    table.AddColumn(_column("volume_pct", np.stack([rows[:, 2], rows[:, 2], gap], 1).ravel()))
    node = slicer.vtkMRMLPlotSeriesNode
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("dose_gy")
    series.SetYColumnName("volume_pct")
    series.SetPlotType(node.PlotTypeScatter)
    series.SetMarkerStyle(node.MarkerStyleNone)
    series.SetLineStyle(node.LineStyleSolid)
    series.SetLineWidth(1.0)
    series.SetColor(*GREY)


def _band_series(chart) -> list:
    series = [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
    return [s for s in series if s is not None and s.GetAttribute(BANDS)]


def _row(series) -> dict[str, Any]:
    table = series.GetTableNode().GetTable()
    columns = [vtk_to_numpy(table.GetColumnByName(name)).tolist()
               for name in (series.GetXColumnName(), series.GetYColumnName())]
    return {"structure": plots.structure_of(series), "dose_gy": columns[0], "volume_pct": columns[1]}


def _column(name: str, values: np.ndarray) -> vtkDoubleArray:
    column = vtkDoubleArray()
    column.SetName(name)
    column.SetNumberOfValues(len(values))
    for n, value in enumerate(values):
        column.SetValue(n, value)
    return column
