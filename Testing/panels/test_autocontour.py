"""A person's clicks in Auto Contour, with the real worker and the bundled models, on the sample patient's neck."""

import os
import signal
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import host
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from radoncai.core.dose import Dose
from radoncai.core.structures import Structure
from radoncai.dicom.ct_writer import write_ct_series
from radoncai.dicom.rtdose import write_rtdose
from radoncai.dicom.rtstruct_writer import write_rtstruct
from radoncai.phantom.patient import sample_patient

HOLD_S = 60
CANCEL_S = 2.0
VOXEL_CC = 0.036


@pytest.fixture(scope="module")
def database_folder(tmp_path_factory):
    """CT of the neck and its drawn RTSTRUCT."""
    folder = tmp_path_factory.mktemp("database")
    patient = sample_patient(spacing_mm=(4.0, 3.0, 3.0), z_range_mm=(-70.0, 40.0))
    ct = write_ct_series(patient.ct, folder / "ct", patient_id="P1", patient_name="Sample^Patient",
                         series_description="Planning CT")
    drawn = replace(patient.truth, source=ct.source, structures=(*patient.truth.structures, ring(ct)))
    write_rtstruct(drawn, ct, folder / "rtstruct.dcm", label="Drawn")
    dose = ct.with_array(np.full(ct.array.shape, 2.0, np.float32))
    write_rtdose(Dose(replace(dose, modality="RTDOSE", unit="Gy"), kind="predicted"), folder / "rtdose.dcm",
                 image=ct.source, plan=("1.2.840.10008.5.1.4.1.1.481.5", "1.2.3.4"))
    return folder


def ring(ct) -> Structure:
    """A pipe along the patient: its RTSTRUCT needs a keyhole on every slice."""
    mask = np.zeros(ct.grid.shape, bool)
    row, column = np.ogrid[: mask.shape[1], : mask.shape[2]]
    away = np.hypot(row - 80, column - 80)
    mask[5:20] = (away < 12.3) & (away > 6.1)
    return Structure.from_full("Ring", mask)


@pytest.fixture
def panel(scene, database_folder):
    """The open panel, models listed, no image."""
    host.dicom_database(database_folder)
    panel = host.enter_module(host.load_module("AutoContour")).panel
    host.wait_until(lambda: panel.model.models, HOLD_S)
    yield panel
    panel.run.abandon()


@pytest.fixture
def ready(panel):
    """The panel with the CT loaded through the DICOM dialog and the quick model chosen."""
    load_ct(panel)
    choose(panel, "body")
    return panel


def load_ct(panel):
    panel.input.dicom_button.click()
    panel.input._dialog.load_button.click()
    host.wait_until(lambda: panel.input.verdict, HOLD_S)
    host.pump(0.05)


def choose(panel, model):
    panel.model.select(model)
    host.wait_until(lambda: panel.model.name == model and panel.input.verdict, HOLD_S)
    host.pump(0.05)


def finish(panel):
    host.wait_until(lambda: not panel.run.running, HOLD_S)
    host.pump(0.05)


