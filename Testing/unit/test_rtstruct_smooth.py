"""Contours without steps: within half a pixel of the voxel edges, volume kept, few points."""

import numpy as np
import pytest
from data.rois import twenty_rois

from radoncai.core.keyholes import joined_by_keyholes
from radoncai.core.polygons import mask_to_polygons, mask_to_rings, polygon_area, polygons_to_mask
from radoncai.core.smoothing import smooth_rings
from radoncai.core.thinning import thinned

MASKS = twenty_rois((6, 90, 98), (2.5, 0.977, 0.977))


def away(points, ring):
    """From each point to the nearest place of a closed polygon."""
    a, b = ring, np.roll(ring, -1, axis=0)
    along = b - a
    relative = points[:, None] - a[None]
    t = np.clip((relative * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-12), 0, 1)
    return np.sqrt(((relative - t[..., None] * along) ** 2).sum(-1)).min(axis=1)


def dense(ring):
    parts = np.linspace(0, 1, 8, endpoint=False)[:, None, None]
    return (ring + parts * (np.roll(ring, -1, axis=0) - ring)).reshape(-1, 2)


@pytest.mark.parametrize("name", ["Lens_L", "Ring", "Nested", "One_Voxel", "Line", "Checkerboard", "Bowel", "Frame"])
def test_both_ways_within_half_a_pixel(name):
    for plane in MASKS[name]:
        for exact, smooth in zip(mask_to_rings(plane), smooth_rings(plane), strict=True):
            assert away(dense(smooth), exact).max() < 0.5
            assert away(dense(exact), smooth).max() < 0.5


@pytest.mark.parametrize("name", MASKS)
def test_volume_within_half_a_percent_and_no_voxel_changes_sides(name):
    area = 0.0
    for plane in MASKS[name]:
        rings = smooth_rings(plane)
        joined = joined_by_keyholes(rings)
        area += sum(map(polygon_area, joined))
        assert len(joined) == len(mask_to_polygons(plane))
        assert sum(map(polygon_area, joined)) == pytest.approx(sum(map(polygon_area, rings)))
        for polygons in (rings, joined):
            assert np.array_equal(polygons_to_mask(polygons, plane.shape), plane)
    assert area / MASKS[name].sum() == pytest.approx(1.0, abs=0.005)


def test_a_disc_becomes_round():
    rows, columns = np.indices((60, 60)) - 29.5
    disc = rows**2 + columns**2 <= 20**2
    (smooth,) = smooth_rings(disc)
    (exact,) = mask_to_rings(disc)
    radius = np.hypot(*(smooth - 29.5).T)
    assert np.ptp(radius) < 0.5 * np.ptp(np.hypot(*(exact - 29.5).T))
    assert len(smooth) < 2 * len(exact)


@pytest.mark.parametrize("seed", range(10))
def test_random_masks_keep_their_voxels(seed):
    plane = np.random.default_rng(seed).random((23, 31)) < 0.3 + 0.05 * seed
    assert np.array_equal(polygons_to_mask(joined_by_keyholes(smooth_rings(plane)), plane.shape), plane)


@pytest.mark.parametrize("tolerance", [0.02, 0.1, 0.5])
def test_thinning_stays_within_its_tolerance(tolerance):
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    wavy = np.column_stack([(20 + np.sin(9 * angle)) * np.cos(angle), (20 + np.sin(9 * angle)) * np.sin(angle)])
    both, begins = thinned(np.vstack([wavy, wavy[::-1] * 0.5 + 3]), np.array([0, 500]), tolerance)
    few = both[:begins[1]]
    assert 3 <= len(few) < 400 and away(wavy, few).max() <= tolerance
    assert {tuple(p) for p in few} <= {tuple(p) for p in wavy}
    assert away(wavy[::-1] * 0.5 + 3, both[begins[1]:]).max() <= tolerance


def test_three_points_stay_of_a_polygon_without_area():
    points = np.column_stack([np.arange(9.0), np.zeros(9)])
    assert len(thinned(points, np.array([0]), 1.0)[0]) >= 3


def test_holes_in_a_row_and_holes_in_islands_of_holes_join_one_ring():
    plane = np.ones((30, 60), bool)
    for left in range(3, 55, 6):
        plane[3 + left // 12:8, left:left + 4] = plane[12:18, left:left + 4] = False
        plane[14:16, left + 1:left + 3] = True
    for rings in (mask_to_rings(plane), smooth_rings(plane)):
        joined = joined_by_keyholes(rings)
        assert len(joined) == 10
        assert np.array_equal(polygons_to_mask(joined, plane.shape), plane)
        assert sum(map(polygon_area, joined)) == pytest.approx(sum(map(polygon_area, rings)))
