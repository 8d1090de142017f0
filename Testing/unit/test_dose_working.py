"""Grids of the dose job, and when a dose model refuses."""

import numpy as np
import pytest

from radoncai.core.dose import Prescription
from radoncai.core.grid import Grid
from radoncai.dose.applicability import doubts, refusals
from radoncai.dose.working import block_factors, dose_grid

LIMITS = {"highest_level_gy": [68, 72], "lower_levels_gy": [54, 66], "widest_neck_cm2": 330,
          "fractions": [33, 35], "organs": ["SpinalCord", "Parotid_L"]}


@pytest.mark.parametrize(("spacing", "factors"), [((2.5, 3.9, 3.9), (1, 1, 1)), ((3.0, 0.98, 0.98), (1, 4, 4)),
                                                  ((1.0, 1.17, 1.17), (2, 3, 3)), ((3.0, 1.5, 1.5), (1, 3, 3))])
def test_fine_images_are_gathered_in_whole_voxels(spacing, factors):
    assert block_factors(spacing) == factors


def test_dose_lies_on_a_coarse_ct_s_own_voxels():
    ct = Grid.axial((40, 60, 60), (3.0, 3.9, 3.9), (-100.0, -90.0, 30.0))
    place = ct.crop((slice(5, 30), slice(10, 50), slice(12, 52)))
    assert dose_grid(ct, place).same_as(place)


def test_dose_of_a_fine_ct_is_written_at_two_and_a_half_mm_from_the_first_voxel():
    ct = Grid.axial((40, 200, 200), (3.0, 1.0, 1.0), (-100.0, -90.0, 30.0))
    place = ct.crop((slice(5, 30), slice(20, 180), slice(10, 190)))
    grid = dose_grid(ct, place)
    assert grid.spacing_mm == pytest.approx((3.0, 2.5, 2.5)) and np.allclose(grid.origin_lps, place.origin_lps)
    assert np.allclose(grid.corners().max(0), place.corners().max(0), atol=2.5)
    assert dose_grid(ct, place, 4.0).spacing_mm == pytest.approx((3.0, 4.0, 4.0))


def cylinder(radius_mm):
    y, x = np.mgrid[:100, :100] - 50
    return np.repeat((np.hypot(x, y) * 4 <= radius_mm)[None], 6, 0)


def test_a_neck_is_accepted_and_a_pelvis_refused():
    target = cylinder(20)
    p = Prescription({"PTV_7000": 70, "PTV_5600": 56}, 35)
    assert refusals(LIMITS, p, target, cylinder(70), (3.0, 4.0, 4.0)) == []
    assert "head and neck" in refusals(LIMITS, p, target, cylinder(150), (3.0, 4.0, 4.0))[0]


def test_unknown_levels_are_refused_and_other_fractions_doubted():
    target, body = cylinder(20), cylinder(70)
    assert "60 Gy" in refusals(LIMITS, Prescription({"PTV": 60}, 30), target, body, (3.0, 4.0, 4.0))[0]
    assert "50 Gy" in refusals(LIMITS, Prescription({"A": 70, "B": 50}), target, body, (3.0, 4.0, 4.0))[0]
    said = doubts(LIMITS, Prescription({"A": 70}, 20), ["SpinalCord"])
    assert "20" in said[0] and "Parotid_L" in said[1]
