"""Dose Predict's Logic on the real MRML classes and with the real worker, without Qt."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "DosePredict"))

HOLD_S = 120
SPACING, REACH = (3.0, 5.4, 5.4), (-150.0, 50.0)
PRESCRIPTION = {"PTV_7000": 70.0, "PTV_5600": 56.0}
AXIAL = ((0, 1, 2), ())
TURNED = ((2, 0, 1), (0, 2))  # order of the stored axes (k, j, i) among the upright ones, and which run backwards


@pytest.fixture(scope="module")
def patient():
    from radoncai.phantom.patient import sample_patient

    return sample_patient(spacing_mm=SPACING, z_range_mm=REACH)


@pytest.fixture(scope="module")
def predicted(patient):
    """The library's own answer."""
    from radoncai.core.dose import Prescription
    from radoncai.dose.job import predict_dose

    return predict_dose(patient.ct, patient.truth, Prescription(PRESCRIPTION, 35), "hn_dose", device="cpu").dose.volume


@pytest.fixture
def logic(scene):
    from DosePredict import DosePredictLogic

    return DosePredictLogic()


def vtk_matrix(matrix):
    from RadOncAILib.scene.geometry import to_vtk

    return to_vtk(matrix)


def stored(array, turn):
    order, backwards = turn
    return np.ascontiguousarray(np.flip(array.transpose(order), backwards))


def volume_node(slicer, patient, turn=AXIAL):
    """The CT as a volume node whose array is stored along other directions."""
    order, backwards = turn
    array, lps = stored(patient.ct.array, turn), patient.ct.grid.index_to_lps.copy()
    lps[:, :3] = lps[:, [2 - order[2 - axis] for axis in range(3)]]
    for axis in backwards:
        lps[:3, 3] += lps[:3, 2 - axis] * (array.shape[axis] - 1)
        lps[:3, 2 - axis] *= -1
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.util.updateVolumeFromArray(node, array)
    node.SetIJKToRASMatrix(vtk_matrix(np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps))
    return node


def segmentation_node(patient, volume, folder, turn=AXIAL):
    """The drawn structures as a segmentation on that volume."""
    from RadOncAILib.scene.segmentation import show_structures

    rows = []
    for n, structure in enumerate(patient.truth):
        mask = stored(structure.full(patient.ct.grid.shape), turn)
        where = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
        box = [[int(w[0]), int(w[-1]) + 1] for w in where]
        np.save(folder / f"s_{n}.npy", mask[tuple(slice(*b) for b in box)].astype(np.uint8))
        rows.append({"name": structure.name, "role": structure.role, "color": list(structure.color),
                     "standard_name": structure.standard_name, "box": box, "array": f"s_{n}.npy"})
    return show_structures({"structures": rows, "folder": str(folder)}, volume, "Drawn")


def plan_of(logic, volume, structures, prescription=PRESCRIPTION):
    from DosePredictLib import prescription as texts

    node = logic.getParameterNode()
    node.volume, node.structures = volume, structures
    node.prescription, node.fractions, node.confirmed = texts.to_texts(prescription), 35, []
    return logic.plan(node, "hn_dose", "cpu")


def run(client, name, request, folder):
    events = []
    job = client.run(name, {**request, "folder": str(folder)}, events.append)
    last = client.wait(job, HOLD_S)
    assert last["event"] == "result", last
    return {**last["result"], "folder": str(folder)}


def at(slicer, node, ras):
    from RadOncAILib.scene.geometry import ras_from_node

    i, j, k, _ = np.rint(np.linalg.inv(ras_from_node(node)) @ [*ras, 1.0]).astype(int)
    return float(slicer.util.arrayFromVolume(node)[k, j, i])


def hottest_ras(volume):
    k, j, i = np.unravel_index(np.argmax(volume.array), volume.array.shape)
    left, posterior, superior, _ = volume.grid.index_to_lps @ [i, j, k, 1]
    return (-left, -posterior, superior), float(volume.array.max())


def test_dose_of_a_turned_volume_lands_on_its_place(scene, logic, client, patient, predicted, tmp_path):
    volume = volume_node(scene, patient, TURNED)
    plan = plan_of(logic, volume, segmentation_node(patient, volume, tmp_path, TURNED))
    folder = client.new_folder()
    result = run(client, "dose", logic.request(folder, plan), folder)
    dose = logic.show(result, plan)
    ras, most = hottest_ras(predicted)
    assert at(scene, dose, ras) == pytest.approx(most, abs=0.01)
    assert dose.GetAttribute("DicomRtImport.DoseVolume") == "1"
    assert dose.GetAttribute("RadOncAI.DoseKind") == "predicted"
    check_kept(scene, logic, client, plan, dose)


