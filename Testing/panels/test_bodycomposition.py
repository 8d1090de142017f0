"""A person's clicks in Body Composition, real worker and bundled model, on the abdomen of the sample patient."""

import json
import os
import signal
import time

import host
import numpy as np
import pytest
from panels.bodycomposition_clicks import (
    HOLD_S,
    ROWS,
    cell,
    drag,
    is_as_measured,
    load,
    made_nodes,
    measured_regions,
    nodes_of,
    overlay_s,
    pixel_of,
    red,
    result_of,
    settle,
)

from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.phantom.patient import sample_patient

CANCEL_S = 2.0
HEADER = {"PatientSize": 1.74, "PatientWeight": 74.0, "PatientSex": "M"}
SPACING = (5.0, 2.5, 2.5)
PIXEL_CM2 = 0.25 * 0.25


@pytest.fixture(scope="module")
def database_folder(tmp_path_factory):
    """The abdomen with height, weight and sex; a chest without; slices of 5 mm."""
    folder = tmp_path_factory.mktemp("database")
    abdomen = sample_patient(spacing_mm=SPACING, z_range_mm=(-720.0, -340.0))
    write_ct_series(abdomen.ct, folder / "abdomen", patient_id="P1", patient_name="Sample^Patient",
                    series_description="Abdomen", header=HEADER)
    chest = sample_patient(spacing_mm=(5.0, 4.0, 4.0), z_range_mm=(-330.0, -120.0))
    write_ct_series(chest.ct, folder / "chest", patient_id="P2", patient_name="Other^Patient",
                    series_description="Chest")
    return folder


@pytest.fixture(scope="module")
def command(database_folder, tmp_path_factory):
    """What the command line says about the same series."""
    from radoncai.cli.main import main

    out = tmp_path_factory.mktemp("command") / "out"
    assert main(["bodycomp", str(database_folder / "abdomen"), "-o", str(out)]) == 0
    return json.loads((out / "result.json").read_text()), out


@pytest.fixture(scope="module")
def opened(slicer_host, database_folder):
    """The open panel with the models listed and the experimental one agreed to."""
    host.close_scene()
    host.dicom_database(database_folder)
    panel = host.enter_module(host.load_module("BodyComposition")).panel
    host.wait_until(lambda: panel.model.models, HOLD_S)
    if panel.model.current is None:
        panel.use_experimental()
    yield panel
    slicer_host.util.selectModule("SegmentEditor")
    host.close_scene()


@pytest.fixture
def scene(slicer_host, opened):
    """`slicer`; an exception in a slot or observer fails the test. The scene stays: a run costs seconds."""
    host.errors.clear()
    slicer_host.util.selectModule("BodyComposition")
    yield slicer_host
    kept = list(host.errors)
    host.errors.clear()
    assert not kept, f"exceptions in slots: {kept}"


@pytest.fixture
def panel(scene):
    """The panel that is open now; an empty scene."""
    host.close_scene()
    now = scene.modules.BodyCompositionWidget.panel
    host.pump(0.05)
    yield now
    now.run.abandon()


@pytest.fixture
def ready(panel):
    load(panel, "Abdomen")
    return panel


