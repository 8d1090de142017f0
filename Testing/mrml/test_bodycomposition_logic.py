"""Body Composition's Logic on the real MRML classes and with the real worker, without Qt."""

import numpy as np
import pytest

from radoncai.phantom.patient import sample_patient

HOLD_S = 90
NOBODY = {"height_m": None, "weight_kg": None, "sex": None}
TALL = {"height_m": 1.74, "weight_kg": 74.0, "sex": "M"}
# order of the axes (k, j, i) of the stored array among those of the upright one, and which of them run backwards
TURNS = {"axial": ((0, 1, 2), ()), "sagittal, two axes backwards": ((2, 0, 1), (0, 1))}


@pytest.fixture(scope="module")
def patient():
    """T12 to the thighs of the drawn patient, thick slices."""
    return sample_patient(spacing_mm=(5.0, 2.5, 2.5), z_range_mm=(-720.0, -340.0))


@pytest.fixture(scope="module")
def measured(patient):
    """The library's own answer at the drawn L3."""
    from radoncai.bodycomp.job import measure_l3
    from radoncai.bodycomp.measure import Person

    return measure_l3(patient.ct, level_mm=patient.vertebrae["L3"], person=Person(None, "M", 1.74, 74.0)).measured


@pytest.fixture
def logic(scene):
    from BodyComposition import BodyCompositionLogic

    return BodyCompositionLogic()


def volume_node(slicer, ct, turn="axial"):
    """The CT as a volume node whose array is stored in other directions."""
    order, backwards = TURNS[turn]
    array, lps = ct.array.transpose(order), ct.grid.index_to_lps.copy()
    lps[:, :3] = lps[:, [2 - order[2 - axis] for axis in range(3)]]
    for axis in backwards:
        lps[:3, 3] += lps[:3, 2 - axis] * (array.shape[axis] - 1)
        lps[:3, 2 - axis] *= -1
        array = np.flip(array, axis)
    import vtk

    ras = vtk.vtkMatrix4x4()
    ras.DeepCopy((np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps).ravel().tolist())
    return slicer.util.addVolumeFromArray(np.ascontiguousarray(array), ijkToRAS=ras, name="Abdomen")


def answer(client, job, build):
    """The worker's result with its folder, as the run block hands it over."""
    folder = client.new_folder()
    running = client.run(job, {**build(folder), "folder": str(folder)}, lambda event: None)
    last = client.wait(running, HOLD_S)
    assert last["event"] == "result", last
    return {**last["result"], "folder": str(folder)}


def measure(client, logic, ct, level_mm, who=TALL):
    result = answer(client, "bodycomp", lambda f: logic.request(f, ct, "l3_tissue", who, level_mm))
    node = logic.getParameterNode()
    node.volume = ct
    return logic.show(result, ct, node, who, level_mm), node


def center_ras(slicer, regions, segment, ct):
    """Middle of a segment's voxels in RAS mm, counted here."""
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(regions, segment, ct)
    from RadOncAILib.scene.geometry import ras_from_node

    k, j, i = np.argwhere(mask).mean(axis=0)
    return (ras_from_node(ct) @ [i, j, k, 1.0])[:3], mask


@pytest.mark.parametrize("turn", TURNS)
def test_numbers_and_overlay_do_not_depend_on_the_stored_directions(scene, client, logic, patient, measured, turn):
    from BodyCompositionLib import results, views

    ct = volume_node(scene, patient.ct, turn)
    regions, node = measure(client, logic, ct, patient.vertebrae["L3"])
    result = results.result_of(regions)
    assert result["values"] == pytest.approx(measured.values) and result["sd"] == pytest.approx(measured.sd)
    _k, j, i = np.argwhere(measured.tissue.array == 1).mean(axis=0)
    truth = measured.tissue.grid.to_lps(np.array([[i, j, 0.0]]))[0] * [-1, -1, 1]
    assert center_ras(scene, regions, "muscle", ct)[0] == pytest.approx(truth, abs=0.01)
    assert views.slices_s(ct)[result["level"]["slice"]] == pytest.approx(truth[2])
    assert node.regions is regions and not results.is_changed(regions)


