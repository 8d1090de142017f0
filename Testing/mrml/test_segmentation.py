"""Structures into the scene and out again."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

import scene_drawings as drawn  # noqa: E402

from radoncai.core.errors import InputError  # noqa: E402

BOX = [(2, 5), (3, 7), (1, 4)]
CODE = {"scheme": "SCT", "value": "45289007", "meaning": "Parotid gland",
        "category": ["SCT", "123037004", "Anatomical Structure"], "modifier": ["SCT", "7771000", "Left"]}


def show(scene, folder, *structures, axes="axial", **more):
    from RadOncAILib.scene.segmentation import show_structures

    ct = drawn.volume(scene, axes)
    return show_structures(drawn.result(folder, *structures, **more), ct, "AI contours"), ct


def mask_of(scene, node, name, ct):
    from RadOncAILib.scene.segmentation import find

    return scene.util.arrayFromSegmentBinaryLabelmap(node, find(node, name), ct).astype(bool)


def full(box, shape=drawn.SHAPE):
    out = np.zeros(shape, bool)
    out[tuple(slice(a, b) for a, b in box)] = True
    return out


def test_a_structure_lands_on_its_voxels(scene, tmp_path):
    node, ct = show(scene, tmp_path, drawn.structure(tmp_path, "Parotid_L", BOX))
    assert np.array_equal(mask_of(scene, node, "Parotid_L", ct), full(BOX))


def test_overlaps_are_kept(scene, tmp_path):
    whole = [(0, n) for n in drawn.SHAPE]
    boxes = {"External": whole, "CTV_5600": [(1, 6), (2, 8), (1, 9)], "CTV_6300": [(2, 5), (3, 7), (2, 7)],
             "PTV_7000": [(3, 4), (4, 6), (3, 5)]}
    node, ct = show(scene, tmp_path, *[drawn.structure(tmp_path, n, b) for n, b in boxes.items()])
    for name, box in boxes.items():
        assert np.array_equal(mask_of(scene, node, name, ct), full(box)), name


@pytest.mark.parametrize("box", [
    [(0, 1), (0, 1), (0, 1)], [(6, 7), (8, 9), (10, 11)], [(3, 4), (4, 5), (5, 6)], [(0, 7), (4, 5), (5, 6)]])
def test_one_voxel_and_the_first_and_last_slice_survive_the_way_there_and_back(scene, tmp_path, box):
    from RadOncAILib.scene.segmentation import structures_request

    node, ct = show(scene, tmp_path, drawn.structure(tmp_path, "Lens_L", box))
    assert np.array_equal(mask_of(scene, node, "Lens_L", ct), full(box))
    (back,) = structures_request(node, ct, tmp_path)
    assert back["box"] == [list(b) for b in box]
    assert np.load(tmp_path / back["array"]).all()


def test_an_empty_result_is_a_node_without_segments(scene, tmp_path):
    from RadOncAILib.scene.segmentation import attribute, structures_request

    missing = [{"name": "Larynx", "reason": "not in the scan | above"}]
    node, ct = show(scene, tmp_path, not_found=missing)
    assert node.GetSegmentation().GetNumberOfSegments() == 0
    assert attribute(node, "not_found") == missing
    assert structures_request(node, ct, tmp_path) == []


def test_everything_a_structure_carries_comes_back(scene, tmp_path):
    from RadOncAILib.scene.segmentation import structures_request

    given = drawn.structure(tmp_path, "Parotid_L", BOX, code=CODE, status="needs_work", uncertainty=0.25,
                            findings=["2 pieces | 1 expected"], reviewer="AB", reviewed_at="2026-01-02T03:04:05Z",
                            comment="lateral border", read_from={"file": "x", "hash": "y"})
    node, ct = show(scene, tmp_path, given)
    (back,) = structures_request(node, ct, tmp_path)
    for key in given.keys() - {"array"}:
        assert back[key] == given[key], key


def test_a_segmentation_file_keeps_what_a_structure_carries(scene, tmp_path):
    from RadOncAILib.scene.segmentation import structures_request

    given = drawn.structure(tmp_path, "Parotid_L", BOX, code=CODE, status="approved", findings=["a | b", "c: d"])
    node, ct = show(scene, tmp_path, given)
    before = structures_request(node, ct, tmp_path)
    storage = scene.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "kept.seg.nrrd"))
    assert storage.WriteData(node)
    again = scene.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(again)
    assert structures_request(again, ct, tmp_path) == before


def test_a_node_is_shown_as_outlines_without_a_surface(scene, tmp_path):
    node, _ = show(scene, tmp_path, drawn.structure(tmp_path, "Parotid_L", BOX, code=CODE))
    display = node.GetDisplayNode()
    assert display.GetVisibility2DOutline() and not display.GetVisibility2DFill() and not display.GetVisibility3D()
    assert display.GetSliceIntersectionThickness() == 2
    assert not node.GetSegmentation().ContainsRepresentation("Closed surface")
    assert node.GetSegmentation().GetSegment("Parotid_L").GetColor() == pytest.approx((10 / 255, 200 / 255, 30 / 255))


def test_slicer_reads_the_terminology(scene, tmp_path):
    from RadOncAILib.scene.tags import terminology

    entry = scene.vtkSlicerTerminologyEntry()
    assert scene.modules.terminologies.logic().DeserializeTerminologyEntry(terminology(CODE), entry)
    assert entry.GetTypeObject().GetCodeValue() == "45289007"
    assert entry.GetTypeModifierObject().GetCodeMeaning() == "Left"


def test_a_structure_that_does_not_fit_leaves_no_node(scene, tmp_path):
    count = scene.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    outside = drawn.structure(tmp_path, "Heart", [(5, 8), (3, 7), (1, 4)])
    with pytest.raises(InputError, match="Heart"):
        show(scene, tmp_path, drawn.structure(tmp_path, "Liver", BOX), outside)
    assert scene.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == count


def test_a_run_stopped_between_two_portions_leaves_no_node(scene, tmp_path):
    from RadOncAILib.scene.segmentation import show_structures_in_portions

    ct = drawn.volume(scene)
    many = [drawn.structure(tmp_path, f"s{n}", BOX) for n in range(9)]
    nodes = scene.mrmlScene.GetNumberOfNodes()
    portions = show_structures_in_portions(drawn.result(tmp_path, *many), ct, "AI contours")
    next(portions)
    assert scene.mrmlScene.GetNumberOfNodes() > nodes
    portions.close()
    assert scene.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert scene.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationDisplayNode") == 0


def test_names_pick_segments_and_an_unknown_name_is_said(scene, tmp_path):
    from RadOncAILib.scene.segmentation import structures_request

    node, ct = show(scene, tmp_path, *[drawn.structure(tmp_path, n, BOX) for n in ("Liver", "Heart")])
    assert [s["name"] for s in structures_request(node, ct, tmp_path, ["Heart"])] == ["Heart"]
    with pytest.raises(InputError, match="Spleen"):
        structures_request(node, ct, tmp_path, ["Spleen"])


def test_a_persons_own_segment_is_described_by_its_name(scene, tmp_path):
    from RadOncAILib.scene.segmentation import structures_request

    node, ct = show(scene, tmp_path)
    node.GetSegmentation().AddEmptySegment("x", "PTV70", [1.0, 0.0, 0.0])
    scene.util.updateSegmentBinaryLabelmapFromArray(full(BOX).astype(np.uint8), node, "x", ct)
    (back,) = structures_request(node, ct, tmp_path)
    assert (back["role"], back["origin"], back["status"]) == ("ptv", "MANUAL", "unreviewed")
    assert back["box"] == [list(b) for b in BOX]


def test_an_empty_segment_is_sent_as_empty(scene, tmp_path):
    from RadOncAILib.scene.segmentation import structures_request

    node, ct = show(scene, tmp_path)
    node.GetSegmentation().AddEmptySegment("x", "Larynx", [1.0, 0.0, 0.0])
    (back,) = structures_request(node, ct, tmp_path)
    assert not np.load(tmp_path / back["array"]).any()


def test_segments_that_share_one_layer_are_taken_apart_even_where_their_boxes_overlap(scene, tmp_path):
    from RadOncAILib.scene.segmentation import structures_request

    corner = np.ones((3, 4, 3), np.uint8)
    corner[1:, 1:, 1:] = 0
    inner = [(3, 5), (4, 7), (2, 4)]
    node, ct = show(scene, tmp_path, drawn.structure(tmp_path, "Around", BOX, corner),
                    drawn.structure(tmp_path, "Inside", inner))
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    around, inside = structures_request(node, ct, tmp_path)
    assert (around["box"], inside["box"]) == ([list(b) for b in BOX], [list(b) for b in inner])
    assert np.array_equal(np.load(tmp_path / around["array"]), corner)
    assert np.load(tmp_path / inside["array"]).all()


def test_a_segment_that_reaches_beyond_the_volume_is_cut_at_its_border(scene, tmp_path):
    from RadOncAILib.scene.segmentation import structures_request

    node, ct = show(scene, tmp_path, drawn.structure(tmp_path, "External", [(0, n) for n in drawn.SHAPE]))
    part = drawn.volume(scene, shape=(3, 4, 5), name="part")
    shifted = drawn.ijk_to_ras()
    shifted[:3, 3] = (shifted @ [2, 1, 3, 1])[:3]
    part.SetIJKToRASMatrix(drawn.vtk_matrix(shifted))
    (back,) = structures_request(node, part, tmp_path)
    assert back["box"] == [[0, 3], [0, 4], [0, 5]]
