"""A person's clicks on the result of Auto Contour, real worker, bundled models, on the sample patient's neck."""

import zipfile
from pathlib import Path

import host
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from panels import autocontour_clicks
from panels.autocontour_clicks import (
    HOLD_S,
    cells,
    choose,
    colored,
    contour,
    erase_a_slice,
    finish,
    segmentations,
)

database_folder, panel, ready = autocontour_clicks.FIXTURES

VOXEL_CC = 0.036


def test_contours_come_and_are_seen(ready):
    import slicer

    choose(ready, "hn_oar")
    assert ready.run.button.text == "Contour 7 structures"
    node = contour(ready)
    found = sum(bool(row.id) for row in ready.table.rows)
    assert segmentations() == [node] and 4 < found < 7, "the image ends above the esophagus"
    assert ready.run.message.text.startswith(f"{found} structures contoured, {7 - found} not found")
    assert set(cells(ready, 1)) == {"Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx",
                                    "Bone_Mandible"}
    assert cells(ready, 3) == ["to review"] * found + ["– not found"] * (7 - found)
    assert set(cells(ready, 4)[found:]) == {"why"}
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


def test_an_earlier_run_is_shown_again_when_it_is_chosen(ready):
    first, second = contour(ready), contour(ready)
    assert second.GetDisplayVisibility() and not first.GetDisplayVisibility()
    ready.ui.contoursSelector.nodeActivated(first)
    assert first.GetDisplayVisibility()


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

    node = contour(ready)
    ready.ui.exportButton.click()
    host.pump(0.05)
    assert not ready.exports.dialog.slicer_rt_button.enabled
    monkeypatch.setitem(sys.modules, "DicomRtImportExportPlugin",
                        types.SimpleNamespace(DicomRtImportExportPluginClass=Plugin))
    monkeypatch.setattr(slicer.modules, "dicomrtimportexport", object(), raising=False)
    monkeypatch.setattr(ready.exports, "_ask_folder", lambda: str(tmp_path))
    ready.refresh()
    ready.exports.dialog.slicer_rt_button.click()
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