def contour(panel):
    panel.run.button.click()
    finish(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text
    return panel.node.contours


def segmentations():
    import slicer

    return slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def cells(panel, column):
    table = panel.ui.structureTable
    return [table.item(n, column).text() for n in range(table.rowCount)]


def test_what_is_missing_is_said_before_anyone_presses_apply(panel):
    assert not panel.run.button.enabled and panel.run.message.text == "Choose an image."
    load_ct(panel)
    assert panel.input.row.symbol == "✓" and "axial, 3 x 3 x 4 mm" in panel.input.row.text
    assert panel.run.button.enabled and panel.run.button.text == "Contour 3 structures"
    panel.picker.none_button.click()
    host.pump(0.05)
    assert not panel.run.button.enabled and "at least one structure" in panel.run.message.text
    panel.picker.list.item(0).setCheckState(panel.picker.list.item(0).checkState().Checked)
    host.pump(0.05)
    assert panel.run.button.enabled and panel.run.button.text == "Contour External"


def test_contours_come_and_are_seen(ready):
    import slicer

    choose(ready, "hn_oar")
    assert ready.run.button.text == "Contour 7 structures"
    node = contour(ready)
    assert segmentations() == [node] and ready.run.message.text.startswith("5 structures contoured, 2 not found")
    assert set(cells(ready, 1)) == {"Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx",
                                    "Bone_Mandible"}
    assert cells(ready, 3) == ["to review"] * 5 + ["– not found"] * 2 and cells(ready, 4)[-2:] == ["why", "why"]
    ready.ui.structureTable.selectRow(6)
    assert ready.table.finding.text.startswith(cells(ready, 1)[6]) and not ready.ui.markButton.enabled
    assert "AI contours, not approved" in ready.ui.resultSection.text
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    study = tree.GetItemAncestorAtLevel(tree.GetItemByDataNode(node), "Study")
    assert study and study == tree.GetItemAncestorAtLevel(tree.GetItemByDataNode(ready.node.volume), "Study")
    assert not node.GetSegmentation().ContainsRepresentation("Closed surface")
    row = cells(ready, 1).index("Parotid_L")
    ready.ui.structureTable.cellDoubleClicked(row, 1)
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    assert colored(host.grab(view), ready.table.rows[row].color) > 20
    node.GetDisplayNode().SetVisibility(False)
    assert colored(host.grab(view), ready.table.rows[row].color) == 0


def colored(picture, color) -> int:
    """Pixels near a colour."""
    away = np.abs(picture.astype(int) - np.round(255 * np.array(color))).max(axis=2)
    return int((away < 40).sum())


def test_the_second_run_is_in_the_same_worker(ready):
    """Which keeps the opened model, as Testing/unit/test_worker* shows; seconds stand in docs/benchmarks.md."""
    from RadOncAILib.worker import shared_client, stop_shared_client

    stop_shared_client()
    choose(ready, "hn_oar")
    pids = []
    for _ in range(2):
        contour(ready)
        pids.append(shared_client().pid)
    assert pids[0] == pids[1] is not None and len(segmentations()) == 2


def test_an_earlier_run_is_shown_again_when_it_is_chosen(ready):
    first, second = contour(ready), contour(ready)
    assert second.GetDisplayVisibility() and not first.GetDisplayVisibility()
    ready.ui.contoursSelector.nodeActivated(first)
    assert first.GetDisplayVisibility()


def test_cancel_leaves_nothing_behind(ready):
    import slicer

    choose(ready, "hn_oar")
    before = slicer.mrmlScene.GetNumberOfNodes()
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 100, HOLD_S)
    assert ready.run.button.text == "Cancel"
    began = time.monotonic()
    ready.run.button.click()
    finish(ready)
    assert time.monotonic() - began < CANCEL_S + 1.0
    assert ready.run.message.text == "Cancelled." and slicer.mrmlScene.GetNumberOfNodes() == before
    assert ready.run.button.text == "Contour 7 structures" and ready.run.button.enabled
    choose(ready, "body")
    contour(ready)


def test_a_killed_worker_is_one_sentence_and_the_next_run_works(ready):
    from RadOncAILib.worker import shared_client

    choose(ready, "hn_oar")
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 50, HOLD_S)
    os.kill(shared_client().pid, signal.SIGKILL)
    finish(ready)
    assert ready.run.message.symbol == "✕" and "press Apply again" in ready.run.message.text
    assert segmentations() == []
    contour(ready)


def test_a_failed_model_is_one_sentence(ready):
    ready.model.current["name"] = "gone"
    ready.model.selector.setItemData(ready.model.selector.currentIndex, "gone")
    ready.run.button.click()
    finish(ready)
    assert ready.run.message.symbol == "✕" and "gone" in ready.run.message.text and segmentations() == []
    ready.model.load()
    host.wait_until(lambda: not ready.model._question.waiting, HOLD_S)


def test_an_image_that_is_removed_during_the_run_is_one_sentence_that_stays(ready):
    import slicer

    ready.run.button.click()
    host.pump(0.05)
    slicer.mrmlScene.RemoveNode(ready.node.volume)
    finish(ready)
    host.pump(0.3)
    assert ready.run.message.text == "The image was removed while it was contoured; nothing was added."
    assert not ready.run.button.enabled and ready.run.button.toolTip == "Choose an image." and segmentations() == []
    load_ct(ready)
    assert ready.run.message.text != "The image was removed while it was contoured; nothing was added."


def test_closing_the_scene_ends_a_run(ready):
    ready.run.button.click()
    host.pump(0.1)
    host.close_scene()
    assert not ready.run.running and ready.node is not None and ready.node.volume is None
    host.pump(1.0)
    assert segmentations() == [] and ready.ui.structureTable.rowCount == 0