@pytest.fixture
def measured(scene):
    """The panel with the abdomen measured at the L3 that was found, nothing edited; measured again where need be."""
    panel = scene.modules.BodyCompositionWidget.panel
    if not is_as_measured(panel):
        host.close_scene()
        load(panel, "Abdomen")
        panel.run.button.click()
        settle(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text
    return panel


def test_one_click_from_ct_to_the_command_lines_numbers(scene, ready, command):
    from RadOncAILib.worker import shared_client

    expected, _out = command
    spine = sorted(expected["vertebrae_s_mm"], key=expected["vertebrae_s_mm"].get)
    assert ready.coverage.row.text == f"covers {spine[-1]} to {spine[0]}" and "L3" in spine
    assert ready.run.button.enabled and ready.run.button.text == "Measure L3"
    ready.run.button.click()
    assert ready.run.button.text == "Cancel"
    settle(ready)
    worker = shared_client().pid
    for key, row in ROWS.items():
        decimals = 0 if key == "muscle_hu" else 1
        assert ready.ui.numbersTable.item(row, 1).text() == f"{expected[key]:.{decimals}f}", key
    assert result_of(ready)["sd"]["muscle_cm2"] == pytest.approx(expected["muscle_cm2_sd"], abs=0.005)
    assert cell(ready, "muscle_cm2", 2) == f"±{expected['muscle_cm2_sd']:.1f}"
    assert ready.ui.numbersTable.horizontalHeaderItem(2).text() == "± one sd"
    assert red().mrmlSliceNode().GetSliceOffset() == pytest.approx(overlay_s(ready)), "Red shows the overlay's slice"
    level = ready.level.row.text
    assert f"L3 at S −{-expected['level_mm']:.1f} mm" in level and expected["level_methods_agree"] in level
    assert "research use" in ready.ui.resultSection.text
    first = result_of(ready)["seconds"]["loading the model"]
    ready.run.button.click()
    settle(ready)
    assert shared_client().pid == worker and result_of(ready)["seconds"]["loading the model"] <= first, "warm"
    assert len(nodes_of(scene, "vtkMRMLSegmentationNode")) == 1, "the overlay is replaced, not doubled"


def test_the_overlay_lies_on_the_measured_slice_in_the_fields_colours(scene, measured):
    from radoncai.report.colours import TISSUES, rgb

    host.start(main_window=True)
    scene.util.setSliceViewerLayers(background=measured.node.volume)
    red().fitSliceToBackground()
    level, slice_node = overlay_s(measured), red().mrmlSliceNode()
    slice_node.JumpSliceByOffsetting(0.0, 0.0, level)
    seen = host.grab(red()).copy()
    measured.node.regions.SetDisplayVisibility(False)
    plain = host.grab(red()).copy()
    for name, value in (("muscle", 1), ("sat", 2), ("vat", 3)):
        row, column = pixel_of(measured, name, seen.shape)
        half = (np.array(rgb(TISSUES[value][1])) + plain[row, column]) / 2
        assert np.allclose(seen[row, column], half, atol=8), (name, seen[row, column], plain[row, column])
    slice_node.SetSliceOffset(level + 2 * SPACING[0])
    away = host.grab(red()).copy()
    measured.node.regions.SetDisplayVisibility(True)
    assert np.array_equal(away, host.grab(red())), "no overlay beside the slice"
    scene.util.mainWindow().hide()


def test_files_are_those_of_the_command_line_and_a_report(measured, command, tmp_path, monkeypatch):
    import qt

    expected, out = command
    shown = []
    monkeypatch.setattr(qt.QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "out"))
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", shown.append)
    measured.ui.reportButton.click()
    settle(measured)
    assert measured.run.message.text.startswith("Written to")
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {p.name for p in out.iterdir()} | {"report.html"}
    assert [url.fileName() for url in shown] == ["report.html"]
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    run_of_its_own = {"run", "case"}
    assert {k: v for k, v in written.items() if k not in run_of_its_own} == {
        k: v for k, v in expected.items() if k not in run_of_its_own}


def test_height_weight_and_sex_come_from_dicom_and_can_be_changed(measured):
    ui = measured.ui
    assert (ui.heightBox.value, ui.weightBox.value, ui.sexBox.currentText) == (1.74, 74.0, "M")
    assert ui.personLabel.text == "from DICOM"
    muscle = result_of(measured)["values"]["muscle_cm2"]
    ui.heightBox.value = 1.6
    host.pump(0.05)
    assert measured.result.fresh.changes == ("height changed",) and not ui.exportButton.enabled
    assert "height changed" in ui.exportButton.toolTip
    settle(measured)
    assert result_of(measured)["values"]["smi_cm2_m2"] == pytest.approx(muscle / 1.6 ** 2)
    assert cell(measured, "smi_cm2_m2", 1) == f"{muscle / 1.6 ** 2:.1f}"
    assert ui.exportButton.enabled and "height by hand" in ui.personLabel.text
    ui.sexBox.currentIndex = ui.sexBox.findData("F")
    settle(measured)
    assert result_of(measured)["cutoffs"] and all("F" in item["sex"] for item in result_of(measured)["cutoffs"])
    assert ui.publishedTable.rowCount == len(result_of(measured)["cutoffs"])
    assert "doi:" in ui.publishedTable.item(0, 3).toolTip()
    ui.heightBox.value = 0.0
    ui.sexBox.currentIndex = 0
    settle(measured)
    assert (ui.heightBox.value, ui.sexBox.currentText) == (1.74, "M"), "what is taken back comes from DICOM again"


