"""Tissues at L3 and the line that shows the level."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

import scene_drawings as drawn  # noqa: E402

from radoncai.core.array_file import write_array  # noqa: E402
from radoncai.core.errors import InputError  # noqa: E402

LABELS = np.array([[0, 1, 1, 2], [3, 4, 1, 2], [3, 0, 0, 2]], np.uint8)
BOX = [[2, 3], [4, 7], [1, 5]]


def tissue_result(folder, labels=LABELS, box=BOX):
    write_array(folder / "labels_0.npy", labels)
    return {"labels": {"array": "labels_0.npy", "box": box}, "folder": str(folder)}


def test_each_tissue_lands_on_its_voxels_and_comes_back(scene, tmp_path):
    from RadOncAILib.scene.tissue import labels_request, show_tissue

    ct = drawn.volume(scene, "oblique")
    node = show_tissue(tissue_result(tmp_path), ct)
    assert node.GetSegmentation().GetSegmentIDs() == ("muscle", "sat", "vat", "imat", "unclassified_fat")
    muscle = scene.util.arrayFromSegmentBinaryLabelmap(node, "muscle", ct)
    assert np.array_equal(muscle[2, 4:7, 1:5], LABELS == 1) and muscle.sum() == (LABELS == 1).sum()
    back = labels_request(node, ct, tmp_path)
    assert back["box"] == BOX
    assert np.array_equal(np.load(tmp_path / back["array"])[0], LABELS)


def test_a_new_level_replaces_the_regions_in_the_same_node(scene, tmp_path):
    from RadOncAILib.scene.tissue import labels_request, show_tissue

    ct = drawn.volume(scene)
    node = show_tissue(tissue_result(tmp_path), ct)
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    other = [[5, 6], [0, 3], [6, 10]]
    assert show_tissue(tissue_result(tmp_path, LABELS[::-1], other), ct, node) is node
    back = labels_request(node, ct, tmp_path)
    assert back["box"] == other
    assert np.array_equal(np.load(tmp_path / back["array"])[0], LABELS[::-1])
    assert scene.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1


def test_a_tissue_that_is_gone_and_returns_is_shown_again(scene, tmp_path):
    from RadOncAILib.scene.tissue import labels_request, show_tissue

    ct = drawn.volume(scene)
    node = show_tissue(tissue_result(tmp_path), ct)
    show_tissue(tissue_result(tmp_path, np.full_like(LABELS, 2)), ct, node)
    show_tissue(tissue_result(tmp_path), ct, node)
    back = labels_request(node, ct, tmp_path)
    assert np.array_equal(np.load(tmp_path / back["array"])[0], LABELS)


def test_where_a_person_drew_two_tissues_the_first_label_wins(scene, tmp_path):
    from RadOncAILib.scene.tissue import labels_request, show_tissue

    ct = drawn.volume(scene)
    node = show_tissue(tissue_result(tmp_path), ct)
    drawn_over = np.zeros(drawn.SHAPE, np.uint8)
    drawn_over[2, 4:7, 1:5] = 1
    scene.util.updateSegmentBinaryLabelmapFromArray(drawn_over, node, "imat", ct)
    labels = np.load(tmp_path / labels_request(node, ct, tmp_path)["array"])[0]
    assert np.array_equal(labels, np.where(np.isin(LABELS, [1, 2, 3]), LABELS, 4))


def test_an_emptied_overlay_is_said(scene, tmp_path):
    from RadOncAILib.scene.tissue import labels_request, show_tissue

    ct = drawn.volume(scene)
    node = show_tissue(tissue_result(tmp_path, np.zeros_like(LABELS)), ct)
    with pytest.raises(InputError, match="no tissue"):
        labels_request(node, ct, tmp_path)


def test_the_level_line_lies_across_the_volume_and_stays_level_after_a_drag(scene):
    from RadOncAILib.scene.level_line import keep_level, level_of, ras_bounds, show_level

    ct = drawn.volume(scene, "sagittal")
    low, high = ras_bounds(ct)
    node = show_level(-60.0, ct)
    assert level_of(node) == pytest.approx(-60.0)
    ends = [np.zeros(3), np.zeros(3)]
    for n in (0, 1):
        node.GetNthControlPointPosition(n, ends[n])
    share = sorted((float(e[1]) - low[1]) / (high[1] - low[1]) for e in ends)
    assert share == pytest.approx([0.08, 0.85])
    node.SetNthControlPointPosition(1, [ends[1][0], ends[1][1] + 2, -63.0])
    assert keep_level(node) == pytest.approx(-63.0)
    assert level_of(node) == pytest.approx(-63.0)
    node.SetNthControlPointPosition(0, [ends[0][0], ends[0][1], 999.0])
    assert keep_level(node) == pytest.approx(high[2])


def test_the_level_is_that_of_the_volumes_own_frame(scene):
    from RadOncAILib.scene.level_line import level_of, show_level

    ct = drawn.volume(scene)
    drawn.moved(scene, ct)
    node = show_level(-50.0, ct)
    assert node.GetTransformNodeID() == ct.GetTransformNodeID()
    assert level_of(node) == pytest.approx(-50.0)


def test_vertebrae_are_locked_labels_at_their_height(scene):
    from RadOncAILib.scene.level_line import show_vertebrae

    ct = drawn.volume(scene)
    node = show_vertebrae({"L2": -45.0, "L3": -50.0}, ct)
    show_vertebrae({"T12": -40.0, "L3": -51.0}, ct, node)
    assert node.GetDisplayNode().GetTextProperty().GetVerticalJustificationAsString() == "Centered"
    assert node.GetLocked() and node.GetDisplayNode().GetSliceProjection()
    labels = [node.GetNthControlPointLabel(n) for n in range(node.GetNumberOfControlPoints())]
    assert labels == ["T12", "L3"]
    assert node.GetNthControlPointPosition(1)[2] == -51.0