def test_opening_another_module_ends_a_run(ready):
    import slicer

    ready.run.button.click()
    host.pump(0.1)
    slicer.util.selectModule("SegmentEditor")
    assert not ready.run.running and ready.node is None
    host.pump(1.0)
    assert segmentations() == []


def test_reload_gives_a_panel_that_works(ready):
    ready.run.button.click()
    host.pump(0.1)
    fresh = host.reload_module("AutoContour").panel
    assert fresh is not ready and not ready.run.running
    host.enter_module(host.load_module("AutoContour"))
    host.wait_until(lambda: fresh.model.models and fresh.input.verdict, HOLD_S)
    host.pump(0.05)
    assert fresh.node.volume.GetName().endswith("Planning CT") and contour(fresh) is not None
    assert len(segmentations()) == 1


def test_tab_follows_the_eye(ready):
    order = [ready.input.selector, ready.input.dicom_button, ready.model.selector, ready.model.card_button,
             ready.picker.button, ready.run.button, ready.run.device, ready.ui.contoursSelector,
             ready.ui.structureTable, ready.ui.editButton, ready.ui.exportButton]
    reached, widget = [order[0]], order[0].nextInFocusChain()
    while widget is not order[0]:
        reached += [w for w in order if w is widget]
        widget = widget.nextInFocusChain()
    assert [w.name for w in reached] == [w.name for w in order] and reached == order


def test_apply_by_key(ready):
    import qt
    from PySide6.QtTest import QTest

    window = ready.ui.AutoContour.window()
    window.show()
    window.activateWindow()
    choose(ready, "hn_oar")
    host.wait_until(lambda: window.isActiveWindow, 5)
    QTest.keyClick(window, qt.Qt.Key_Return, qt.Qt.ControlModifier)
    host.wait_until(lambda: ready.run.running, 2)
    QTest.keyClick(window, qt.Qt.Key_Return, qt.Qt.ControlModifier)
    host.wait_until(lambda: ready.run.state != "running", 5)
    QTest.keyClick(window, qt.Qt.Key_F13)  # else Qt goes on believing that Ctrl is held
    finish(ready)
    assert ready.run.message.text == "Cancelled."


def test_rings_and_keyholes_have_the_same_volume_in_panel_and_command(ready, database_folder, tmp_path):
    from radoncai.cli.main import main

    host.wait_until(lambda: ready.input.study.entries, HOLD_S)
    assert [kind for kind, _entry in ready.input.study.entries] == ["structures", "dose"]
    ready.input.study.load_button.click()
    finish(ready)
    shown = {row.name: row.volume_cc for row in ready.table.rows}
    assert "AI" not in ready.ui.resultSection.text and ready.ui.resultSection.text == "Result"
    assert main(["convert", str(database_folder / "rtstruct.dcm"), "--ct", str(database_folder / "ct"),
                 "-o", str(tmp_path / "masks")]) == 0
    said = {f.name.split(".")[0]: int(sitk.GetArrayFromImage(sitk.ReadImage(f)).astype(bool).sum())
            for f in (tmp_path / "masks").iterdir()}
    assert shown == pytest.approx({name: voxels * VOXEL_CC for name, voxels in said.items()})
    assert 0 < shown["Ring"] < np.pi * 12.3**2 * 15 * VOXEL_CC * 0.8


def test_the_dose_beside_the_image_loads(ready):
    import slicer

    host.wait_until(lambda: ready.input.study.entries, HOLD_S)
    ready.input.study.selector.currentIndex = 1
    ready.input.study.load_button.click()
    finish(ready)
    assert ready.run.message.symbol == "✓", ready.run.message.text
    doses = [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
             if n.GetAttribute("DicomRtImport.DoseVolume") == "1"]
    assert len(doses) == 1 and slicer.util.arrayFromVolume(doses[0]).max() == pytest.approx(2.0)


def test_rtstruct_is_written_for_the_original_images(ready, tmp_path, database_folder):
    contour(ready)
    assert ready.ui.exportButton.enabled
    ready.exports.to_folder(str(tmp_path / "out"))
    finish(ready)
    assert ready.run.message.symbol == "✓", ready.run.message.text
    written = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    original = pydicom.dcmread(next(Path(database_folder / "ct").glob("*.dcm")))
    assert written.StudyInstanceUID == original.StudyInstanceUID
    assert written.ApprovalStatus == "UNAPPROVED"
    frame = written.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == original.SeriesInstanceUID


