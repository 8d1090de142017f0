"""Approvals while structures are edited."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import scene_drawings as drawn  # noqa: E402
from scene_drawings import paint  # noqa: E402

BOX = [(2, 5), (3, 7), (1, 4)]


class Desk:
    """A segmentation under review and the segment a person has selected."""

    def __init__(self, slicer, folder):
        from RadOncAILib.scene.review import ReviewWatch
        from RadOncAILib.scene.segmentation import show_structures

        self.slicer, self.ct = slicer, drawn.volume(slicer)
        self.node = show_structures(drawn.result(
            folder, *[drawn.structure(folder, n, BOX) for n in ("Parotid_L", "Parotid_R")]), self.ct, "structures")
        self.selected, self.dirty = "Parotid_L", 0
        self.watch = ReviewWatch(self.node, lambda: self.selected, self._on_dirty)

    def _on_dirty(self):
        self.dirty += 1

    def segment(self, name):
        return self.node.GetSegmentation().GetSegment(name)

    def status(self, name):
        from RadOncAILib.scene.segmentation import status

        return status(self.segment(name))

    def record(self, name):
        from RadOncAILib.scene.structures_out import describe

        return describe(self.segment(name))

    def approve(self, *names):
        from RadOncAILib.scene.review import set_review

        for name in names:
            set_review(self.node, name, "approved", by="AB", comment="fine")

    def paint(self, name, voxel=(0, 0, 0), value=1):
        paint(self.slicer, self.node, name, self.ct, voxel, value)


@pytest.fixture
def desk(scene, tmp_path):
    desk = Desk(scene, tmp_path)
    yield desk
    desk.watch.close()


def test_an_edit_takes_the_approval_and_its_exact_undo_gives_it_back(desk):
    desk.approve("Parotid_L", "Parotid_R")
    desk.paint("Parotid_L")
    assert desk.dirty
    assert desk.watch.settle() == ["Parotid_L"]
    assert (desk.status("Parotid_L"), desk.status("Parotid_R")) == ("unreviewed", "approved")
    assert desk.record("Parotid_L")["reviewer"] is None
    desk.paint("Parotid_L", (1, 1, 1))
    desk.watch.settle()
    desk.paint("Parotid_L", (1, 1, 1), 0)
    desk.watch.settle()
    assert desk.status("Parotid_L") == "unreviewed"
    desk.paint("Parotid_L", value=0)
    desk.watch.settle()
    assert desk.status("Parotid_L") == "approved"
    assert (desk.record("Parotid_L")["reviewer"], desk.record("Parotid_L")["comment"]) == ("AB", "fine")


def test_what_was_never_approved_is_not_approved_by_an_undo(desk):
    desk.paint("Parotid_L")
    desk.watch.settle()
    desk.paint("Parotid_L", value=0)
    desk.watch.settle()
    assert desk.status("Parotid_L") == "unreviewed"


def test_a_structure_that_changed_unselected_is_a_finding_and_loses_its_approval(desk):
    desk.approve("Parotid_L", "Parotid_R")
    desk.paint("Parotid_L")
    desk.paint("Parotid_R")
    desk.watch.settle()
    assert desk.status("Parotid_R") == "unreviewed"
    (finding,) = desk.record("Parotid_R")["findings"]
    assert "not selected" in finding
    assert desk.record("Parotid_L")["findings"] == []
    desk.paint("Parotid_R", value=0)
    desk.watch.settle()
    assert desk.record("Parotid_R")["findings"] == []
    assert desk.status("Parotid_R") == "approved"


def test_two_structures_selected_in_turn_are_both_meant(desk):
    desk.paint("Parotid_L")
    desk.selected = "Parotid_R"
    desk.paint("Parotid_R")
    assert desk.watch.settle() == ["Parotid_L", "Parotid_R"]
    assert desk.record("Parotid_R")["findings"] == []


def test_an_edited_ai_contour_is_semiautomatic_until_undone(desk):
    desk.paint("Parotid_L")
    desk.watch.settle()
    assert desk.record("Parotid_L")["origin"] == "SEMIAUTOMATIC"
    assert desk.record("Parotid_L")["algorithm"]["name"] == "hn_oar"
    desk.paint("Parotid_L", value=0)
    desk.watch.settle()
    assert desk.record("Parotid_L")["origin"] == "AUTOMATIC"


def test_changes_of_our_own_are_no_edits(desk):
    desk.approve("Parotid_L")
    with desk.watch.quiet():
        desk.paint("Parotid_L")
    assert desk.watch.settle() == []
    assert desk.status("Parotid_L") == "approved"


def test_a_mark_of_slicers_editor_before_the_stroke_does_not_lose_the_approval(desk):
    desk.approve("Parotid_L")
    logic = desk.slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetSegmentStatus(desk.segment("Parotid_L"), logic.InProgress)
    desk.watch.settle()
    desk.paint("Parotid_L")
    desk.watch.settle()
    assert desk.status("Parotid_L") == "unreviewed"
    desk.paint("Parotid_L", value=0)
    desk.watch.settle()
    assert desk.status("Parotid_L") == "approved"


def test_slicers_status_column_is_followed(desk):
    from RadOncAILib.scene.tags import get_tag

    logic = desk.slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetSegmentStatus(desk.segment("Parotid_L"), logic.Completed)
    desk.watch.settle()
    assert get_tag(desk.segment("Parotid_L"), "RadOncAI.Status") == "approved"
    desk.paint("Parotid_L")
    desk.watch.settle()
    assert desk.status("Parotid_L") == "unreviewed"


def test_a_segment_of_somebody_else_that_was_completed_in_slicer_loses_it_by_an_edit(desk):
    logic = desk.slicer.vtkSlicerSegmentationsModuleLogic
    desk.node.GetSegmentation().AddEmptySegment("theirs", "Brain", [1.0, 0.0, 0.0])
    desk.watch.settle()
    logic.SetSegmentStatus(desk.segment("theirs"), logic.Completed)
    assert desk.status("theirs") == "approved"
    desk.selected = "theirs"
    desk.paint("theirs")
    desk.watch.settle()
    assert desk.status("theirs") == "unreviewed"
    desk.paint("theirs", value=0)
    desk.watch.settle()
    assert desk.status("theirs") == "approved"


def test_an_approval_that_a_person_withdrew_does_not_come_back(desk):
    from RadOncAILib.scene.review import set_review

    desk.approve("Parotid_L")
    desk.paint("Parotid_L")
    desk.watch.settle()
    set_review(desk.node, "Parotid_L", "needs_work", by="AB")
    desk.paint("Parotid_L", value=0)
    desk.watch.settle()
    assert desk.status("Parotid_L") == "needs_work"
    logic = desk.slicer.vtkSlicerSegmentationsModuleLogic
    desk.approve("Parotid_R")
    logic.SetSegmentStatus(desk.segment("Parotid_R"), logic.NotStarted)
    desk.paint("Parotid_R")
    desk.watch.settle()
    desk.paint("Parotid_R", value=0)
    desk.watch.settle()
    assert desk.status("Parotid_R") == "unreviewed"


def test_an_edit_that_nobody_watched_takes_the_approval_later(desk):
    from RadOncAILib.scene.review import ReviewWatch

    desk.approve("Parotid_L")
    desk.watch.close()
    desk.paint("Parotid_L")
    assert desk.status("Parotid_L") == "approved"
    ReviewWatch(desk.node).close()
    assert desk.status("Parotid_L") == "unreviewed"


def test_needs_work_stays_while_somebody_works_on_it(desk):
    from RadOncAILib.scene.review import set_review

    set_review(desk.node, "Parotid_L", "needs_work", by="AB", comment="lateral border")
    desk.paint("Parotid_L")
    desk.watch.settle()
    assert desk.status("Parotid_L") == "needs_work"
    assert desk.record("Parotid_L")["comment"] == "lateral border"


def test_new_and_removed_segments_are_no_edits(desk):
    desk.node.GetSegmentation().AddEmptySegment("new", "Brain", [1.0, 0.0, 0.0])
    desk.node.GetSegmentation().RemoveSegment("Parotid_R")
    assert desk.watch.settle() == []
    desk.selected = "new"
    desk.paint("new")
    assert desk.watch.settle() == ["new"]
