"""From the prediction to the written files in Dose Predict, against what the command line makes of the same files."""

import csv
import json

import host
import numpy as np
import pytest
from panels import dosepredict_clicks
from panels.dosepredict_clicks import (
    BAND,
    MARK,
    STRUCTURE,
    VALUE,
    VERDICT,
    cell,
    doses,
    edit,
    goal_of,
    load_beside,
    predict,
    segment,
    settle,
    value_at,
)

folder, command, panel, ready = dosepredict_clicks.FIXTURES


def test_a_person_predicts_compares_edits_and_writes(scene, ready, command, tmp_path):
    predict(ready)
    (dose,) = doses(scene)
    assert ready.node.dose is dose and dose.GetAttribute("DicomRtImport.DoseVolume") == "1"
    check_place(scene, ready, dose, command)
    check_dvh(scene, dose, command)
    check_goals(ready, command)
    check_in_views(scene, ready, dose)
    check_other_goals(scene, ready, dose)
    check_comparison(scene, ready, dose)
    check_out_of_date(scene, ready)
    check_writing(ready, command, tmp_path / "out")
    check_scene_is_kept(scene, ready, tmp_path)


def check_place(slicer, panel, dose, command):
    """The dose is highest in the target, and everywhere what the command line wrote, at the same place."""
    from radoncai.dicom.dose import read_dose

    high = panel.node.structures.GetSegmentation().GetSegmentIdBySegmentName("PTV_7000")
    center = panel.node.structures.GetSegmentCenterRAS(high)
    assert value_at(slicer, dose, center) > 63
    written = read_dose(command / "rtdose.dcm").volume
    k, j, i = np.unravel_index(np.argmax(written.array), written.array.shape)
    left, posterior, superior, _ = written.grid.index_to_lps @ [i, j, k, 1]
    assert value_at(slicer, dose, (-left, -posterior, superior)) == pytest.approx(float(written.array.max()), abs=0.01)
    inside = slicer.util.arrayFromVolume(dose)
    assert inside.shape == written.array.shape and np.abs(inside - written.array).max() < 0.01


def check_dvh(slicer, dose, command):
    """The plotted curves are the command line's table."""
    from DosePredictLib.chart import chart_of
    from RadOncAILib.scene import plots
    from vtkmodules.util.numpy_support import vtk_to_numpy

    rows = {}
    for row in csv.DictReader((command / "dvh.csv").open()):
        if row["volume_pct"]:
            rows.setdefault(row["structure"], []).append((float(row["dose_gy"]), float(row["volume_pct"])))
    curves = {plots.structure_of(s): s for s in plots.curves(chart_of(dose), dose.GetName())}
    assert set(curves) == set(rows) - {"External"} and len(curves) >= 8
    for name, series in curves.items():
        expected, table = np.array(rows[name]), series.GetTableNode().GetTable()
        gray, volume = (vtk_to_numpy(table.GetColumnByName(c))[:len(expected)]
                        for c in (series.GetXColumnName(), series.GetYColumnName()))
        assert np.allclose(gray, expected[:, 0], atol=0.01) and np.allclose(volume, expected[:, 1], atol=0.05), name
        assert series.GetLineStyle() == slicer.vtkMRMLPlotSeriesNode.LineStyleDash


def check_goals(panel, command):
    """Row by row the verdict, value and band of goals.csv, with amounts, and the counts above."""
    symbols = {"pass": "✓", "near": "~", "fail": "✕", "unsure": "?", "unknown": "–"}
    rows = list(csv.DictReader((command / "goals.csv").open()))
    assert panel.ui.goalsTable.rowCount == len(rows)
    for n, row in enumerate(rows):
        assert cell(panel, n, MARK) == symbols[row["verdict"]] and cell(panel, n, STRUCTURE) == row["structure"]
        assert cell(panel, n, VALUE) == (f"{float(row['value']):.1f}" if row["value"] else "–")
        band = f"{float(row['low']):.1f}–{float(row['high']):.1f}" if row["low"] else ""
        assert cell(panel, n, BAND) == band
        if row["verdict"] == "fail":
            by = abs(float(row["value"]) - float(row["limit"].lstrip("<>=")))
            assert cell(panel, n, VERDICT) == f"missed by {by:.1f}"
    for verdict in ("pass", "near", "unsure", "fail"):
        count = sum(row["verdict"] == verdict for row in rows)
        assert f"{symbols[verdict]} {count}" in panel.ui.countsLabel.text


