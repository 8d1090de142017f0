"""Our four words and Slicer's own."""

import pytest

from radoncai.core.errors import InputError


@pytest.mark.parametrize(("word", "shown"), [
    ("unreviewed", "notstarted"), ("approved", "completed"), ("needs_work", "flagged"), ("rejected", "flagged")])
def test_each_word_has_slicers_word_beside_it(scene, word, shown):
    from RadOncAILib.scene.segmentation import set_status, status
    from RadOncAILib.scene.tags import get_tag

    segment = scene.vtkSegment()
    assert status(segment) == "unreviewed"
    set_status(segment, word)
    assert status(segment) == word
    assert get_tag(segment, "Segmentation.Status") == shown
    assert get_tag(segment, "RadOncAI.Status") == word


@pytest.mark.parametrize(("before", "clicked", "after"), [
    ("unreviewed", "Completed", "approved"), ("approved", "InProgress", "unreviewed"),
    ("approved", "Flagged", "needs_work"), ("rejected", "Flagged", "rejected"), ("rejected", "Completed", "approved")])
def test_what_a_person_says_in_slicers_own_table_counts(scene, before, clicked, after):
    from RadOncAILib.scene.segmentation import set_status, status

    logic, segment = scene.vtkSlicerSegmentationsModuleLogic, scene.vtkSegment()
    set_status(segment, before)
    logic.SetSegmentStatus(segment, getattr(logic, clicked))
    assert status(segment) == after


def test_another_word_is_refused(scene):
    from RadOncAILib.scene.segmentation import set_status

    with pytest.raises(InputError, match="fine"):
        set_status(scene.vtkSegment(), "fine")