def test_rtstruct_goes_into_the_database(ready):
    import slicer

    contour(ready)
    before = slicer.dicomDatabase.imagesCount()
    ready.exports.to_database()
    finish(ready)
    assert ready.run.message.symbol == "✓", ready.run.message.text
    assert slicer.dicomDatabase.imagesCount() == before + 1


def test_a_moved_image_gives_moved_contours_and_no_rtstruct(ready):
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 25.0)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    transform.SetMatrixTransformToParent(matrix)
    ready.node.volume.SetAndObserveTransformNodeID(transform.GetID())
    ready.input.look("body")
    host.wait_until(lambda: ready.input.verdict, HOLD_S)
    assert "Moved" in ready.input.row.text
    host.pump(0.05)
    node = contour(ready)
    assert node.GetParentTransformNode() is transform
    assert not ready.ui.exportButton.enabled and "Moved" in ready.ui.exportButton.toolTip


def test_a_bent_image_is_refused_and_a_copy_offered(ready):
    import slicer
    import vtk

    grid = vtk.vtkGridTransform()
    field = vtk.vtkImageData()
    field.SetDimensions(2, 2, 2)
    field.SetOrigin(-500, -500, -1000)
    field.SetSpacing(1000, 1000, 2000)
    field.AllocateScalars(vtk.VTK_DOUBLE, 3)
    for n in range(24):
        field.GetPointData().GetScalars().SetValue(n, 2.0 * (n % 3 == 0) * (n > 12))
    grid.SetDisplacementGridData(field)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", "acquisition transform")
    node.SetAndObserveTransformToParent(grid)
    original = ready.node.volume
    original.SetAndObserveTransformNodeID(node.GetID())
    ready.input.look("body")
    host.pump(0.05)
    assert ready.input.verdict == "refused" and not ready.run.button.enabled
    ready.run.message.follow()
    host.wait_until(lambda: ready.input.verdict, HOLD_S)
    assert ready.node.volume is not original and ready.input.verdict != "refused"


def test_a_neighbour_that_changed_unselected_is_a_finding_and_loses_its_approval(ready):
    import slicer

    choose(ready, "hn_oar")
    node = contour(ready)
    names = [row.name for row in ready.table.rows if row.id]
    ready.ui.structureTable.selectRow(0)
    host.pump(0.05)
    ready._marking.actions()[2].trigger()
    host.pump(0.5)
    assert cells(ready, 3)[0] == "✓ approved"
    ready.ui.structureTable.selectRow(1)
    ready.ui.editButton.click()
    editor = slicer.util.getModuleWidget("SegmentEditor").parameterSetNode
    assert editor.GetOverwriteMode() == slicer.vtkMRMLSegmentEditorNode.OverwriteNone
    assert editor.GetSegmentationNode() is node
    assert node.GetSegmentation().GetSegment(editor.GetSelectedSegmentID()).GetName() == names[1]
    erase_a_slice(node, ready.table.rows[0].id if ready.table.rows else names[0])
    host.pump(0.6)
    panel = host.enter_module(host.load_module("AutoContour")).panel
    host.pump(0.1)
    assert cells(panel, 3)[0] == "to review" and cells(panel, 4)[0].startswith("!")
    panel.ui.structureTable.selectRow(0)
    assert "not selected" in panel.table.finding.text


