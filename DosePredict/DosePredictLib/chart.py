"""The DVH chart of a dose: its curves, those of a second dose beside them, the 90 % bands of one structure."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import slicer
from RadOncAILib.scene import plots
from RadOncAILib.scene.nodes import ChartNode, SegmentationNode, VolumeNode
from RadOncAILib.scene.segmentation import segments
from slicer.i18n import tr as _
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDoubleArray

CHART = "RadOncAI.DVH"
BANDS = "RadOncAI.Bands"
LEFT_OUT = ("external", "support")
BAND_PX, BAND_OPACITY = 5.0, 0.4
_AT_VOLUME = re.compile(r"^D(\d+(?:\.\d+)?)(%|cc)\[Gy\]$")
ROOM_FOR_LEGEND = 1.75  # the legend stands right, inside the axes


def show(dose: VolumeNode, result: dict[str, Any], structures: SegmentationNode, *, dash: bool) -> ChartNode:
    """Draw the curves of a result into the dose's own chart; returns the chart node."""
    rows = [c for c in result["dvh"] if c["role"] not in LEFT_OUT]
    chart = plots.show_dvh(rows, dose.GetName(), colors_of(structures), dash=dash)
    dose.SetNodeReferenceID(CHART, chart.GetID())
    chart.SetTitle(_("Predicted dose, not a plan") if dash else dose.GetName())
    chart.SetTitleVisibility(True)
    top = max((row["dose_gy"][-1] for row in rows if row["dose_gy"]), default=1.0)
    chart.SetXAxisRangeAuto(False)
    chart.SetXAxisRange(0.0, ROOM_FOR_LEGEND * top)
    return chart


def chart_of(dose: VolumeNode | None) -> ChartNode | None:
    """The chart of a dose, None where it has none."""
    return dose.GetNodeReference(CHART) if dose is not None else None


def show_beside(dose: VolumeNode | None, reference: VolumeNode | None) -> None:
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


def forget(dose: VolumeNode) -> None:
    """Take the dose's chart out of the scene."""
    chart = chart_of(dose)
    if chart is not None:
        _remove(chart)


def forget_orphans() -> None:
    """Take the charts of doses that are gone out of the scene, with their curves and tables."""
    kept = {dose.GetNodeReferenceID(CHART) for dose in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    for chart in slicer.util.getNodesByClass("vtkMRMLPlotChartNode"):
        if chart.GetAttribute(plots.CURVES) and chart.GetID() not in kept:
            _remove(chart)


def _remove(chart: ChartNode) -> None:
    _remove_bands(chart)
    plots.remove(chart)


def _remove_bands(chart: ChartNode) -> None:
    for series in _band_series(chart):
        table = series.GetTableNode()
        slicer.mrmlScene.RemoveNode(series)
        slicer.mrmlScene.RemoveNode(table)


def colors_of(structures: SegmentationNode) -> dict[str, tuple[float, float, float]]:
    """Name to the segment's colour, 0 to 1."""
    return {segment.GetName(): segment.GetColor() for _id, segment in segments(structures)}


def bands(kept: dict[str, Any], structure: str) -> np.ndarray:
    """(n, 3): low Gy, high Gy, per cent of the volume, where a dose at a volume of the structure has a 90 % band."""
    rows = []
    for row in kept.get("metrics") or ():
        found = _AT_VOLUME.match(row["metric"])
        if found is None or row["structure"] != structure or row["low"] is None:
            continue
        at, unit = float(found.group(1)), found.group(2)
        volume = (kept.get("volumes") or {}).get(structure)
        if unit == "%" or volume:
            rows.append((row["low"], row["high"], at if unit == "%" else 100 * at / volume))
    return np.array(rows, float).reshape(-1, 3)


def point_out(dose: VolumeNode, kept: dict[str, Any], structure: str,
              colors: dict[str, tuple[float, float, float]]) -> None:
    """Draw one structure's curve thicker, with its bands."""
    if chart_of(dose) is not None:
        plots.highlight(chart_of(dose), structure)
        show_bands(dose, kept, structure, colors.get(structure, plots.GREY))


def show_bands(dose: VolumeNode, kept: dict[str, Any], structure: str, color: tuple[float, float, float]) -> None:
    """Draw the bands of one structure as level lines in its colour; those of another go."""
    chart, rows = chart_of(dose), bands(kept, structure)
    if chart is None:
        return
    series = next(iter(_band_series(chart)), None)
    if not len(rows):
        _remove_bands(chart)
        return
    if series is None:
        series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode")
        series.SetAttribute(BANDS, dose.GetName())
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    _fill_bands(series, rows, f"{dose.GetName()} bands")
    series.SetName(_("{structure}, 90 % band").format(structure=structure))
    series.SetColor(*(float(c) for c in color))


def _fill_bands(series, rows: np.ndarray, name: str) -> None:
    """One line a band; NaN between them breaks the line."""
    table = series.GetTableNode() or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    gap = np.full(len(rows), np.nan)
    with slicer.util.NodeModify(table):
        table.RemoveAllColumns()
        table.AddColumn(_column("dose_gy", np.stack([rows[:, 0], rows[:, 1], gap], 1).ravel()))
        table.AddColumn(_column("volume_pct", np.stack([rows[:, 2], rows[:, 2], gap], 1).ravel()))
    node = slicer.vtkMRMLPlotSeriesNode
    with slicer.util.NodeModify(series):
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName("dose_gy")
        series.SetYColumnName("volume_pct")
        series.SetPlotType(node.PlotTypeScatter)
        series.SetMarkerStyle(node.MarkerStyleNone)
        series.SetLineStyle(node.LineStyleSolid)
        series.SetLineWidth(BAND_PX)
        series.SetOpacity(BAND_OPACITY)


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
