"""The window of Write RTSTRUCT: doubts before, what was read back after; real worker, sample patient's neck."""

import host
import pydicom
import pytest
from panels import autocontour_clicks
from panels.autocontour_clicks import HOLD_S, choose, contour, erase_a_slice, finish

database_folder, panel, ready = autocontour_clicks.FIXTURES


@pytest.fixture
def dialog(ready):
    """The window open on organs of which some were not found; nothing chosen before."""
    from RadOncAILib.widgets import settings

    for key in ("AutoContour/ExportProfile", "AutoContour/ExportContours", "AutoContour/ExportHoles"):
        settings.remember(key, "")
    choose(ready, "hn_oar")
    contour(ready)
    ready.ui.exportButton.click()
    wait(ready.exports.dialog)
    return ready.exports.dialog


def drawn(ready):
    """How many of the seven organs were found."""
    return sum(bool(row.id) for row in ready.table.rows)


def wait(dialog):
    host.wait_until(lambda: not dialog._question.waiting, HOLD_S)
    host.pump(0.05)


def words(dialog):
    return dialog.browser.toPlainText() if hasattr(dialog.browser, "toPlainText") else dialog.browser.plainText


def take(combo, value):
    combo.currentIndex = combo.findData(value)


def test_it_says_what_would_trouble_the_system_and_what_is_missing(ready, dialog):
    assert dialog.dialog.visible and dialog.message.symbol == "✓", dialog.message.text
    assert dialog.status.text == f"Leaves as UNAPPROVED: 0 of {drawn(ready)} structures were approved."
    assert [dialog.system.itemData(n) for n in range(5)] == ["generic", "eclipse", "monaco", "pinnacle", "raystation"]
    text = words(dialog)
    assert "Not in the file" in text and "Esophagus" in text and "Parotid_L" in text
    node = ready.node.contours
    node.GetSegmentation().GetNthSegment(0).SetName("A name of more than sixteen")
    ready.refresh()
    wait(dialog)
    take(dialog.system, "eclipse")
    wait(dialog)
    assert dialog.message.symbol == "✕" and "Eclipse (Varian): 1 error and 1 warning" in dialog.message.text
    assert "27 characters; 16 are taken" in words(dialog) and "TG-263" in words(dialog)
    assert dialog.contours.currentText == "suits Eclipse (Varian): smooth, within half a pixel"
    assert host.grab(dialog.dialog) is not None


def test_the_choice_is_written_read_back_and_kept(ready, dialog, tmp_path):
    take(dialog.system, "raystation")
    wait(dialog)
    take(dialog.contours, "exact")
    wait(dialog)
    ready.exports.to_folder(str(tmp_path / "out"))
    finish(ready)
    assert ready.run.message.symbol == "✓" and "every voxel the same" in ready.run.message.text
    text = words(dialog)
    assert "Written and read back" in text and text.count("1.0000") >= drawn(ready)
    data = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    points = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm").ROIContourSequence[0].ContourSequence[0].ContourData
    steps = {abs(float(a) - float(b)) > 1e-6 for a, b in zip(points[0::3], points[3::3], strict=False)}
    assert steps == {True, False}  # along voxel edges every second step keeps its column
    assert "Not in this set: " in data.StructureSetDescription and "Esophagus" in data.StructureSetDescription
    assert ready.exports.chosen == {"profile": "raystation", "drawn": "exact", "holes": "", "add_to": ""}


def test_structures_go_into_a_copy_of_a_set_of_the_study_with_the_holes_that_were_chosen(ready, dialog, tmp_path):
    """What the set has stays; what has a name of its own comes to it; the choice of the set ends with the window."""
    assert dialog.holes.currentText.startswith("suits any") and dialog.add_to.currentText == "a new file"
    take(dialog.holes, "xor")
    wait(dialog)
    assert dialog.answer["holes"] == "xor" and ready.exports.chosen["holes"] == "xor"
    entry = next(e for kind, e in ready.input.study.entries if kind == "structures")
    assert dialog.add_to.findData(entry["path"]) > 0
    ready.node.contours.GetSegmentation().GetNthSegment(0).SetName("My_organ")
    ready.refresh()
    wait(dialog)
    take(dialog.add_to, entry["path"])
    wait(dialog)
    assert "was left out: the set has one of that name" in words(dialog)
    ready.exports.to_folder(str(tmp_path / "out"))
    finish(ready)
    assert ready.run.message.symbol == "✓", ready.run.message.text
    before, after = pydicom.dcmread(entry["path"]), pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    names = [[str(roi.ROIName) for roi in data.StructureSetROISequence] for data in (before, after)]
    assert names[1] == [*names[0], "My_organ"]
    assert after.PredecessorStructureSetSequence[0].ReferencedSOPInstanceUID == before.SOPInstanceUID
    dialog.dialog.close()
    ready.ui.exportButton.click()
    wait(dialog)
    assert ready.exports.chosen["add_to"] == "" and dialog.add_to.currentText == "a new file"


def test_a_file_that_nothing_can_be_added_to_is_said(ready, dialog, tmp_path, monkeypatch):
    import qt

    (tmp_path / "notes.dcm").write_text("no structure set")
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", lambda *_: str(tmp_path / "notes.dcm"))
    dialog.set_button.click()
    wait(dialog)
    assert dialog.add_to.currentText == "notes.dcm" and dialog.message.symbol == "✕"
    take(dialog.add_to, "")
    wait(dialog)
    assert dialog.message.symbol == "✓", dialog.message.text


def test_an_edit_is_looked_at_again_and_a_closed_scene_closes_the_window(ready, dialog):
    before = dialog.answer
    ready.ui.structureTable.selectRow(0)
    ready._marking.actions()[2].trigger()
    host.wait_until(lambda: dialog.answer is not before, HOLD_S)
    assert dialog.status.text.startswith(f"Leaves as UNAPPROVED: 1 of {drawn(ready)} structures were approved by ")
    before = dialog.answer
    erase_a_slice(ready.node.contours, ready.table.rows[0].id)
    host.wait_until(lambda: dialog.answer is not before and not dialog._question.waiting, HOLD_S)
    host.close_scene()
    assert not dialog.dialog.visible


def test_a_profile_that_is_gone_gives_way_to_the_generic_one(ready, dialog):
    dialog.close()
    ready.exports.choose(profile="removed")
    ready.ui.exportButton.click()
    host.wait_until(lambda: dialog.answer, HOLD_S)
    assert dialog.answer["profile"] == "generic" and ready.exports.chosen["profile"] == "generic"


def test_a_rejected_structure_and_no_structure_at_all(ready, dialog):
    ready.ui.structureTable.selectRow(0)
    ready._marking.actions()[3].trigger()
    host.wait_until(lambda: len(dialog.answer["structures"]) == drawn(ready) - 1, HOLD_S)
    assert "a person marked it as rejected" in words(dialog)
    assert dialog.message.symbol == "✓", dialog.answer["findings"]
    ready.ui.structureTable.selectAll()
    ready._marking.actions()[3].trigger()
    host.wait_until(lambda: dialog.message.symbol == "✕", HOLD_S)
    assert "no structure to write" in dialog.message.text