def check_in_views(slicer, panel, dose):
    from RadOncAILib.widgets import corner

    assert "not a plan" in panel.ui.resultSection.text and "Predicted dose, not a plan" in corner.lines()
    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert views and all(v.GetForegroundVolumeID() == dose.GetID() for v in views)
    assert all(v.GetBackgroundVolumeID() == panel.node.volume.GetID() for v in views)
    red = slicer.app.layoutManager().sliceWidget("Red")
    red.resize(400, 400)
    picture = host.grab(red).astype(int)
    assert (picture.max(-1) - picture.min(-1) > 60).mean() > 0.02, "no colour wash"
    panel.ui.dvhButton.click()
    host.pump(0.2)
    assert slicer.app.layoutManager().plotWidget(0).mrmlPlotViewNode().GetPlotChartNode() is not None
    check_click_on_a_curve(slicer, panel, dose)
    assert not panel.ui.isodoseButton.enabled and "SlicerRT" in panel.ui.isodoseButton.toolTip


def check_click_on_a_curve(slicer, panel, dose):
    """Table, bands and views go to the structure."""
    import vtk
    from DosePredictLib.chart import BANDS, chart_of
    from RadOncAILib.scene import plots

    series = next(s for s in plots.curves(chart_of(dose)) if plots.structure_of(s) == "Parotid_R")
    ids = vtk.vtkStringArray()
    ids.InsertNextValue(series.GetID())
    slicer.app.layoutManager().plotWidget(0).plotView().dataSelected(ids, vtk.vtkCollection())
    assert cell(panel, panel.ui.goalsTable.currentRow(), STRUCTURE) == "Parotid_R"
    band = next(s for s in slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode") if s.GetAttribute(BANDS))
    assert band.GetColor() == series.GetColor() and series.GetLineWidth() > 2
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    assert red.GetSliceOffset() == pytest.approx(panel.node.structures.GetSegmentCenterRAS("Parotid_R")[2], abs=6)


def check_other_goals(slicer, panel, dose):
    """Another table of goals is measured on the same dose, with the model's bands."""
    before, rows = slicer.util.arrayFromVolume(dose).copy(), panel.ui.goalsTable.rowCount
    selector = panel.ui.goalsSelector
    selector.currentIndex = selector.findData("hn_gortec")
    settle(panel)
    assert panel.ui.goalsTable.rowCount != rows and len(doses(slicer)) == 1
    assert np.array_equal(before, slicer.util.arrayFromVolume(dose))
    assert not panel.ui.goalsTable.isColumnHidden(BAND) and panel.ui.writeButton.enabled
    selector.currentIndex = selector.findData("openkbp_hn")
    settle(panel)
    assert panel.ui.goalsTable.rowCount == rows


def check_comparison(slicer, panel, dose):
    """The clinical dose of the study: read, measured, its curves solid beside the dashed ones, its goals on demand."""
    from DosePredictLib.chart import chart_of
    from RadOncAILib.scene import plots

    load_beside(panel, "dose")
    clinical = panel.node.reference
    assert clinical is not None and panel.node.dose is dose and len(doses(slicer)) == 2
    settle(panel)
    both = plots.curves(chart_of(dose))
    styles = {(plots.structure_of(s), s.GetLineStyle()): s.GetColor() for s in both}
    node = slicer.vtkMRMLPlotSeriesNode
    assert styles["PTV_7000", node.LineStyleSolid] == styles["PTV_7000", node.LineStyleDash]
    panel.ui.doseSelector.setCurrentNode(clinical)
    settle(panel)
    row = goal_of(panel, "PTV_7000")
    assert cell(panel, row, VALUE) == "68.0" and cell(panel, row, VERDICT) == "close"
    assert panel.ui.goalsTable.isColumnHidden(BAND), "a clinical dose has no band"
    assert "not a plan" not in panel.ui.resultSection.text and not panel.ui.writeButton.enabled
    panel.ui.doseSelector.setCurrentNode(dose)
    panel.ui.referenceSelector.setCurrentNode(None)
    settle(panel)
    assert {s.GetLineStyle() for s in plots.curves(chart_of(dose)) if plots.structure_of(s)} == {node.LineStyleDash}


def check_out_of_date(slicer, panel):
    """An edit, another dose and another CT are named; writing is off until they are undone."""
    assert not panel.result.fresh.stale and panel.ui.writeButton.enabled, panel.ui.writeButton.toolTip
    undo = edit(slicer, panel, "Parotid_L")
    settle(panel)
    assert "Out of date: Parotid_L edited" in panel.result.fresh.row.text.replace("<b>", "")
    assert not panel.ui.writeButton.enabled and "Parotid_L" in panel.ui.writeButton.toolTip
    undo()
    settle(panel)
    assert not panel.result.fresh.stale
    panel.targets.spin_of("PTV_5600").value = 54.0
    settle(panel)
    assert "prescription changed" in panel.result.fresh.row.text and not panel.ui.writeButton.enabled
    panel.targets.spin_of("PTV_5600").value = 56.0
    settle(panel)
    target = segment(panel, "PTV_7000")
    target.SetName("Boost")
    settle(panel)
    assert "PTV_7000 renamed" in panel.result.fresh.row.text and not panel.ui.writeButton.enabled
    target.SetName("PTV_7000")
    settle(panel)
    assert not panel.result.fresh.stale and panel.ui.writeButton.enabled
    array = slicer.util.arrayFromVolume(panel.node.volume)
    array[3, 4, 5] += 100
    slicer.util.arrayFromVolumeModified(panel.node.volume)
    settle(panel)
    assert panel.result.fresh.stale and not panel.ui.writeButton.enabled
    array[3, 4, 5] -= 100
    slicer.util.arrayFromVolumeModified(panel.node.volume)
    settle(panel)
    assert not panel.result.fresh.stale


def check_writing(panel, command, out):
    """The files are those of the command line, with the same dose and the same tables."""
    from radoncai.dicom.dose import read_dose

    panel.result.write_to(str(out), report=True)
    settle(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text
    written = {p.name for p in out.iterdir()}
    assert {"rtdose.dcm", "rtplan.dcm", "dvh.csv", "goals.csv", "provenance.json", "report.html"} <= written
    ours, theirs = (read_dose(folder / "rtdose.dcm").volume for folder in (out, command))
    assert np.allclose(ours.array, theirs.array, atol=0.01) and np.allclose(ours.grid.index_to_lps,
                                                                          theirs.grid.index_to_lps)
    tables = [[{k: v for k, v in row.items() if k != "run"} for row in csv.DictReader((folder / "goals.csv").open())]
              for folder in (out, command)]
    assert [r["verdict"] for r in tables[0]] == [r["verdict"] for r in tables[1]]
    assert json.loads((out / "provenance.json").read_text())["models"][0]["name"] == "hn_dose"


def check_scene_is_kept(slicer, panel, folder):
    """The goals come back with a saved scene."""
    before = [cell(panel, n, VALUE) for n in range(panel.ui.goalsTable.rowCount)]
    text = panel.node.dose.GetAttribute("RadOncAI.DosePredict")
    assert len(text) < 100_000 and json.loads(text)["counts"]
    panel.result.goals.show([])
    panel.refresh()
    assert [cell(panel, n, VALUE) for n in range(panel.ui.goalsTable.rowCount)] == before