def check_kept(slicer, logic, client, plan, dose):
    """Chart, goals and what it was made from; measured anew, the same dose gives the same goals."""
    from DosePredictLib import chart, record, results
    from RadOncAILib.scene import freshness, plots

    kept = record.kept_with(dose)
    assert kept["goals"] and kept["counts"] and kept["model"]["name"] == "hn_dose"
    assert {"PTV_7000", "Parotid_L"} <= {plots.structure_of(s) for s in plots.curves(chart.chart_of(dose))}
    assert freshness.out_of_date(dose) == [] and results.changes(dose, plan) == ()
    folder = client.new_folder()
    again = run(client, "dvh", logic.evaluation_request(folder, plan, dose), folder)
    logic.show_evaluation(again, plan, dose)
    now = record.kept_with(dose)
    assert [g["verdict"] for g in now["goals"]] == [g["verdict"] for g in kept["goals"]]
    assert [g["value"] for g in now["goals"]] == pytest.approx([g["value"] for g in kept["goals"]], abs=0.02)
    assert now["provenance"] == kept["provenance"] and now["run"] == kept["run"]
    with pytest.raises(Exception, match="DICOM"):
        logic.export_request(folder, plan, dose, "out")


def test_a_linear_transform_is_shared_by_the_dose(scene, logic, patient, tmp_path):
    from DosePredictLib import requests

    volume = volume_node(scene, patient)
    structures = segmentation_node(patient, volume, tmp_path)
    moved = scene.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved.SetMatrixTransformToParent(vtk_matrix(np.array(
        [[1.0, 0, 0, 10], [0, 1, 0, -20], [0, 0, 1, 30], [0, 0, 0, 1]])))
    for node in (volume, structures):
        node.SetAndObserveTransformNodeID(moved.GetID())
    plan = plan_of(logic, volume, structures)
    dose = logic.show(small_result(tmp_path), plan)
    assert dose.GetTransformNodeID() == volume.GetTransformNodeID()
    assert "transform" in requests.why_no_writing(plan, dose)
    dose.SetAndObserveTransformNodeID(None)
    with pytest.raises(Exception, match="transforms"):
        logic.evaluation_request(tmp_path, plan, dose)


def small_result(folder, **more):
    """A result of `dose` that no model made."""
    np.save(folder / "dose.npy", np.full((3, 4, 5), 30.0, np.float32))
    curve = {"structure": "Parotid_L", "role": "oar", "dose_gy": [0.0, 30.0, 30.1], "volume_pct": [100.0, 100.0, 0.0],
             "volume_cc": 20.0}
    metrics = [{"structure": "Parotid_L", "metric": m, "value": 30.0, "unit": "Gy", "low": low, "high": high,
                "reason": ""} for m, low, high in (("D50%[Gy]", 27.0, 33.0), ("D1cc[Gy]", 28.0, 34.0),
                                                  ("Dmean[Gy]", 28.0, 32.0), ("D2%[Gy]", None, None))]
    return {"dose": {"array": "dose.npy", "ijk_to_lps": np.diag([3.0, 3.0, 3.0, 1.0]).ravel().tolist()},
            "dvh": [curve], "metrics": metrics, "goals": [], "counts": {}, "channels": [], "warnings": [],
            "overrides": [], "provenance": {"job": "dose"}, "model": {"name": "hn_dose"}, "folder": str(folder)} | more


@pytest.fixture
def small(scene, logic, patient, tmp_path):
    volume = volume_node(scene, patient)
    plan = plan_of(logic, volume, segmentation_node(patient, volume, tmp_path))
    return plan, logic.show(small_result(tmp_path), plan)


def test_bands_lie_at_their_volumes(scene, small):
    from DosePredictLib import chart, record

    _plan, dose = small
    rows = chart.bands(record.kept_with(dose), "Parotid_L")
    assert rows.tolist() == [[27.0, 33.0, 50.0], [28.0, 34.0, 5.0]], "1 cc of 20 cc is 5 %"
    chart.show_bands(dose, record.kept_with(dose), "Parotid_L", (0.0, 1.0, 0.0))
    chart.show_bands(dose, record.kept_with(dose), "Parotid_L", (0.0, 1.0, 0.0))
    series = [s for s in scene.util.getNodesByClass("vtkMRMLPlotSeriesNode") if s.GetAttribute(chart.BANDS)]
    assert len(series) == 1 and series[0].GetColor() == (0.0, 1.0, 0.0)
    assert series[0].GetName() == "Parotid_L, 90 % band"


def test_what_changed_is_named(scene, logic, small):
    from dataclasses import replace

    from DosePredictLib import results

    plan, dose = small
    assert results.changes(dose, plan) == ()
    other = replace(plan, prescription={"PTV_7000": 66.0}, fractions=33)
    assert results.changes(dose, other) == ("prescription changed", "number of fractions changed")
    assert results.needs_evaluation(dose, replace(plan, goals="quantec"))
    assert not results.needs_evaluation(dose, plan)