def test_the_line_is_dragged_by_mouse_in_the_sagittal_view(scene, measured):
    from RadOncAILib.scene.geometry import to_numpy

    host.start(main_window=True)
    yellow, line = scene.app.layoutManager().sliceWidget("Yellow"), measured.node.level_line
    yellow.fitSliceToBackground()
    host.grab(yellow)
    place = [0.0, 0.0, 0.0]
    line.GetNthControlPointPosition(0, place)
    view = yellow.sliceView()
    x, y = (np.linalg.inv(to_numpy(yellow.mrmlSliceNode().GetXYToRAS())) @ [*place, 1.0])[:2]
    y, up_px = view.height - 1 - y, 20
    drag(view, x, y, up_px)
    mm = up_px * yellow.mrmlSliceNode().GetFieldOfView()[1] / view.height
    assert measured.node.level_given and measured.node.level_mm == pytest.approx(place[2] + mm, abs=2 * mm / up_px)
    assert abs(red().mrmlSliceNode().GetSliceOffset() - measured.node.level_mm) <= SPACING[0] / 2
    scene.util.mainWindow().hide()
    host.pump(0.05)
    measured.ui.findButton.click()
    line.GetNthControlPointPosition(0, place)
    assert place[2] == pytest.approx(result_of(measured)["level"]["level_mm"]), "back at once, nothing is to be run"
    settle(measured)
    assert not measured.result.stale


def test_the_level_line_is_dragged_and_every_number_follows(scene, measured, database_folder):
    from radoncai.bodycomp.job import measure_l3
    from radoncai.bodycomp.measure import Person
    from radoncai.dicom.image import read_image

    line, before = measured.node.level_line, result_of(measured)
    target = before["level"]["level_mm"] + 30.0
    end = [0.0, 0.0, 0.0]
    line.GetNthControlPointPosition(0, end)
    line.SetNthControlPointPosition(0, end[0] + 4.0, end[1] - 3.0, target)
    line.InvokeEvent(scene.vtkMRMLMarkupsNode.PointEndInteractionEvent)
    assert abs(red().mrmlSliceNode().GetSliceOffset() - target) <= SPACING[0] / 2, "the Red view follows at once"
    other = [0.0, 0.0, 0.0]
    line.GetNthControlPointPosition(1, other)
    line.GetNthControlPointPosition(0, end)
    assert end[2] == other[2] == pytest.approx(target), "the line stays level"
    host.pump(0.05)
    assert measured.result.stale and measured.run.button.text == f"Measure at S −{-target:.1f} mm"
    settle(measured)
    truth = measure_l3(read_image(database_folder / "abdomen"), level_mm=target, person=Person()).measured
    assert result_of(measured)["values"] == pytest.approx(truth.values)
    assert "Set by hand" in measured.level.row.text and not measured.result.stale
    names = [measured.node.vertebrae.GetNthControlPointLabel(n)
             for n in range(measured.node.vertebrae.GetNumberOfControlPoints())]
    known = [n for n in ("T12", "L1", "L2", "L3", "L4", "L5", "S1") if n in before["vertebrae"]]
    assert names == known and "L3" in names
    measured.ui.levelSlider.value = target - 60.0
    assert measured.node.level_mm == pytest.approx(target - 60.0, abs=0.06)
    assert abs(red().mrmlSliceNode().GetSliceOffset() - target + 60.0) <= SPACING[0] / 2, "the slider moves it, too"
    host.pump(0.05)
    assert measured.result.fresh.changes == ("level moved",) and not measured.ui.exportButton.enabled
    measured.ui.findButton.click()
    settle(measured)
    assert result_of(measured)["values"] == before["values"], "Find L3 brings the first numbers back"
    assert measured.ui.levelSlider.value == pytest.approx(before["level"]["level_mm"], abs=0.06)
    assert not measured.node.level_given and not measured.ui.findButton.enabled


