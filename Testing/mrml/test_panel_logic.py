"""Auto Contour's and Dose Predict's Logic on the real MRML classes and with the real worker, without Qt."""

import sys
from pathlib import Path

import numpy as np
import pytest

TESTING = Path(__file__).parents[1]
sys.path += [str(Path(__file__).parent), str(TESTING / "data"), *(str(TESTING.parent / n) for n in
                                                                  ("AutoContour", "DosePredict"))]

import scene_drawings as drawn  # noqa: E402
from worker_requests import run, trunk, worker  # noqa: E402

from radoncai.core.errors import InputError  # noqa: E402

SHAPE, SPACING = (30, 54, 70), np.array([5.0, 5.0, 5.0])
# order of the axes (k, j, i) of the stored array among those of the upright one, and which of them run backwards
TURNS = {"axial": ((0, 1, 2), ()), "sagittal, backwards": ((2, 0, 1), (0, 2)), "coronal": ((1, 0, 2), (1,)),
         "left-handed": ((0, 1, 2), (0,))}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RADONCAI_HOME", str(tmp_path_factory.mktemp("home")))
        with worker() as made:
            yield made


def uneven_trunk():
    """The trunk, with the left lung cut short from above; and LPS mm of its voxels."""
    array = trunk(SHAPE)
    lung = array == -800
    lung[:20, :, :] = False
    lung[:, :, : SHAPE[2] // 2] = False
    array[lung] = 0
    lps = np.diag([*SPACING[::-1], 1.0])
    lps[:3, 3] = (-170.0, -130.0, -60.0)
    return array, lps


def turned(slicer, turn, array, lps, name="CT"):
    """A volume node that stores the same body in other directions; and how to bring its arrays back upright."""
    order, backwards = TURNS[turn]
    stored, matrix = array.transpose(order), lps.copy()
    matrix[:, :3] = lps[:, [2 - order[2 - axis] for axis in range(3)]]
    for axis in backwards:
        matrix[:3, 3] += matrix[:3, 2 - axis] * (stored.shape[axis] - 1)
        matrix[:3, 2 - axis] *= -1
        stored = np.flip(stored, axis)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(stored))
    node.SetIJKToRASMatrix(drawn.vtk_matrix(np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix))
    return node, lambda found: np.flip(found, backwards).transpose(np.argsort(order))


def answer(client, job, build):
    folder = client.new_folder()
    event, _, _ = run(client, job, {**build(folder), "folder": str(folder)}, 60.0)
    assert event["event"] == "result", event
    return event["result"] | {"folder": str(folder)}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("couch", [False, True])
