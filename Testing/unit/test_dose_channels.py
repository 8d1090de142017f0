"""Beams, coarse grids, regions and channels: truth from geometry."""

from __future__ import annotations

import numpy as np
import pytest

from radoncai.core.errors import InputError
from radoncai.dose import beams, channels, features, plan
from radoncai.dose.coarse import CoarseGrid
from radoncai.dose.region import region

SPACING = (3.0, 4.0, 4.0)


def cylinder(shape=(30, 61, 61), radius_mm=90.0, spacing=SPACING) -> np.ndarray:
    y, x = (np.arange(n) - (n - 1) / 2 for n in shape[1:])
    disc = (y[:, None] * spacing[1]) ** 2 + (x[None] * spacing[2]) ** 2 <= radius_mm**2
    return np.broadcast_to(disc, shape).copy()


def ball(shape, centre, radius_mm, spacing=SPACING) -> np.ndarray:
    axes = np.ogrid[tuple(slice(0, n) for n in shape)]
    return sum(((a - c) * s) ** 2 for a, c, s in zip(axes, centre, spacing, strict=True)) <= radius_mm**2


def patient(shift=(0, 0)):
    body = cylinder()
    high = ball(body.shape, (15, 30 + shift[0], 30 + shift[1]), 20)
    low = ball(body.shape, (15, 30 + shift[0], 30 + shift[1]), 32)
    return np.where(body, 0.0, -1000.0), {"PTV70": high, "PTV56": low}, {"PTV70": 70.0, "PTV56": 56.0}


def test_a_beam_comes_from_where_its_angle_says():
    y = x = np.arange(-100.0, 101, 10)
    front = beams.fan(beams.BeamModel(), 0, y, x)
    left = beams.fan(beams.BeamModel(), 90, y, x)
    assert front.t[0, 10] == pytest.approx(-100)
    assert left.t[10, -1] == pytest.approx(-100)
    assert front.scale[0, 10] == pytest.approx(1000 / 900)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_water_depth_of_a_slab(angle):
    y = x = (np.arange(41) - 20) * 5.0
    density = np.zeros((2, 41, 41), np.float32)
    density[:, 10:31] = 1.0 if angle in (0, 180) else 0.0
    if angle in (90, 270):
        density[:, :, 10:31] = 1.0
    model = beams.BeamModel(source_distance=1e6)
    depth = beams.water_depth(density, beams.fan(model, angle, y, x), model, y, x)
    assert depth[0, 20, 20] == pytest.approx(52.5, abs=1.0)
    behind = {0: (40, 20), 180: (0, 20), 90: (20, 0), 270: (20, 40)}[angle]
    assert depth[1][behind] == pytest.approx(105, abs=1.0)


def test_the_map_and_its_transpose_agree():
    rng = np.random.default_rng(0)
    body = cylinder((9, 17, 15), 60.0, (5.0, 9.0, 9.0))
    target = ball(body.shape, (4, 8, 7), 20.0, (5.0, 9.0, 9.0))
    axes = plan.centred_axes(target, (5.0, 9.0, 9.0))
    linear, _ = plan.fluence_map(body.astype(np.float32), target, body, axes, beams.BeamModel())
    v = rng.random(linear.allowed.shape).astype(np.float32)
    r = rng.random(int(body.sum())).astype(np.float32)
    assert np.vdot(linear.dose(v), r) == pytest.approx(np.vdot(v, linear.adjoint(r)), rel=1e-3)