def test_a_reloaded_module_shows_the_same_result(scene, measured):
    muscle, level = cell(measured, "muscle_cm2", 1), measured.level.row.text
    fresh = host.reload_module("BodyComposition").panel
    host.wait_until(lambda: fresh.model.models and fresh.input.verdict, HOLD_S)
    settle(fresh)
    assert fresh is not measured and cell(fresh, "muscle_cm2", 1) == muscle and fresh.level.row.text == level
    fresh.ui.heightBox.value = 1.8
    settle(fresh)
    assert result_of(fresh)["person"]["height_m"] == 1.8
    fresh.ui.heightBox.value = 0.0
    settle(fresh)
    assert not fresh.result.stale


def test_the_result_survives_saving_and_loading_the_scene(scene, measured, tmp_path):
    rows, level = [cell(measured, key, 1) for key in ROWS], measured.level.row.text
    assert scene.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    host.close_scene()
    host.pump(0.1)
    assert cell(measured, "muscle_cm2", 1) == "–"
    assert scene.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"), True)
    host.wait_until(lambda: measured.input.verdict, HOLD_S)
    settle(measured)
    assert [cell(measured, key, 1) for key in ROWS] == rows and measured.level.row.text == level
    assert not measured.result.stale and len(nodes_of(scene, "vtkMRMLMarkupsNode")) == 2
    assert measured.ui.personLabel.text == "from DICOM"


def test_a_changed_image_marks_the_numbers_and_stops_their_export(scene, measured):
    array = scene.util.arrayFromVolume(measured.node.volume)
    array[0, 0, 0] += 7
    scene.util.arrayFromVolumeModified(measured.node.volume)
    measured.refresh_soon()
    host.pump(0.1)
    name = measured.node.volume.GetName()
    assert measured.result.fresh.changes[0].startswith(f"{name} changed") and not measured.ui.exportButton.enabled
    array[0, 0, 0] -= 7
    scene.util.arrayFromVolumeModified(measured.node.volume)
    measured.refresh_soon()
    host.pump(0.1)
    assert not measured.result.stale and measured.ui.exportButton.enabled


def test_regions_are_edited_in_the_segment_editor_and_the_numbers_follow(scene, measured):
    before = result_of(measured)["values"]
    measured.ui.editButton.click()
    editor = scene.util.getModuleWidget("SegmentEditor").parameterSetNode
    assert editor.GetSegmentationNode() is measured_regions(scene)
    assert editor.GetOverwriteMode() == scene.vtkMRMLSegmentEditorNode.OverwriteAllSegments
    regions, volume = measured_regions(scene), editor.GetSourceVolumeNode()
    fat = scene.util.arrayFromSegmentBinaryLabelmap(regions, "sat", volume)
    erased = np.argwhere(fat)[:333]
    fat[tuple(erased.T)] = 0
    scene.util.updateSegmentBinaryLabelmapFromArray(fat, regions, "sat", volume)
    scene.util.selectModule("BodyComposition")
    host.pump(0.05)
    assert measured.result.fresh.changes == ("regions edited",) and not measured.ui.exportButton.enabled
    settle(measured)
    after = result_of(measured)["values"]
    assert before["sat_cm2"] - after["sat_cm2"] == pytest.approx(333 * PIXEL_CM2)
    assert cell(measured, "sat_cm2", 1) == f"{int(fat.sum()) * PIXEL_CM2:.1f}"
    assert after["muscle_cm2"] == pytest.approx(before["muscle_cm2"])
    assert cell(measured, "sat_cm2", 2) == "–" and "no ±" in measured.result.fresh.row.text
    assert "drawn by a person" in measured.ui.numbersTable.item(ROWS["sat_cm2"], 2).toolTip()
    assert "methods agree" in measured.level.row.text, "the level is still the one that was found"
    assert measured.ui.exportButton.enabled


