"""L3 on a drawn spine whose vertebrae are known, on a real CT, and where it is not in the scan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radoncai.bodycomp.level import GIVEN, Level, _named, find_level
from radoncai.bodycomp.upright import upright
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Volume

REAL_CT = Path(__file__).resolve().parents[3] / "shared/data/real_ct/abdomen_3mm/ct.nrrd"
SPACING = (3.0, 4.1, 3.9)
PITCH_MM, L5_MM = 35.0, 60.0
TOPS = {"L5": L5_MM, "L4": L5_MM + PITCH_MM, "L3": L5_MM + 2 * PITCH_MM}


def _drawn(shape: tuple[int, int, int] = (111, 62, 84)) -> np.ndarray:
    """Oval body with vertebrae every 35 mm, iliac wings up to the middle of L4, ribs from T12 upwards."""
    nk, nj, ni = shape
    hu = np.full(shape, -1000.0, np.float32)
    y, x = np.mgrid[0:nj, 0:ni]
    y, x = (y - nj / 2) * SPACING[1], (x - ni / 2) * SPACING[2]
    for k in range(nk):
        z = k * SPACING[0]
        hu[k][(x / 155) ** 2 + (y / 110) ** 2 < 1] = -100
        hu[k][(x / 140) ** 2 + (y / 95) ** 2 < 1] = 40
        phase = (z - L5_MM + PITCH_MM / 2) % PITCH_MM - PITCH_MM / 2
        bone = 110 if abs(phase) < 9 else 260 if abs(phase) <= 12 else 75
        hu[k][(x / 23) ** 2 + ((y - 45) / 17) ** 2 < 1] = bone
        if abs(phase) < 10:
            hu[k][(np.abs(y - 55) < 5) & (np.abs(x) < (75 if z > L5_MM + 4.5 * PITCH_MM else 40))] = 300
        if z < TOPS["L4"]:
            hu[k][(np.abs(np.abs(x) - 85) < 12) & (np.abs(y - 20) < 30)] = 350
        if z > L5_MM + 2.6 * PITCH_MM:
            hu[k][(np.abs(np.hypot(x / 132, y / 88) - 1) < 0.05) & (np.sin(z / 4 + x / 9) > -0.4)] = 350
    return hu + np.random.default_rng(3).normal(0, 12, shape).astype(np.float32)


def _volume(hu: np.ndarray, origin: tuple[float, float, float] = (-160.0, -127.0, -500.0)) -> Volume:
    return Volume(hu, Grid.axial(hu.shape, SPACING, origin), "CT", "HU")


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return _drawn()


def test_l3_of_a_drawn_spine_lies_at_its_middle(drawn):
    level = find_level(_volume(drawn))
    assert level.level_mm == pytest.approx(-500 + TOPS["L3"], abs=5)
    assert level.slice_index == pytest.approx(TOPS["L3"] / SPACING[0], abs=2)
    assert level.vertebrae["L4"] == pytest.approx(-500 + TOPS["L4"], abs=5)
    assert level.agree >= 2 and level.spread_mm < 12


def test_slices_stored_downwards_and_rows_to_the_front_give_the_same_level(drawn):
    flipped = drawn[::-1, ::-1]
    matrix = Grid.axial(drawn.shape, SPACING, (-160, -127, -500)).index_to_lps
    matrix[:3, 3] += matrix[:3, 1] * (drawn.shape[1] - 1) + matrix[:3, 2] * (drawn.shape[0] - 1)
    matrix[:3, 1:3] *= -1
    stored = Volume(flipped, Grid(flipped.shape, matrix), "CT", "HU")
    assert find_level(stored).level_mm == pytest.approx(find_level(_volume(drawn)).level_mm, abs=0.2)
    np.testing.assert_array_equal(upright(stored).array, drawn)


@pytest.mark.parametrize(("part", "missing"), [(slice(45, 111), "pelvis"), (slice(0, 35), "L3")])
def test_a_scan_without_l3_is_refused(drawn, part, missing):
    with pytest.raises(InputError, match=missing):
        find_level(_volume(drawn[part]))


def test_few_slices_need_a_given_level(drawn):
    with pytest.raises(InputError, match="--level-mm"):
        find_level(_volume(drawn[40:41]))
    level = find_level(_volume(drawn[40:41]), level_mm=-499.0)
    assert (level.slice_index, level.rule, level.agree) == (0, GIVEN, None)


def test_a_given_level_outside_the_scan_is_refused(drawn):
    with pytest.raises(InputError, match="outside the scan"):
        find_level(_volume(drawn), level_mm=300.0)


def test_other_modalities_and_tilted_planes_are_refused(drawn):
    grid = Grid.axial(drawn.shape, SPACING)
    with pytest.raises(InputError, match="MR"):
        find_level(Volume(drawn, grid, "MR", "1"))
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]]
    with pytest.raises(InputError, match="tilted"):
        find_level(Volume(drawn, Grid(drawn.shape, turn @ grid.index_to_lps), "CT", "HU"))


def test_real_ct_level_is_in_the_body_of_l3():
    if not REAL_CT.exists():
        pytest.skip("../shared/data/real_ct is not there")
    import SimpleITK

    image = SimpleITK.ReadImage(str(REAL_CT))
    array = SimpleITK.GetArrayFromImage(image).astype(np.float32)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    volume = Volume(array, Grid(array.shape, matrix), "CT", "HU")
    assert 69 <= find_level(volume).slice_index <= 79
    noisy = volume.with_array(array + np.random.default_rng(1).normal(0, 50, array.shape).astype(np.float32))
    assert 69 <= find_level(noisy).slice_index <= 79
    with pytest.raises(InputError, match="pelvis"):
        find_level(volume.crop((slice(64, 112), slice(0, array.shape[1]), slice(0, array.shape[2]))))


def test_vertebrae_are_named_only_as_far_as_they_are_neighbours():
    bodies = [0.0, 40.0, 52.0, 64.0, 75.0, 120.0]
    assert _named(bodies, third=3, dz=3.0) == {"L5": 40.0, "L4": 52.0, "L3": 64.0, "L2": 75.0}


def test_agreement_is_said_as_the_distance_between_the_methods():
    votes = {"crest": -911.0, "sacrum": -918.0, "ribs": -903.0}
    level = Level(-911.0, 4, "crests", 7.5, 3, 3, votes=votes)
    assert level.reach_mm == 15.0
    assert level.agreement == "3 of 3 methods agree within 15 mm"
    assert replace(level, agree=2).agreement == "2 of 3 methods agree within 7 mm"
    assert Level(45.0, 0, GIVEN).agreement == GIVEN
