"""What a result was made from is remembered and judged by content."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

import scene_drawings as drawn  # noqa: E402
from scene_drawings import paint  # noqa: E402

BOX = [(2, 5), (3, 7), (1, 4)]


@pytest.fixture
def made(scene, tmp_path):
    """A CT, structures on it, and a dose that was made from both."""
    from RadOncAILib.scene.freshness import remember
    from RadOncAILib.scene.segmentation import show_structures

    ct = drawn.volume(scene)
    structures = show_structures(drawn.result(
        tmp_path, *[drawn.structure(tmp_path, n, BOX) for n in ("Parotid_L", "PTV_7000")]), ct, "structures")
    dose = drawn.volume(scene, name="dose")
    remember(dose, {"CT": ct, "structures": structures, "Prescription": {"PTV_7000": 70.0}, "Fractions": 35})
    return scene, ct, structures, dose


def test_an_unchanged_result_is_not_out_of_date(made):
    from RadOncAILib.scene.freshness import out_of_date

    _, _, _, dose = made
    assert out_of_date(dose, {"Prescription": {"PTV_7000": 70.0}, "Fractions": 35}) == []


def test_an_edit_is_named_and_its_exact_undo_is_forgiven(made):
    import re

    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, structures, dose = made
    paint(slicer, structures, "Parotid_L", ct)
    (sentence,) = out_of_date(dose)
    assert re.fullmatch(r"Parotid_L edited \d\d:\d\d", sentence)
    paint(slicer, structures, "Parotid_L", ct, value=0)
    assert out_of_date(dose) == []


def test_the_time_stays_that_of_the_change(made, monkeypatch):
    import time

    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, structures, dose = made
    paint(slicer, structures, "Parotid_L", ct)
    first = out_of_date(dose)
    monkeypatch.setattr(time, "strftime", lambda *_: "23:59")
    assert out_of_date(dose) == first


def test_a_change_after_an_undo_has_its_own_time(made, monkeypatch):
    import time

    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, structures, dose = made
    for clock, value in (("14:20", 1), ("14:25", 0), ("14:30", 1)):
        monkeypatch.setattr(time, "strftime", lambda *_, clock=clock: clock)
        paint(slicer, structures, "Parotid_L", ct, value=value)
        assert out_of_date(dose) == ([f"Parotid_L edited {clock}"] if value else [])


def test_a_structure_that_was_pushed_elsewhere_counts_as_edited(made):
    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, structures, dose = made
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(structures, "PTV_7000", ct)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.roll(mask, 1, axis=2), structures, "PTV_7000", ct)
    assert [s.split()[:2] for s in out_of_date(dose)] == [["PTV_7000", "edited"]]


def test_values_and_voxels_count_too(made):
    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, _, dose = made
    said = out_of_date(dose, {"Prescription": {"PTV_7000": 66.0}, "Fractions": 35})
    assert len(said) == 1 and said[0].startswith("Prescription changed ")
    slicer.util.arrayFromVolume(ct)[0, 0, 0] += 1
    slicer.util.arrayFromVolumeModified(ct)
    assert [s.split()[:2] for s in out_of_date(dose)] == [["CT", "changed"]]


def test_a_moved_volume_and_a_removed_segment_count(made):
    from RadOncAILib.scene.freshness import out_of_date

    _, ct, structures, dose = made
    ct.SetOrigin(1, 2, 3)
    structures.GetSegmentation().RemoveSegment("Parotid_L")
    assert [s.rsplit(" ", 1)[0] for s in out_of_date(dose)] == ["CT changed", "Parotid_L removed"]


def test_a_renamed_segment_counts_until_it_has_its_name_again(made):
    from RadOncAILib.scene.freshness import out_of_date

    _, _, structures, dose = made
    segment = structures.GetSegmentation().GetSegment("Parotid_L")
    segment.SetName("Boost")
    assert [s.rsplit(" ", 1)[0] for s in out_of_date(dose)] == ["Parotid_L renamed"]
    segment.SetName("Parotid_L")
    assert out_of_date(dose) == []


def test_what_does_not_touch_the_voxels_does_not_count(made):
    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, structures, dose = made
    structures.GetSegmentation().GetSegment("Parotid_L").SetColor(0, 0, 1)
    structures.GetSegmentation().CollapseBinaryLabelmaps(False)
    structures.CreateClosedSurfaceRepresentation()
    paint(slicer, structures, "Parotid_L", ct, value=0)
    drawn.moved(slicer, ct)
    assert out_of_date(dose) == []


def test_a_removed_input_is_said(made):
    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, _, dose = made
    slicer.mrmlScene.RemoveNode(ct)
    assert [s.split()[:2] for s in out_of_date(dose)] == [["CT", "removed"]]


def test_remember_again_starts_afresh(made):
    from RadOncAILib.scene.freshness import out_of_date, remember

    slicer, ct, structures, dose = made
    paint(slicer, structures, "Parotid_L", ct)
    remember(dose, {"one": (structures, "Parotid_L")})
    assert out_of_date(dose) == []
    paint(slicer, structures, "PTV_7000", ct)
    assert out_of_date(dose) == []


def test_the_memory_survives_saving_and_loading_the_scene(made, tmp_path):
    from RadOncAILib.scene.freshness import out_of_date

    slicer, ct, structures, dose = made
    paint(slicer, structures, "Parotid_L", ct, (6, 8, 10))
    said = out_of_date(dose)
    assert len(said) == 1
    ct, dose, structures = drawn.saved_and_loaded(
        slicer, tmp_path / "saved", (ct, "nrrd"), (dose, "nrrd"), (structures, "seg.nrrd"))
    assert out_of_date(dose) == said
    paint(slicer, structures, "Parotid_L", ct, (6, 8, 10), 0)
    assert out_of_date(dose) == []


@pytest.mark.parametrize("axes", drawn.EVERY)
def test_a_checksum_is_the_same_in_every_layer_and_frame_size(scene, tmp_path, axes):
    from RadOncAILib.scene.freshness import checksum
    from RadOncAILib.scene.segmentation import show_structures

    ct = drawn.volume(scene, axes)
    cropped = show_structures(drawn.result(tmp_path, drawn.structure(tmp_path, "A", BOX)), ct, "one")
    mask = np.zeros(drawn.SHAPE, np.uint8)
    mask[tuple(slice(a, b) for a, b in BOX)] = 1
    whole = [(0, n) for n in drawn.SHAPE]
    full = show_structures(drawn.result(tmp_path, drawn.structure(tmp_path, "A", whole, mask)), ct, "two")
    assert checksum(cropped) == checksum(full)