def test_another_image_starts_anew_and_the_first_comes_back(scene, measured):
    first, regions = measured.node.volume, measured.node.regions
    load(measured, "Chest")
    host.pump(0.1)
    assert measured.node.regions is None and not regions.GetDisplayVisibility()
    assert cell(measured, "muscle_cm2", 1) == "–" and measured.ui.heightBox.value == 0.0
    measured.input.selector.setCurrentNode(first)
    host.wait_until(lambda: measured.input.verdict, HOLD_S)
    settle(measured)
    assert measured.node.regions is regions and regions.GetDisplayVisibility()
    assert measured.ui.heightBox.value == 1.74 and not measured.result.stale


def test_a_scan_without_l3_is_refused_with_the_remedy(scene, panel):
    load(panel, "Chest")
    assert not panel.run.button.enabled and panel.run.message.symbol == "✕"
    text = panel.run.message.text
    assert text.startswith("No L3 level was found") and text.endswith("give the level.") and text.count(".") == 1
    assert text == panel.run.button.toolTip and "--" not in text
    assert panel.ui.personLabel.text == "not in DICOM: type them in" and panel.node.height_m == 0.0
    panel.run.message.follow()
    host.pump(0.1)
    assert panel.run.button.enabled and panel.run.button.text.startswith("Measure at S −")
    panel.run.button.click()
    settle(panel)
    assert cell(panel, "muscle_cm2", 1) != "–" and cell(panel, "smi_cm2_m2", 1) == "–"
    assert "height" in panel.ui.numbersTable.item(1, 1).toolTip()


def test_cancel_ends_soon_and_leaves_nothing_half_made(scene, ready):
    ready.run.button.click()
    host.pump(0.4)
    assert ready.run.running
    began = time.monotonic()
    ready.run.button.click()
    host.wait_until(lambda: not ready.run.running, HOLD_S)
    assert time.monotonic() - began < CANCEL_S
    host.pump(0.2)
    assert made_nodes(scene) == [] and ready.run.message.text == "Cancelled."
    assert ready.run.button.enabled and ready.run.button.text == "Measure L3"


def test_leaving_the_module_ends_the_run(scene, ready):
    ready.run.button.click()
    host.pump(0.2)
    scene.util.selectModule("SegmentEditor")
    assert not ready.run.running
    host.pump(0.5)
    assert made_nodes(scene) == []
    scene.util.selectModule("BodyComposition")
    host.pump(0.1)
    assert ready.node.volume is not None


def test_closing_the_scene_ends_the_run(scene, ready):
    ready.run.button.click()
    host.pump(0.3)
    host.close_scene()
    host.pump(0.3)
    assert not ready.run.running and made_nodes(scene) == []
    assert ready.node is not None and ready.node.volume is None and not ready.run.button.enabled
    assert cell(ready, "muscle_cm2", 1) == "–" and ready.ui.heightBox.value == 0.0


def test_a_killed_worker_ends_in_a_sentence_and_the_next_run_works(ready):
    from RadOncAILib.worker import shared_client

    ready.run.button.click()
    host.wait_until(lambda: shared_client().pid and ready.run.bar.value > 0, HOLD_S)
    os.kill(shared_client().pid, signal.SIGKILL)
    host.wait_until(lambda: not ready.run.running, HOLD_S)
    assert ready.run.message.symbol == "✕" and "worker process ended" in ready.run.message.text
    ready.on_level(-910.0)
    host.pump(0.05)
    ready.run.button.click()
    settle(ready)
    assert ready.run.message.symbol == "✓" and cell(ready, "muscle_cm2", 1) != "–"