def test_a_result_that_is_stopped_halfway_leaves_nothing(scene, logic, small, tmp_path):
    from DosePredictLib import results

    plan, dose = small
    before = scene.mrmlScene.GetNumberOfNodes()
    portions = logic.show_in_portions(small_result(tmp_path), plan)
    next(portions)
    portions.close()
    assert scene.mrmlScene.GetNumberOfNodes() == before
    results.remove(dose)
    assert not scene.util.getNodesByClass("vtkMRMLPlotSeriesNode")
    assert not scene.util.getNodesByClass("vtkMRMLPlotChartNode")


def test_the_chart_of_a_removed_dose_goes_with_its_curves_and_tables(scene, logic, small, tmp_path):
    from DosePredictLib import chart

    plan, dose = small
    other = logic.show(small_result(tmp_path), plan)
    chart.show_beside(dose, other)
    scene.mrmlScene.RemoveNode(dose)
    chart.forget_orphans()
    assert scene.util.getNodesByClass("vtkMRMLPlotChartNode") == [chart.chart_of(other)]
    assert all(s.GetTableNode() is not None for s in chart.plots.curves(chart.chart_of(other)))
    scene.mrmlScene.RemoveNode(other)
    chart.forget_orphans()
    for kind in ("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode"):
        assert not scene.util.getNodesByClass(kind), kind


def test_saved_scene_brings_the_goals_back(scene, logic, small, tmp_path):
    from DosePredictLib import chart, record

    _plan, dose = small
    chart.show_bands(dose, record.kept_with(dose), "Parotid_L", (0.0, 1.0, 0.0))
    kept = record.kept_with(dose)
    scene.mrmlScene.SetRootDirectory(str(tmp_path))
    scene.mrmlScene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.mrmlScene.Commit(str(tmp_path / "scene.mrml"))
    scene.mrmlScene.Clear(0)
    assert scene.mrmlScene.Import()
    (again,) = [n for n in scene.util.getNodesByClass("vtkMRMLScalarVolumeNode") if record.kept_with(n)]
    now = record.kept_with(again)
    assert now["metrics"] == kept["metrics"] and now["prescription"] == kept["prescription"]
    assert chart.chart_of(again) is not None


@pytest.mark.parametrize(("names", "expected", "fractions"), [
    (["PTV_7000", "PTV_5600", "Larynx"], {"PTV_7000": 70.0, "PTV_5600": 56.0}, 35),
    (["PTV 54", "PTV60Gy"], {"PTV60Gy": 60.0, "PTV 54": 54.0}, 30),
    (["PTV_High", "PTV_6600", "CTV_6600"], {"PTV_6600": 66.0, "PTV_High": 0.0}, None),
    (["Larynx"], {}, None),
])
def test_prescription_from_names(scene, names, expected, fractions):
    from DosePredictLib.prescription import guess

    from radoncai.core.templates import match

    found = guess([{"name": n, "role": (match(n).role if match(n) else "ptv"), "status": "unreviewed"} for n in names])
    assert found.targets == expected and list(found.targets) == list(expected) and found.fractions == fractions


def test_names_with_equal_signs_come_back(scene):
    from DosePredictLib.prescription import doses_from_texts, from_texts, to_texts

    assert doses_from_texts(to_texts({"PTV=1": 62.5, "PTV_5600": 56.0})) == {"PTV=1": 62.5, "PTV_5600": 56.0}
    assert from_texts(to_texts({"PTV=1": "62.5 Gy"})) == {"PTV=1": "62.5 Gy"}


def test_words(scene):
    from DosePredictLib import words

    row = {"metric": "D0.1cc[Gy]", "limit": "<=45", "unit": "Gy", "value": 46.04, "low": 44.0, "high": 49.0,
           "verdict": "fail", "missed_by": 1.04}
    assert words.goal_text(row) == "D0.1cc ≤45 Gy" and words.goal_text(row, "Gy") == "D0.1cc ≤45"
    assert words.amount(row) == " by 1.0 Gy" and words.amount({**row, "limit": ">=47"}, "Gy") == " by 1.0"
    assert words.band_text(row) == "44.0–49.0" and words.number(None, "Gy") == "–"
    assert words.number(4.567, "cc") == "4.57" and words.number(12.34, "cc") == "12.3"
    assert words.counts_text({"pass": 8, "near": 1, "unsure": 2, "fail": 1, "unknown": 0}) == \
        "goals   ✓ 8   ~ 1   ? 2   ✕ 1"
    cord = {"structure": "SpinalCord", "role": "oar", "volume_pct": None, "reason": "it is not wholly inside the scan"}
    assert words.curves_missing([cord, {**cord, "structure": "External", "role": "external"}]) == \
        "No DVH curve of SpinalCord: it is not wholly inside the scan."
    assert words.curves_missing([{**cord, "volume_pct": [100.0]}]) == ""
    assert words.approval_text(["approved", "unreviewed", "rejected"]) == \
        ("!", "1 of 2 structures are not approved; 1 rejected, left out")
    assert words.approval_text(["approved"]) == ("✓", "all 1 structures are approved")