def test_a_region_that_a_person_erased_is_counted_anew(scene, client, logic, patient):
    from BodyCompositionLib import numbers, results

    ct = volume_node(scene, patient.ct)
    regions, node = measure(client, logic, ct, patient.vertebrae["L3"])
    before = results.result_of(regions)
    _center, mask = center_ras(scene, regions, "vat", ct)
    gone = np.argwhere(mask)[:400]
    mask[tuple(gone.T)] = 0
    scene.util.updateSegmentBinaryLabelmapFromArray(mask, regions, "vat", ct)
    assert results.is_changed(regions)
    result = answer(client, "bodycomp_edit", lambda f: logic.edit_request(f, ct, regions, TALL))
    assert logic.show_edited(result, ct, node, TALL, patient.vertebrae["L3"]) is regions
    after = results.result_of(regions)
    lost = before["values"]["vat_cm2"] - after["values"]["vat_cm2"]
    assert lost == pytest.approx(len(gone) * 0.25 * 0.25)
    assert after["values"]["muscle_cm2"] == pytest.approx(before["values"]["muscle_cm2"])
    assert not results.is_changed(regions) and numbers.is_edited(after)
    assert all(row.sd == "–" for row in numbers.rows(after)) and "drawn by a person" in numbers.rows(after)[0].tool_tip
    mask[tuple(gone.T)] = 1
    scene.util.updateSegmentBinaryLabelmapFromArray(mask, regions, "vat", ct)
    result = answer(client, "bodycomp_edit", lambda f: logic.edit_request(f, ct, regions, TALL))
    logic.show_edited(result, ct, node, TALL, patient.vertebrae["L3"])
    undone = results.result_of(regions)
    assert undone["sd"] == pytest.approx(before["sd"]) and not numbers.is_edited(undone), "an exact undo brings ± back"


def test_another_height_changes_the_indices_and_their_spread_alone(scene, client, logic, patient):
    from BodyCompositionLib import results

    ct = volume_node(scene, patient.ct)
    regions, node = measure(client, logic, ct, patient.vertebrae["L3"])
    before, small = results.result_of(regions), {**TALL, "height_m": 1.5}
    result = answer(client, "bodycomp_edit", lambda f: logic.edit_request(f, ct, regions, small))
    logic.show_edited(result, ct, node, small, patient.vertebrae["L3"])
    after = results.result_of(regions)
    for key, index in (("values", "smi_cm2_m2"), ("sd", "vati_cm2_m2")):
        area = {"smi_cm2_m2": "muscle_cm2", "vati_cm2_m2": "vat_cm2"}[index]
        assert after[key][area] == pytest.approx(before[key][area])
        assert after[key][index] == pytest.approx(before[key][area] / 1.5 ** 2)


def test_edited_regions_are_never_overwritten(scene, client, logic, patient):
    ct = volume_node(scene, patient.ct)
    regions, node = measure(client, logic, ct, patient.vertebrae["L3"])
    again, _node = measure(client, logic, ct, patient.vertebrae["L3"] + 10.0)
    assert again is regions, "what nobody edited is replaced in place"
    mask = scene.util.arrayFromSegmentBinaryLabelmap(regions, "sat", ct)
    scene.util.updateSegmentBinaryLabelmapFromArray(np.zeros_like(mask), regions, "sat", ct)
    other, _node = measure(client, logic, ct, patient.vertebrae["L3"])
    assert other is not regions and node.regions is other
    assert scene.util.arrayFromSegmentBinaryLabelmap(regions, "sat", ct).sum() == 0
    assert not regions.GetDisplayVisibility() and other.GetDisplayVisibility()


def test_the_result_lies_under_the_transform_of_its_image(scene, client, logic, patient):
    from BodyCompositionLib import views

    ct = volume_node(scene, patient.ct)
    moved = scene.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
    import vtk

    shift = vtk.vtkMatrix4x4()
    shift.SetElement(2, 3, 200.0)
    moved.SetMatrixTransformToParent(shift)
    ct.SetAndObserveTransformNodeID(moved.GetID())
    level = patient.vertebrae["L3"]
    regions, node = measure(client, logic, ct, level)
    for made in (regions, node.level_line, node.vertebrae):
        assert made.GetParentTransformNode() is moved
    assert views.world_point(ct, level)[2] == pytest.approx(level + 200.0)


def test_no_half_made_result_stays(scene, logic, patient, tmp_path):
    ct = volume_node(scene, patient.ct)
    node = logic.getParameterNode()
    count = scene.mrmlScene.GetNumberOfNodes()
    with pytest.raises(Exception):  # noqa: B017
        logic.show({"vertebrae": {}, "labels": {"array": "gone.npy", "box": [[0, 1]] * 3}, "folder": str(tmp_path)},
                   ct, node, NOBODY, None)
    assert scene.mrmlScene.GetNumberOfNodes() == count and node.regions is None


