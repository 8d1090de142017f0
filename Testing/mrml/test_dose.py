"""Doses into the scene and out again."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

import scene_drawings as drawn  # noqa: E402
from scene_drawings import dose_result  # noqa: E402

from radoncai.core.errors import InputError  # noqa: E402

RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def show(scene, folder, axes="axial", **more):
    from RadOncAILib.scene.dose import show_dose

    array, result = dose_result(folder, axes, **more)
    ct = drawn.volume(scene, axes)
    return array, show_dose(result, ct, None, "Predicted dose"), ct


def test_a_dose_goes_in_and_comes_out_unchanged(scene, tmp_path):
    from RadOncAILib.scene.dose import dose_request

    array, node, ct = show(scene, tmp_path, "oblique")
    back = dose_request(node, tmp_path, ct)
    assert np.array_equal(np.load(tmp_path / back["array"]), array)
    assert np.allclose(np.reshape(back["ijk_to_lps"], (4, 4)), RAS_LPS @ drawn.ijk_to_ras("oblique"), atol=1e-9)


def test_slicerrt_knows_the_dose(scene, tmp_path):
    from RadOncAILib.scene.dose import is_dose, show_dose

    tree = scene.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene.mrmlScene)
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "patient")
    study = tree.CreateStudyItem(patient, "study")
    ct = drawn.volume(scene)
    tree.SetItemParent(tree.GetItemByDataNode(ct) or tree.CreateItem(study, ct), study)
    _, result = dose_result(tmp_path)
    node = show_dose(result, ct, None, "Predicted dose")
    assert node.GetAttribute("DicomRtImport.DoseVolume") == "1"
    assert is_dose(node) and not is_dose(ct)
    assert tree.GetItemParent(tree.GetItemByDataNode(node)) == study
    assert tree.GetItemAttribute(study, "DicomRtImport.DoseUnitName") == "GY"
    assert tree.GetItemAttribute(study, "DicomRtImport.DoseUnitValue") == "1.0"


def test_the_study_keeps_the_dose_scale_that_it_has(scene, tmp_path):
    from RadOncAILib.scene.hierarchy import set_attribute_once

    tree = scene.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene.mrmlScene)
    study = tree.CreateStudyItem(tree.GetSceneItemID(), "study")
    tree.SetItemAttribute(study, "DicomRtImport.DoseUnitValue", "0.0001")
    set_attribute_once(study, "DicomRtImport.DoseUnitValue", "1.0")
    assert tree.GetItemAttribute(study, "DicomRtImport.DoseUnitValue") == "0.0001"


def test_the_prescription_sets_the_top_of_the_colours(scene, tmp_path):
    _, node, _ = show(scene, tmp_path, prescription={"PTV_7000": 70.0, "PTV_5600": 56.0})
    display = node.GetDisplayNode()
    assert display.GetWindowLevelMax() == pytest.approx(74.9)
    assert display.GetWindowLevelMin() == 0
    assert display.GetLowerThreshold() == pytest.approx(7.49)
    assert display.GetColorNode().GetNumberOfColors() == 256


def test_two_doses_share_one_colour_table_and_a_second_run_may_reuse_the_node(scene, tmp_path):
    from RadOncAILib.scene.dose import show_dose

    _, node, ct = show(scene, tmp_path)
    count = scene.mrmlScene.GetNumberOfNodes()
    _, result = dose_result(tmp_path, kind="clinical")
    assert show_dose(result, ct, None, "Predicted dose", node) is node
    assert scene.mrmlScene.GetNumberOfNodes() == count
    assert node.GetAttribute("RadOncAI.DoseKind") == "clinical"


def test_a_dose_under_another_transform_is_refused(scene, tmp_path):
    from RadOncAILib.scene.dose import dose_request

    _, node, ct = show(scene, tmp_path)
    drawn.moved(scene, ct)
    with pytest.raises(InputError, match="transform"):
        dose_request(node, tmp_path, ct)


def test_isodose_levels_are_named_by_their_dose(scene):
    from RadOncAILib.scene.dose import isodose_table

    table = isodose_table([(66.5, (255, 0, 0)), (30.0, (0, 0, 255))])
    assert [table.GetColorName(n) for n in range(2)] == ["66.5", "30"]
