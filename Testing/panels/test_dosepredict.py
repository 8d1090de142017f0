"""A person's clicks in Dose Predict, with the real worker and the bundled model, on the sample patient's neck."""

import csv
import json
import os
import signal
import time

import host
import numpy as np
import pytest

from radoncai.core.dose import Dose, Prescription
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume

HOLD_S = 120
CANCEL_S = 2.0
SPACING, REACH = (3.0, 5.4, 5.4), (-150.0, 50.0)
PRESCRIPTION = {"PTV_7000": 70.0, "PTV_5600": 56.0}
MARK, STRUCTURE, GOAL, VALUE, BAND, VERDICT = range(6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study: CT, the contours it was drawn with, a clinical dose; and a second CT of the abdomen, with a PTV."""
    from radoncai.phantom.patient import sample_patient

    folder = tmp_path_factory.mktemp("study")
    neck = _study(folder / "neck", sample_patient(spacing_mm=SPACING, z_range_mm=REACH), "P1", "Neck")
    _clinical_dose(folder / "neck", neck)
    trunk = sample_patient(spacing_mm=(5.0, 5.0, 5.0), z_range_mm=(-560.0, -430.0))
    _study(folder / "trunk", _with_ptv(trunk), "P2", "Trunk")
    return folder


def _study(folder, patient, patient_id, description):
    from radoncai.dicom.ct_writer import write_ct_series
    from radoncai.dicom.rtstruct_writer import write_rtstruct

    volume = write_ct_series(patient.ct, folder / "ct", patient_id=patient_id, patient_name="Sample^Patient",
                             series_description=description)
    truth = StructureSet(volume.grid, patient.truth.structures, volume.source)
    write_rtstruct(truth, volume, folder / "truth.dcm", label="TRUTH")
    return volume, truth


def _with_ptv(patient):
    """The trunk with a ball as its PTV."""
    from dataclasses import replace

    from radoncai.core.structures import Structure

    k, j, i = np.indices(patient.ct.array.shape)
    n = np.array(patient.ct.array.shape) // 2
    ball = (k - n[0]) ** 2 + (j - n[1]) ** 2 + (i - n[2]) ** 2 < 7 ** 2
    ptv = Structure.from_full("PTV_7000", ball, role="ptv")
    return replace(patient, truth=replace(patient.truth, structures=(*patient.truth.structures, ptv)))


def _clinical_dose(folder, study):
    """68 Gy everywhere, on a grid of its own."""
    from radoncai.dicom.rtdose import write_rtdose
    from radoncai.dicom.rtplan import write_rtplan

    volume, _truth = study
    gray = np.full(volume.grid.shape, 68.0, np.float32)
    box = (slice(2, 60), slice(4, 80), slice(5, 85))
    grid = volume.grid.crop(box)
    prescription = Prescription(PRESCRIPTION, 35)
    plan = write_rtplan(prescription, volume.source, folder / "plan.dcm")
    write_rtdose(Dose(Volume(gray[box], grid, "RTDOSE", "Gy", volume.source), "clinical", prescription),
                 folder / "clinical.dcm", plan=plan)


@pytest.fixture(scope="module")
def command(folder, tmp_path_factory):
    """What the command line makes of the same files."""
    from radoncai.cli.main import main

    out = tmp_path_factory.mktemp("command") / "out"
    said = ",".join(f"{name}={gy:g}" for name, gy in PRESCRIPTION.items())
    assert main(["dose", str(folder / "neck" / "ct"), "--structures", str(folder / "neck" / "truth.dcm"),
                 "--prescription", said, "--fractions", "35", "--goals", "openkbp_hn", "-o", str(out)]) == 0
    return out


@pytest.fixture
def panel(scene, folder):
    """The open panel with the experimental model agreed to; no image yet."""
    host.dicom_database(folder)
    panel = host.enter_module(host.load_module("DosePredict")).panel
    host.wait_until(lambda: panel.model.models, HOLD_S)
    if panel.model.current is None:
        panel.use_experimental()
    yield panel
    panel.run.abandon()
    scene.util.selectModule("SegmentEditor")


@pytest.fixture
def ready(panel):
    """CT and contours of the neck loaded, prescription guessed."""
    load(panel, "Neck")
    load_beside(panel, "structures")
    return panel


def load(panel, description):
    """Choose the series in the DICOM dialog, and wait for what is said about it."""
    panel.input.dicom_button.click()
    dialog = panel.input._dialog
    dialog.select_series(series_uid(description))
    dialog.load_button.click()
    host.wait_until(lambda: panel.input.verdict and panel.input.study.entries, HOLD_S)
    host.pump(0.05)


def series_uid(description):
    import slicer

    database = slicer.dicomDatabase
    return next(series for patient in database.patients() for study in database.studiesForPatient(patient)
                for series in database.seriesForStudy(study) if database.descriptionForSeries(series) == description)


def load_beside(panel, kind):
    """Choose contours or dose of the study and press Load."""
    row = panel.input.study
    row.selector.currentIndex = [k for k, _ in row.entries].index(kind)
    row.load_button.click()
    settle(panel)


def settle(panel):
    """Until nothing runs and the worker has said how it takes the structures."""
    host.pump(0.05)
    host.wait_until(lambda: not panel.run.running and not panel._question.waiting, HOLD_S)
    host.pump(0.1)
    host.wait_until(lambda: not panel.run.running and not panel._question.waiting, HOLD_S)


def predict(panel):
    assert panel.run.button.enabled, panel.run.message.text
    panel.run.button.click()
    settle(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text


def doses(slicer):
    from RadOncAILib.scene.dose import is_dose

    return [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if is_dose(n)]


def charts(slicer):
    return slicer.util.getNodesByClass("vtkMRMLPlotChartNode")


def segment(panel, name):
    content = panel.node.structures.GetSegmentation()
    return content.GetSegment(content.GetSegmentIdBySegmentName(name))


def value_at(slicer, node, ras):
    """Nearest voxel of a volume node at a place in RAS mm."""
    from RadOncAILib.scene.geometry import ras_from_node

    i, j, k, _ = np.rint(np.linalg.inv(ras_from_node(node)) @ [*ras, 1.0]).astype(int)
    return float(slicer.util.arrayFromVolume(node)[k, j, i])


def cell(panel, row, column):
    return panel.result.goals.text(row, column)


def goal_of(panel, structure):
    return next(r for r in range(panel.ui.goalsTable.rowCount) if cell(panel, r, STRUCTURE) == structure)


def edit(slicer, panel, name):
    """Take the lowest slice of a structure away, as an eraser would; returns what undoes it."""
    ids = panel.node.structures.GetSegmentation().GetSegmentIdBySegmentName(name)
    before = slicer.util.arrayFromSegmentBinaryLabelmap(panel.node.structures, ids, panel.node.volume)
    less = before.copy()
    less[np.flatnonzero(before.any(axis=(1, 2)))[0]] = 0
    write = slicer.util.updateSegmentBinaryLabelmapFromArray
    write(less, panel.node.structures, ids, panel.node.volume)
    return lambda: write(before, panel.node.structures, ids, panel.node.volume)


def test_prescription_is_guessed_and_the_map_is_shown(scene, ready):
    assert ready.targets.doses == PRESCRIPTION and ready.node.fractions == 35
    assert ready.approval.symbol == "!" and ready.approval.text == "11 of 11 structures are not approved"
    assert ready.channels.row.symbol == "✓" and "inside" in ready.channels.row.text
    shown = {ready.channels.list.topLevelItem(n).text(0): ready.channels.list.topLevelItem(n).text(1)
             for n in range(ready.channels.list.topLevelItemCount)}
    assert shown["PTV_7000"] == "70 Gy" and shown["Parotid_L"] == "Parotid_L" and shown["External"] == "body"
    assert ready.run.button.enabled and ready.run.button.text == "Predict dose"
    assert not doses(scene) and not ready.ui.writeButton.enabled


def test_a_target_of_another_name_must_be_confirmed(scene, ready):
    segment(ready, "PTV_7000").SetName("PTV70")
    ready.node.prescribed = None
    host.pump(0.1)
    settle(ready)
    assert ready.targets.doses == {"PTV70": 70.0, "PTV_5600": 56.0}
    assert not ready.run.button.enabled and "Confirm" in ready.run.message.text and "PTV70" in ready.run.message.text
    box = ready.targets.box_of("PTV70")
    assert box.isVisibleTo(ready.ui.prescriptionTable) and not box.checked
    box.click()
    settle(ready)
    assert ready.run.button.enabled and ready.node.confirmed == ["PTV70=70 Gy"]
    ready.targets.spin_of("PTV70").value = 68.0
    settle(ready)
    assert not ready.run.button.enabled, "what was confirmed was another dose"


def test_targets_are_added_and_taken_out(scene, ready):
    ready.targets.table.setCurrentCell(1, 0)
    ready.ui.removeTargetButton.click()
    settle(ready)
    assert ready.targets.doses == {"PTV_7000": 70.0}
    menu = ready.ui.addTargetButton.menu()
    assert menu.actions()[0].text == "PTV_5600"
    menu.actions()[0].trigger()
    settle(ready)
    assert ready.targets.doses == PRESCRIPTION and ready.run.button.enabled
    next(a for a in menu.actions() if a.text == "Larynx").trigger()
    settle(ready)
    assert not ready.run.button.enabled and "Larynx has no dose" in ready.run.message.text


def test_a_target_that_was_removed_is_named_once(scene, ready):
    content = ready.node.structures.GetSegmentation()
    content.RemoveSegment(content.GetSegmentIdBySegmentName("PTV_7000"))
    settle(ready)
    assert ready.targets._words["PTV_7000"].text == "–"
    assert not ready.run.button.enabled and "PTV_7000 is not among the structures" in ready.run.message.text
    assert ready.channels.row.text == ""
    ready.targets.table.setCurrentCell(0, 0)
    ready.ui.removeTargetButton.click()
    settle(ready)
    assert "PTV_7000" not in ready.run.message.text and ready.channels.row.text


def test_an_input_that_is_removed_during_the_run_is_one_sentence(scene, ready):
    ready.run.button.click()
    host.pump(0.05)
    scene.mrmlScene.RemoveNode(ready.node.volume)
    settle(ready)
    host.pump(0.3)
    assert ready.run.message.text.endswith("were removed during the prediction; nothing was added.")
    assert not doses(scene) and not charts(scene)


def test_no_ptv_is_refused_in_a_sentence(scene, ready):
    for name in list(ready.targets.doses):
        ready.targets.table.setCurrentCell(list(ready.targets.doses).index(name), 0)
        ready.ui.removeTargetButton.click()
        settle(ready)
    assert not ready.run.button.enabled and ready.run.message.symbol == "✕"
    assert "give at least one PTV its dose" in ready.run.message.text
    ready.targets.add("Larynx")
    settle(ready)
    ready.targets.spin_of("Larynx").value = 70.0
    settle(ready)
    assert not ready.run.button.enabled and "is not a target" in ready.run.message.text


def test_a_target_outside_head_and_neck_is_refused_in_a_sentence(scene, panel):
    load(panel, "Trunk")
    load_beside(panel, "structures")
    assert panel.targets.doses == {"PTV_7000": 70.0}
    if panel.run.button.enabled:
        panel.run.button.click()
        settle(panel)
    assert panel.run.message.symbol == "✕" and "head and neck" in panel.run.message.text
    assert not doses(scene) and not charts(scene)


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


@pytest.fixture
def running(ready):
    """In the middle of a prediction."""
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 0, HOLD_S)
    assert ready.run.button.text == "Cancel"
    return ready


def nothing_stays(slicer):
    return not doses(slicer) and not charts(slicer) and not slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")


def test_cancel_in_the_middle(scene, running):
    began = time.monotonic()
    running.run.button.click()
    host.wait_until(lambda: not running.run.running, HOLD_S)
    assert time.monotonic() - began < CANCEL_S + 1.0
    assert running.run.message.text == "Cancelled." and nothing_stays(scene)
    host.wait_until(lambda: running.run.button.enabled, HOLD_S)


def test_a_killed_worker_is_one_sentence_and_the_next_apply_works(scene, running):
    from RadOncAILib.worker import shared_client

    os.kill(shared_client().pid, signal.SIGKILL)
    host.wait_until(lambda: not running.run.running, HOLD_S)
    assert running.run.message.symbol == "✕" and "press Apply again" in running.run.message.text
    assert nothing_stays(scene)
    predict(running)
    assert len(doses(scene)) == 1


def test_scene_closed_during_a_run(scene, running):
    host.close_scene()
    host.pump(0.3)
    assert not running.run.running and nothing_stays(scene) and running.node is not None
    assert "scene" in running.run.message.text or not running.run.button.enabled
    assert running.ui.goalsTable.rowCount == 0


def test_another_module_cancels_the_run(scene, running):
    scene.util.selectModule("SegmentEditor")
    assert not running.run.running and nothing_stays(scene)
    scene.util.selectModule("DosePredict")
    settle(running)
    assert running.run.button.enabled, running.run.message.text


def test_reload_keeps_what_was_chosen(scene, ready):
    again = host.reload_module("DosePredict").panel
    host.wait_until(lambda: again.model.models, HOLD_S)
    settle(again)
    assert again is not ready and again.targets.doses == PRESCRIPTION
    assert again.node.volume is not None and again.model.name == "hn_dose"


def test_it_fits_380_px_and_every_button_says_what_it_does(scene, ready):
    import qt

    widget = scene.modules.dosepredict.widgetRepresentation()
    assert widget.minimumSizeHint.width() <= 380
    for button in widget.findChildren(qt.QPushButton):
        assert button.toolTip or not button.text or button.objectName.startswith("qt_"), button.text
    assert ready.run.button.shortcut.toString() in ("Ctrl+Return", "Ctrl+Enter")
    order = [ready.input.selector, ready.ui.structuresSelector, ready.ui.prescriptionTable, ready.run.button,
             ready.ui.doseSelector, ready.ui.goalsTable, ready.ui.dvhButton]
    chain, at = [], order[0]
    for _ in range(400):
        if int(at.focusPolicy.value) & int(qt.Qt.TabFocus.value) and at.isVisibleTo(widget):
            chain.append(at)
        at = at.nextInFocusChain()
    places = [next(n for n, w in enumerate(chain) if w is item or item.isAncestorOf(w)) for item in order]
    assert places == sorted(places)
