"""Surface distances against published reference numbers, geometry and the original package."""

import numpy as np
import pytest

from radoncai.contour.compare import added_path_mm, dice
from radoncai.contour.surface import element_areas, surface_distances

SPACING = (3.0, 0.977, 0.977)
SHAPE = (22, 66, 71)
CENTER = (31.5, 32.0, 32.0)


def sphere(radius, shift=(0.0, 0.0, 0.0)):
    center = np.add(CENTER, shift)
    grid = [(np.arange(n) * s - c) ** 2 for n, s, c in zip(SHAPE, SPACING, center, strict=True)]
    return grid[0][:, None, None] + grid[1][None, :, None] + grid[2][None, None, :] <= radius ** 2


def cut(mask, slices):
    top = np.flatnonzero(mask.any(axis=(1, 2)))[-slices:]
    out = mask.copy()
    out[top] = False
    return out


# Made once with DeepMind's surface-distance on the same four pairs of spheres.
PAIRS = {
    "3 mm along z": (sphere(20), sphere(20, (3.0, 0, 0)), 0.8882, 3.00, (0.937, 0.937), (0.688, 0.804, 1.0), 943),
    "3 pixels along x": (sphere(20), sphere(20, (0, 0, -3 * 0.977)), 0.8893, 2.93, (0.949, 0.952),
                         (0.628, 0.848, 1.0), 1034),
    "20 against 22 mm": (sphere(20), sphere(22), 0.8587, 3.00, (1.311, 1.419), (0.428, 0.805, 1.0), 1163),
    "top 9 mm cut off": (sphere(20), cut(sphere(20), 3), 0.946, 6.00, (0.853, 0.406), (0.860, 0.867, 0.920), 165),
}


@pytest.mark.parametrize("name", PAIRS)
def test_reference_numbers_of_sphere_pairs(name):
    first, second, overlap, hd95, means, shares, path = PAIRS[name]
    assert first.sum() == 11704
    found = surface_distances(first, second, SPACING)
    assert dice(first, second) == pytest.approx(overlap, abs=6e-4)
    assert found.hausdorff_mm(95) == pytest.approx(hd95, abs=6e-3)
    assert found.mean_mm() == pytest.approx(means, abs=6e-4)
    assert [found.surface_dice(t) for t in (1, 2, 3)] == pytest.approx(shares, abs=6e-4)
    assert added_path_mm(first, second, SPACING) == pytest.approx(path, abs=1.0)


def test_a_mask_against_itself_and_against_nothing():
    mask = sphere(15)
    same = surface_distances(mask, mask, SPACING)
    assert (same.hausdorff_mm(), same.mean_mm(), same.surface_dice(0.0)) == (0.0, (0.0, 0.0), 1.0)
    nothing = surface_distances(mask, np.zeros_like(mask), SPACING)
    assert nothing.hausdorff_mm() == np.inf
    assert nothing.surface_dice(3.0) == 0.0
    assert dice(np.zeros_like(mask), np.zeros_like(mask)) is None


def test_areas_of_patterns_are_those_of_their_triangles():
    areas = element_areas((3.0, 1.1, 0.9))
    assert areas[0] == areas[255] == 0.0
    half_sides = np.array([3.0, 1.1, 0.9]) / 2
    corner = np.sqrt(((half_sides[[0, 1, 2]] * half_sides[[1, 2, 0]]) ** 2).sum()) / 2
    for one_voxel in (1, 2, 4, 8, 16, 32, 64, 128):
        assert areas[one_voxel] == pytest.approx(corner)
        assert areas[255 - one_voxel] == pytest.approx(corner)
    assert areas[0b11110000] == pytest.approx(1.1 * 0.9)
    assert areas[0b11001100] == pytest.approx(3.0 * 0.9)
    assert areas[0b10101010] == pytest.approx(3.0 * 1.1)


def test_the_area_of_a_box_is_right_but_for_its_bevelled_edges():
    mask = np.zeros((30, 40, 50), bool)
    mask[5:25, 5:35, 5:45] = True
    found = surface_distances(mask, mask, (1.0, 1.0, 1.0)).first_area_mm2.sum()
    a, b, c = 19, 29, 39
    edges = 4 * (a + b + c) * np.sqrt(0.5)
    assert found == pytest.approx(2 * (a * b + b * c + a * c) + edges + 8 * np.sqrt(3) / 8, rel=1e-9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_equals_the_original_package_on_random_shapes():
    original = pytest.importorskip("surface_distance", reason="DeepMind's surface-distance is not installed")
    rng = np.random.default_rng(5)
    spacing = (3.0, 1.1, 0.9)
    for density in (0.1, 0.5, 0.8):
        first, second = (rng.random((9, 12, 14)) < density for _ in range(2))
        truth = original.compute_surface_distances(first, second, spacing)
        found = surface_distances(first, second, spacing)
        assert found.mean_mm() == pytest.approx(original.compute_average_surface_distance(truth), abs=1e-9)
        assert found.hausdorff_mm(95) == pytest.approx(original.compute_robust_hausdorff(truth, 95), abs=1e-9)
        for tolerance in (0.5, 1.0, 2.0):
            share = original.compute_surface_dice_at_tolerance(truth, tolerance)
            assert found.surface_dice(tolerance) == pytest.approx(share, abs=1e-9)