def test_a_central_target_in_water_looks_the_same_after_forty_degrees():
    from scipy.ndimage import rotate

    hu, targets, levels = patient()
    c = channels.build(hu, targets, levels, {}, None, SPACING)
    for name in ("prior", "open_field", "depth_min"):
        middle = c[name][c.values.shape[1] // 2]
        turned = rotate(middle, 40, reshape=False, order=1)
        core = cylinder((1, *middle.shape), 70.0)[0]
        assert np.abs(turned - middle)[core].mean() < 0.03 * middle[core].max() + 0.01


def test_the_prior_covers_the_targets_and_falls_off():
    hu, targets, levels = patient()
    c = channels.build(hu, targets, levels, {}, None, SPACING)
    assert c["prior"][c["level"] == 1].mean() == pytest.approx(1.0, abs=0.05)
    assert c["prior"][c["distance"] > 0.6].mean() < 0.5
    assert c["prior"].min() >= 0


def test_an_organ_beside_the_target_is_spared_against_the_plain_plan():
    hu, targets, levels = patient()
    organ = ball(hu.shape, (15, 30, 44), 14) & ~targets["PTV56"]
    c = channels.build(hu, targets, levels, {"Parotid_L": organ}, None, SPACING)
    here = c["Parotid_L"] > 0
    assert here.sum() == organ.sum()
    assert c["prior"][here].mean() < c["prior_plain"][here].mean()


def test_nested_targets_become_rings():
    high, low = np.zeros((3, 4, 5), bool), np.zeros((3, 4, 5), bool)
    low[1], high[1, 1:3, 1:3] = True, True
    level = channels.level_map({"PTV_56": low, "PTV_70": high}, {"PTV_56": 56, "PTV_70": 70})
    assert (level == 70).sum() == 4 and (level == 56).sum() == 16 and (level == 0).sum() == 40


def test_a_prescription_scales_the_prediction_not_the_channels():
    hu, targets, _ = patient()
    a = channels.build(hu, targets, {"PTV70": 70.0, "PTV56": 56.0}, {}, None, SPACING)
    b = channels.build(hu, targets, {"PTV70": 60.0, "PTV56": 48.0}, {}, None, SPACING)
    assert np.allclose(a.values, b.values, atol=1e-5)
    assert (a.top_gy, b.top_gy) == (70.0, 60.0)


def test_the_region_reaches_five_centimetres_beyond_the_targets():
    shape = (80, 40, 44)
    body = cylinder(shape, 70.0)
    target = ball(shape, (40, 20, 22), 15)
    place = region(np.where(body, 0.0, -1000.0), target, None, SPACING)
    slices = np.flatnonzero(target.any(axis=(1, 2)))
    assert place.box[0].start == slices[0] - 17 and place.box[0].stop == slices[-1] + 18
    assert np.array_equal(place.body, body[place.box])
    assert place.inside.sum() > place.body.sum()


def test_without_ct_the_outline_is_water():
    hu, targets, levels = patient()
    with_ct = channels.build(hu, targets, levels, {}, hu > -500, SPACING)
    without = channels.build(None, targets, levels, {}, hu > -500, SPACING)
    assert np.allclose(with_ct["prior"], without["prior"], atol=0.02)
    with pytest.raises(InputError):
        channels.build(None, targets, levels, {}, None, SPACING)


def test_a_target_without_level_and_no_target_are_refused():
    mask = np.ones((2, 2, 2), bool)
    with pytest.raises(InputError, match="PTV_63"):
        channels.level_map({"PTV_63": mask}, {"PTV_70": 70})
    with pytest.raises(InputError):
        channels.level_map({}, {})
    with pytest.raises(InputError):
        channels.level_map({"PTV_70": ~mask}, {"PTV_70": 70})


def test_coarse_grid_keeps_linear_fields_and_sums():
    grid = CoarseGrid((13, 22, 17), (2.0, 3.5, 3.5), (5.0, 7.0, 7.0))
    field = np.broadcast_to(np.arange(22.0)[None, :, None], (13, 22, 17))
    back = grid.up(grid.down(field))
    assert np.allclose(back[4:9, 6:16, 6:11], field[4:9, 6:16, 6:11], atol=1e-3)
    assert grid.down(field).sum() * 5 * 7 * 7 == pytest.approx(field.sum() * 2 * 3.5 * 3.5, rel=1e-4)


def test_features_have_one_row_a_voxel_inside():
    hu, targets, levels = patient()
    c = channels.build(hu, targets, levels, {}, None, SPACING)
    x = features.features(c)
    assert len(x) == c.region.inside.sum()
    mirrored = channels.build(hu[:, :, ::-1], {n: m[:, :, ::-1] for n, m in targets.items()}, levels, {}, None, SPACING)
    assert np.allclose(np.mean(x, 0), np.mean(features.features(mirrored), 0), rtol=0.02, atol=0.02)


def test_the_region_of_a_drawn_external_grows_less_than_that_of_a_body_found_on_the_ct():
    hu, targets, levels = patient()
    found = channels.build(hu, targets, levels, {}, None, SPACING).region
    drawn = channels.build(hu, targets, levels, {}, hu > -500, SPACING).region
    assert found.inside.shape[2] == drawn.inside.shape[2] + 2
