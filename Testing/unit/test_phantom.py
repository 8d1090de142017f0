"""The drawn patient: its truth, its geometry and its CT numbers, and the tools it is drawn with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from radoncai.core.errors import InputError
from radoncai.phantom.canvas import Canvas, ball, draw, ellipses, fill, tube
from radoncai.phantom.patient import OARS, TARGETS, head_and_neck_variant, sample_patient
from radoncai.phantom.tissue import ID

ADULT_CC = {"Brainstem": (15, 36), "SpinalCord": (18, 42), "Parotid_L": (14, 44), "Parotid_R": (14, 44),
            "Esophagus": (8, 25),
            "Larynx": (10, 40), "Bone_Mandible": (39, 86), "Lung_L": (1200, 3500), "Lung_R": (1200, 3500),
            "PTV_7000": (100, 250), "PTV_5600": (200, 450), "External": (40000, 70000)}


@pytest.fixture(scope="module")
def patient():
    return sample_patient(quick=True)


def centre_lps(patient, name):
    structure = patient.truth.find(name)
    kji = np.argwhere(structure.full(patient.ct.grid.shape))
    return patient.ct.grid.to_lps(kji.mean(0)[None, ::-1])[0]


def small_canvas() -> Canvas:
    return Canvas(np.arange(-30, 30, 3.0), np.arange(-25, 25, 1.1), np.arange(-22, 22, 0.9), np.random.default_rng(0),
                  vary=0.0)


def test_filled_outline_has_the_area_of_its_polygon():
    x, y = np.arange(-20, 20, 0.5), np.arange(-20, 20, 0.4)
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    rows, cols, mask = fill(np.stack([11 * np.cos(angle) + 2, 7 * np.sin(angle) - 1], -1), x, y)
    assert mask.sum() * 0.5 * 0.4 == pytest.approx(np.pi * 11 * 7, rel=0.01)
    assert x[cols].mean() == pytest.approx(2, abs=0.5)
    assert y[rows].mean() == pytest.approx(-1, abs=0.5)


def test_outline_outside_the_field_is_left_out():
    points = np.array([(50, 50), (60, 50), (60, 60)], float)
    assert fill(points, np.arange(-20, 20, 1.0), np.arange(-20, 20, 1.0)) is None


def test_ball_and_tube_have_their_volumes_on_anisotropic_voxels():
    canvas = small_canvas()
    voxel = np.prod(canvas.spacing)
    ball(canvas, (1, -2, 3), (8, 9, 12), "muscle")
    assert (canvas.label == ID["muscle"]).sum() * voxel == pytest.approx(4 / 3 * np.pi * 8 * 9 * 12, rel=0.03)
    tube(canvas, [(-10, 15, -24, 4), (-10, 15, 24, 4)], "vessel")
    middle = canvas.label[8:12] == ID["vessel"]
    assert middle.sum() * voxel == pytest.approx(np.pi * 16 * 12, rel=0.05)


def test_stack_lies_where_its_rows_say_and_keeps_to_what_it_may_paint():
    canvas = small_canvas()
    draw(canvas, ellipses(canvas, [(-15, 4, 5, 6, 6), (15, 4, 5, 6, 6)], rough=0), "fat")
    ball(canvas, (4, 5, 0), (12, 12, 12), "muscle", ("fat",))
    assert not (canvas.label == ID["fat"])[np.abs(canvas.z) < 6].any()
    k, j, i = np.nonzero(canvas.label)
    assert (canvas.x[i].mean(), canvas.y[j].mean()) == pytest.approx((4, 5), abs=0.3)
    assert canvas.z[k].min() == -15 and canvas.z[k].max() == 15


@pytest.mark.parametrize("name", ADULT_CC)
def test_structure_has_the_volume_of_an_adult(patient, name):
    low, high = ADULT_CC[name]
    assert low < patient.truth.volume_cc(patient.truth.find(name)) < high


def test_all_structures_are_there_and_in_one_piece(patient):
    assert set(patient.truth.names) == {*OARS, *TARGETS, "External"}
    for name in ("Brainstem", "Parotid_L", "Parotid_R", "Larynx", "External", "PTV_7000"):
        mask = patient.truth.find(name).mask
        labels, n = ndimage.label(mask, np.ones((3, 3, 3)))
        assert np.bincount(labels.ravel())[1:].max() > 0.97 * mask.sum(), (name, n)


def test_left_right_front_and_top_are_where_they_belong(patient):
    at = {name: centre_lps(patient, name) for name in patient.truth.names}
    assert at["Parotid_L"][0] > at["Parotid_R"][0] + 80
    assert at["Lung_L"][0] > at["Lung_R"][0] + 80
    assert at["Bone_Mandible"][1] < at["SpinalCord"][1] - 40
    assert at["Brainstem"][2] > at["Parotid_L"][2] > at["Larynx"][2] > at["Lung_L"][2]


def test_liver_lies_right_and_spleen_left(patient):
    ct = patient.ct
    k = int(ct.grid.to_index(np.array([[0, 0, patient.vertebrae["T12"]]]))[0, 2])
    soft = ndimage.gaussian_filter(ct.array[k].astype(float), 1.0)
    side = ct.grid.to_lps(np.stack([np.arange(ct.grid.shape[2]), np.zeros(ct.grid.shape[2]),
                                    np.zeros(ct.grid.shape[2])], -1))[:, 0]
    liver = ((soft > 70) & (soft < 115)).sum(0)
    assert liver[side < -20].sum() > 2.0 * liver[side > 20].sum()


def test_targets_are_nested_and_5_mm_under_the_skin(patient):
    shape = patient.ct.grid.shape
    high, low, skin = (patient.truth.find(n).full(shape) for n in ("PTV_7000", "PTV_5600", "External"))
    assert not (high & ~low).any()
    k = np.flatnonzero(low.any((1, 2)))
    depth = np.stack([ndimage.distance_transform_edt(skin[n], patient.ct.grid.spacing_mm[1:]) for n in k])
    assert depth[low[k]].min() > 5.0


def test_ct_numbers_of_tissues(patient):
    hu, shape = patient.ct.array, patient.ct.grid.shape
    assert hu.dtype == np.int16 and patient.ct.modality == "CT" and patient.ct.unit == "HU"
    lung = ndimage.binary_erosion(patient.truth.find("Lung_R").full(shape), iterations=2)
    assert -900 < hu[lung].mean() < -740
    cord = patient.truth.find("SpinalCord").full(shape)
    assert 10 < np.median(hu[cord]) < 60
    slice_hu = hu[patient.l3_slice]
    muscle = ndimage.binary_erosion(patient.tissue == 1)
    fat = ndimage.binary_erosion(patient.tissue == 2)
    assert 30 < np.median(slice_hu[muscle]) < 65
    assert -115 < np.median(slice_hu[fat]) < -85


def test_tissue_areas_at_l3_are_those_of_a_man(patient):
    pixel_cm2 = np.prod(patient.ct.grid.spacing_mm[1:]) / 100
    muscle, sat, vat, imat = (float((patient.tissue == n).sum() * pixel_cm2) for n in (1, 2, 3, 4))
    assert 115 < muscle < 165
    assert 120 < sat < 210
    assert 90 < vat < 200
    assert 2 < imat < 40


def test_vertebrae_go_down_in_steps_that_grow_and_bodies_are_brighter_than_discs(patient):
    names = list(patient.vertebrae)
    heights = np.array(list(patient.vertebrae.values()))
    assert names[0] == "C1" and names[-1] == "L5" and len(names) == 24
    steps = -np.diff(heights)
    assert steps.min() > 10 and steps[-4:].mean() > 1.5 * steps[1:6].mean()
    s = patient.ct.grid.origin_lps[2] + patient.l3_slice * patient.ct.grid.spacing_mm[0]
    assert abs(s - patient.vertebrae["L3"]) <= patient.ct.grid.spacing_mm[0] / 2 + 1e-6


def test_iliac_crests_reach_the_middle_of_l4(patient):
    ct, shape = patient.ct, patient.ct.grid.shape
    lps = [ct.grid.origin_lps[a] + np.arange(shape[2 - a]) * ct.grid.spacing_mm[2 - a] for a in range(3)]
    flank = np.abs(lps[0]) > 85
    bone = (ndimage.uniform_filter(ct.array.astype(np.float32), 2)[:, :, flank] > 150).sum((1, 2))
    below_ribs = (lps[2] < patient.vertebrae["L3"]) & (lps[2] > patient.vertebrae["L5"] - 20)
    top = lps[2][below_ribs & (bone > 4)].max()
    assert patient.crest_s_mm == pytest.approx(patient.vertebrae["L4"])
    assert abs(top - patient.crest_s_mm) < 9


def test_same_seed_same_voxels_and_origin_is_not_zero():
    cut = {"z_range_mm": (-60.0, 0.0), "spacing_mm": (6.0, 4.1, 3.9)}
    first, again, other = sample_patient(3, **cut), sample_patient(3, **cut), sample_patient(4, **cut)
    assert np.array_equal(first.ct.array, again.ct.array)
    assert not np.array_equal(first.ct.array, other.ct.array)
    assert np.abs(first.ct.grid.origin_lps).min() > 50
    assert "Lung_L" in first.truth.missing and first.truth.find("Lung_L") is None


def test_contrast_can_be_changed_by_tissue():
    cut = {"z_range_mm": (-100.0, -60.0), "spacing_mm": (6.0, 3.0, 3.0), "noise_hu": 1.0}
    plain, bright = sample_patient(**cut), sample_patient(hu_changes={"vessel": 100.0}, **cut)
    change = bright.ct.array.astype(int) - plain.ct.array
    assert change.max() > 80 and (np.abs(change) > 20).mean() < 0.02


@pytest.mark.parametrize("spacing", [(0.1, 1.0, 1.0), (3.0, 25.0, 1.0)])
def test_spacing_that_cannot_show_anatomy_is_refused(spacing):
    with pytest.raises(InputError, match="spacing"):
        sample_patient(spacing_mm=spacing)


def test_variant_holds_seven_organs_on_the_right_sides():
    variant = head_and_neck_variant(np.random.default_rng(5), (3.0, 4.3, 4.1))
    assert variant.hu.dtype == np.int16 and variant.spacing_mm == (3.0, 4.3, 4.1)
    assert set(variant.masks) == set(OARS[:7])
    middle = {name: np.argwhere(mask).mean(0) for name, mask in variant.masks.items()}
    assert middle["Parotid_L"][2] > middle["Parotid_R"][2]
    assert middle["Brainstem"][0] > middle["SpinalCord"][0]
    assert middle["Larynx"][1] < middle["SpinalCord"][1]
    for name, mask in variant.masks.items():
        low, high = ADULT_CC[name]
        assert 0.3 * low < mask.sum() * 3.0 * 4.3 * 4.1 / 1000 < 1.4 * high, name