def test_level_in_words(scene):
    from BodyCompositionLib import words

    level = {"level_mm": -212.54, "agree": 3, "asked": 3, "notes": [], "votes": {"a": -212.5, "b": -211.0, "c": -214.0}}
    sure = ("✓", "L3 at S −212.5 mm, 3 of 3 methods agree within 3 mm")
    assert words.level_text(level, {}) == sure
    doubtful = {**level, "agree": 2, "votes": {**level["votes"], "c": -177.5},
                "notes": ["The method by c puts L3 +35 mm from the crests' answer."]}
    symbol, text = words.level_text(doubtful, {})
    assert symbol == "!" and "2 of 3 methods agree within 2 mm (c +35 mm)" in text
    by_hand = {"level_mm": -180.0, "agree": None}
    assert words.level_text(by_hand, {"L2": -176.0, "L3": -212.0}) == (
        "!", "Set by hand at S −180.0 mm, beside L2; not checked")
    assert "between L3 and L1" in words.level_text(by_hand, {"L1": -140.0, "L3": -212.0})[1]
    assert words.nearest(-100.0, {"L1": -140.0, "L3": -212.0}) == ""


def test_what_changed_since_the_numbers_were_made(scene):
    from BodyCompositionLib import words

    result = {"asked": {**TALL, "level_mm": None}}
    assert words.changes(result, TALL, None) == []
    assert words.changes(result, {**TALL, "height_m": 1.8}, None) == ["height changed"]
    assert words.changes(result, {**TALL, "sex": None}, -200.0) == ["sex changed", "level moved"]
    assert words.changes({"asked": {**TALL, "level_mm": -200.0}}, TALL, -200.01) == []


def test_where_height_weight_and_sex_come_from(scene, logic):
    from BodyCompositionLib import person, words

    node, header = logic.getParameterNode(), {"height_m": 1.74, "weight_kg": None, "sex": "M"}
    person.from_header(node, "volume1", header)
    assert person.asked(node) == {"height_m": 1.74, "weight_kg": None, "sex": "M"}
    person.set_by_hand(node, "height_m", 1.8)
    person.from_header(node, "volume1", header)
    assert node.height_m == 1.8, "a person's own value stays while it is the same image"
    told = words.person_source(list(node.by_hand), person.in_header(header))
    assert told == "sex from DICOM; height by hand"
    person.from_header(node, "volume2", {"height_m": 1.6})
    assert person.asked(node) == {"height_m": 1.6, "weight_kg": None, "sex": None}


def test_unknown_is_a_dash_with_its_reason(scene):
    from BodyCompositionLib import numbers

    result = {"values": {"muscle_cm2": 118.44, "smi_cm2_m2": None, "muscle_hu": 33.6}, "sd":
              {"muscle_cm2": 2.91, "muscle_hu": 0.3}, "flags": [], "percentile": None, "cutoffs": [], "person": {}}
    rows = {row.key: row for row in numbers.rows(result)}
    assert (rows["muscle_cm2"].value, rows["muscle_cm2"].sd) == ("118.4", "±2.9")
    assert (rows["smi_cm2_m2"].value, rows["smi_cm2_m2"].sd) == ("–", "") and "height" in rows["smi_cm2_m2"].tool_tip
    assert (rows["muscle_hu"].value, rows["muscle_hu"].sd) == ("34", "±<1")
    assert "sex" in numbers.why_nothing_published(result)


@pytest.mark.parametrize("turn", TURNS)
def test_the_measured_slice_is_the_nearest_and_of_two_the_lower(scene, patient, turn):
    from BodyCompositionLib import views

    ct = volume_node(scene, patient.ct, turn)
    places = views.slices_s(ct)
    assert np.allclose(np.sort(places), [patient.ct.grid.to_lps(np.array([[0, 0, k]]))[0, 2] for k in range(76)])
    between = np.sort(places)[30] + 2.5
    assert places[views.slice_of(ct, between)] == np.sort(places)[30]
    assert places[views.slice_of(ct, between + 0.1)] == np.sort(places)[31]
    assert views.reach_s(ct) == pytest.approx((places.min(), places.max(), 5.0))