def test_contours_lie_on_the_body_whatever_the_stored_directions(scene, client, turn, couch):
    from RadOncAILib.scene.segmentation import find

    from AutoContour import AutoContourLogic

    array, lps = uneven_trunk()
    ct, upright = turned(scene, turn, array, lps)
    if couch:
        drawn.moved(scene, ct)
    logic = AutoContourLogic()
    result = answer(client, "contour", lambda f: logic.request(f, ct, "body", None) | {"override": True})
    node = logic.show(result, ct)
    assert node.GetTransformNodeID() == ct.GetTransformNodeID()
    lung = array == -800
    for name, side in (("Lung_L", slice(SHAPE[2] // 2, None)), ("Lung_R", slice(None, SHAPE[2] // 2))):
        mask = upright(scene.util.arrayFromSegmentBinaryLabelmap(node, find(node, name), ct)).astype(bool)
        truth = np.zeros_like(lung)
        truth[:, :, side] = lung[:, :, side]
        dice = 2 * (mask & truth).sum() / (mask.sum() + truth.sum())
        assert dice > 0.9, f"{name} in {turn}: Dice {dice:.2f}"


def test_a_model_that_fails_leaves_the_scene_as_it_was(scene, client):
    from AutoContour import AutoContourLogic

    array, lps = uneven_trunk()
    ct, _ = turned(scene, "axial", array, lps)
    nodes = scene.mrmlScene.GetNumberOfNodes()
    logic, folder = AutoContourLogic(), client.new_folder()
    event, _, _ = run(client, "contour", {**logic.request(folder, ct, "no_such_model", None), "folder": str(folder)})
    assert (event["event"], event["kind"]) == ("failed", "model")
    assert scene.mrmlScene.GetNumberOfNodes() == nodes


def test_contours_under_a_couch_shift_are_not_exported(scene, client, tmp_path):
    from AutoContour import AutoContourLogic

    array, lps = uneven_trunk()
    ct, _ = turned(scene, "axial", array, lps)
    drawn.moved(scene, ct)
    logic = AutoContourLogic()
    node = logic.show(answer(client, "contour", lambda f: logic.request(f, ct, "body", None) | {"override": True}), ct)
    with pytest.raises(InputError, match="couch"):
        logic.export_request(tmp_path, ct, node, tmp_path / "out", "AI")


def test_a_second_run_has_its_own_name_and_hides_the_first(scene, client):
    from AutoContour import AutoContourLogic

    array, lps = uneven_trunk()
    ct, _ = turned(scene, "axial", array, lps)
    logic = AutoContourLogic()
    result = answer(client, "contour", lambda f: logic.request(f, ct, "body", None) | {"override": True})
    first, second = logic.show(result, ct), logic.show(result, ct)
    assert first.GetName() != second.GetName()
    assert second.GetDisplayVisibility() and not first.GetDisplayVisibility()


def test_a_structure_without_a_name_is_not_exported(scene, client, tmp_path):
    from AutoContour import AutoContourLogic

    array, lps = uneven_trunk()
    ct, _ = turned(scene, "axial", array, lps)
    logic = AutoContourLogic()
    node = logic.show(answer(client, "contour", lambda f: logic.request(f, ct, "body", None) | {"override": True}), ct)
    node.GetSegmentation().GetNthSegment(0).SetName("")
    with pytest.raises(InputError, match="no name"):
        logic.export_request(tmp_path, ct, node, tmp_path / "out", "AI")


def dose_case(slicer, turn, folder):
    """A dose that rises by 1 Gy per 5 mm towards S, and a box of ten slices in it: mean 14.5 Gy."""
    from RadOncAILib.scene.dose import show_dose
    from RadOncAILib.scene.segmentation import show_structures

    from radoncai.core.array_file import write_array

    array, lps = uneven_trunk()
    ct, _ = turned(slicer, turn, array, lps)
    drawn.moved(slicer, ct)
    gray = np.broadcast_to(np.arange(SHAPE[0], dtype=np.float32)[:, None, None], SHAPE)
    write_array(folder / "gray.npy", np.ascontiguousarray(gray))
    dose = show_dose({"dose": {"array": "gray.npy", "ijk_to_lps": lps.ravel().tolist()}, "folder": str(folder),
                      "kind": "clinical"}, ct, None, "Clinical dose")
    order, backwards = TURNS[turn]
    box = [[10, 20], [20, 30], [25, 40]]
    box = [box[a] for a in order]
    stored = [SHAPE[a] for a in order]
    box = [[n - b, n - a] if axis in backwards else [a, b]
           for axis, ((a, b), n) in enumerate(zip(box, stored, strict=True))]
    return ct, dose, show_structures(drawn.result(folder, drawn.structure(folder, "SpinalCord", box)), ct, "RS")


@pytest.mark.parametrize("turn", TURNS)
def test_a_dose_is_measured_where_it_lies_whatever_the_stored_directions(scene, client, tmp_path, turn):
    from DosePredictLib.requests import Plan

    from DosePredict import DosePredictLogic

    ct, dose, structures = dose_case(scene, turn, tmp_path)
    logic, plan = DosePredictLogic(), Plan(ct, structures, {}, 35)
    result = answer(client, "dvh", lambda f: logic.evaluation_request(f, plan, dose))
    (row,) = result["dvh"]
    assert row["volume_cc"] == pytest.approx(10 * 10 * 15 * 0.125)
    mean = next(m["value"] for m in result["metrics"] if m["metric"] == "Dmean[Gy]")
    assert mean == pytest.approx(14.5, abs=0.01)


def test_an_edited_structure_makes_the_measured_dose_out_of_date(scene, client, tmp_path):
    from DosePredictLib.requests import Plan
    from RadOncAILib.scene.freshness import out_of_date

    from DosePredict import DosePredictLogic

    ct, dose, structures = dose_case(scene, "axial", tmp_path)
    logic, plan = DosePredictLogic(), Plan(ct, structures, {}, 35)
    logic.show_evaluation(answer(client, "dvh", lambda f: logic.evaluation_request(f, plan, dose)), plan, dose)
    assert out_of_date(dose) == []
    drawn.paint(scene, structures, "SpinalCord", ct)
    (said,) = out_of_date(dose)
    assert said.startswith("SpinalCord edited ")
    drawn.paint(scene, structures, "SpinalCord", ct, value=0)
    assert out_of_date(dose) == []