def erase_a_slice(node, segment_id):
    image = node.GetBinaryLabelmapInternalRepresentation(segment_id)
    from vtk.util.numpy_support import vtk_to_numpy

    voxels = vtk_to_numpy(image.GetPointData().GetScalars())
    voxels[: len(voxels) // 2] = 0
    image.Modified()
    node.GetSegmentation().GetSegment(segment_id).Modified()
    node.GetSegmentation().InvokeEvent(node.GetSegmentation().SourceRepresentationModified, segment_id)


def test_a_changed_image_marks_the_contours_and_stops_the_export(ready):
    import slicer

    contour(ready)
    array = slicer.util.arrayFromVolume(ready.node.volume)
    array[10] += 5
    slicer.util.arrayFromVolumeModified(ready.node.volume)
    ready.refresh()
    assert ready.fresh.stale and "Out of date" in ready.fresh.row.text
    assert not ready.ui.exportButton.enabled and "Out of date" in ready.ui.exportButton.toolTip


def test_slicer_rt_gets_image_and_contours_of_one_study(ready, tmp_path, monkeypatch):
    """SlicerRT's exporter is somebody else's: here only what it is given is looked at."""
    import sys
    import types

    import slicer

    given = []

    class Exportable:
        def __init__(self, item):
            self.item, self.tags, self.directory = item, {}, ""

        def setTag(self, tag, value):
            self.tags[tag] = value

    class Plugin:
        def examineForExport(self, item):
            return [Exportable(item)]

        def export(self, exportables):
            given.extend(exportables)
            return ""

    assert not ready.exports.with_slicer_rt_action.enabled
    monkeypatch.setitem(sys.modules, "DicomRtImportExportPlugin",
                        types.SimpleNamespace(DicomRtImportExportPluginClass=Plugin))
    monkeypatch.setattr(slicer.modules, "dicomrtimportexport", object(), raising=False)
    monkeypatch.setattr(ready.exports, "_ask_folder", lambda: str(tmp_path))
    node = contour(ready)
    ready.exports.with_slicer_rt_action.trigger()
    assert ready.run.message.symbol == "✓" and str(tmp_path) in ready.run.message.text
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    assert [tree.GetItemDataNode(e.item) for e in given] == [ready.node.volume, node]
    assert {tree.GetItemParent(e.item) for e in given} == {tree.GetItemParent(given[0].item)}
    assert given[0].tags["PatientID"] == "P1" and {e.directory for e in given} == {str(tmp_path)}


def test_all_approved_is_said_and_an_edit_takes_it_back(ready):
    node = contour(ready)
    ready.ui.structureTable.selectAll()
    ready._marking.actions()[2].trigger()
    host.pump(0.1)
    assert ready.ui.resultSection.text == "Result: AI contours, approved by a person"
    erase_a_slice(node, ready.table.rows[0].id)
    host.pump(0.6)
    assert ready.ui.resultSection.text == "Result: AI contours, not approved"
    assert cells(ready, 3)[0] == "to review"


def test_a_missing_package_is_offered_and_installed(ready):
    from slicer import packaging

    ready.model.current.update(usable=False, needs="onnxruntime", why_not="It needs the package onnxruntime.")
    ready.refresh()
    assert not ready.run.button.enabled and "onnxruntime" in ready.run.message.text
    ready.run.message.follow()
    assert packaging.host_requests[-1] == ("pip_ensure", ("onnxruntime>=1.20",))
    host.wait_until(lambda: not ready.model._question.waiting and ready.run.button.enabled, HOLD_S)


def test_self_test_of_the_module(scene):
    from AutoContour import AutoContourTest

    host.load_module("AutoContour")
    AutoContourTest().runTest()


def test_quitting_ends_run_and_worker(ready):
    import slicer
    from RadOncAILib.worker import shared_client

    choose(ready, "hn_oar")
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 50, HOLD_S)
    pid = shared_client().pid
    slicer.app.aboutToQuit()
    assert not ready.run.running and segmentations() == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    host.reload_module("AutoContour")


def test_a_saved_scene_brings_contours_status_and_watch_back(ready, tmp_path):
    import slicer

    node = contour(ready)
    ready.ui.structureTable.selectRow(0)
    ready._marking.actions()[2].trigger()
    rows = [(r.name, r.volume_cc, r.status, r.findings) for r in ready.table.rows] if ready.refresh() is None else []
    assert rows[0][2] == "approved"
    slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    host.close_scene()
    zipfile.ZipFile(tmp_path / "scene.mrb").extractall(tmp_path)  # reading bundles needs the application's cache
    slicer.mrmlScene.SetURL(str(next(tmp_path.rglob("*.mrml"))))
    assert slicer.mrmlScene.Import()
    host.pump(0.2)
    assert ready.node.contours is not None and ready.node.contours is not node
    assert [(r.name, r.volume_cc, r.status, r.findings) for r in ready.table.rows] == rows
    assert not ready.fresh.stale
    erase_a_slice(ready.node.contours, ready.table.rows[0].id)
    host.pump(0.6)
    assert cells(ready, 3)[0] == "to review"
