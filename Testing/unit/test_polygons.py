import numpy as np
import pytest
from data.shapes import twelve_shapes
from scipy import ndimage

from radoncai.core.polygons import mask_to_polygons, polygon_area, polygons_to_mask
from radoncai.core.scanline import rasterise, rasterise_plane

SHAPES = twelve_shapes()


@pytest.mark.parametrize("name", SHAPES)
def test_polygons_keep_every_voxel_and_the_area(name):
    for plane in SHAPES[name]:
        polygons = mask_to_polygons(plane)
        assert np.array_equal(polygons_to_mask(polygons, plane.shape), plane)
        assert sum(polygon_area(p) for p in polygons) == np.count_nonzero(plane)
        assert len(polygons) == ndimage.label(plane)[1]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("density", [0.3, 0.6, 0.9])
def test_random_masks_round_trip(seed, density):
    rng = np.random.default_rng(seed)
    plane = rng.random((rng.integers(1, 40), rng.integers(1, 40))) < density
    polygons = mask_to_polygons(plane)
    assert len(polygons) == ndimage.label(plane)[1]
    assert np.array_equal(polygons_to_mask(polygons, plane.shape), plane)
    assert sum(polygon_area(p) for p in polygons) == np.count_nonzero(plane)


def test_a_rectangle_has_four_points_and_an_empty_mask_none():
    plane = np.zeros((7, 11), bool)
    assert mask_to_polygons(plane) == []
    plane[2:5, 3:9] = True
    (polygon,) = mask_to_polygons(plane)
    assert sorted(map(tuple, polygon)) == [(2.5, 1.5), (2.5, 4.5), (8.5, 1.5), (8.5, 4.5)]


def test_no_point_is_repeated_at_the_end_or_straight_on():
    plane = SHAPES["Nested"][6]
    for p in mask_to_polygons(plane):
        assert not np.array_equal(p[0], p[-1])
        assert (np.abs(np.diff(np.vstack([p, p[:1]]), axis=0)) > 0).sum(axis=1).max() == 1


def test_keyholes_fill_the_same_by_even_odd_and_by_winding():
    plane = SHAPES["Bowel"][6]
    winding = np.zeros(plane.shape, int)
    for p in mask_to_polygons(plane):
        x, y = p.T
        for x0, y0, y1 in zip(x, y, np.roll(y, -1), strict=True):
            if y0 != y1:
                rows = slice(int(min(y0, y1) + 0.5), int(max(y0, y1) + 0.5))
                winding[rows, int(x0 + 0.5):] += 1 if y1 < y0 else -1
    assert np.array_equal(winding != 0, plane)


@pytest.mark.parametrize("shift, expected", [(0.0, 200), (0.25, 200), (0.5, 200)])
def test_ties_are_half_open(shift, expected):
    box = np.array([(3, 4), (13, 4), (13, 24), (3, 24)]) + shift
    assert polygons_to_mask([box], (30, 30)).sum() == expected


def test_neighbours_that_share_an_edge_share_no_voxel_and_lose_none():
    left = np.array([(1, 1), (6, 1), (6, 9), (1, 9)])
    right = np.array([(6, 1), (12, 1), (12, 9), (6, 9)])
    a, b = (polygons_to_mask([p], (12, 14)) for p in (left, right))
    assert not (a & b).any() and (a | b).sum() == 88


def test_a_circle_has_its_area_on_any_lattice():
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = np.column_stack([12.3 + 10 * np.cos(angle), -4.1 + 10 * np.sin(angle)])
    mask = rasterise([circle], (-3.0, -17.0), (0.1, 0.13), (260, 310))
    assert mask.sum() * 0.013 == pytest.approx(np.pi * 100, rel=2e-3)
    rows, columns = np.nonzero(mask)
    assert columns.mean() * 0.1 - 3.0 == pytest.approx(12.3, abs=0.02)
    assert rows.mean() * 0.13 - 17.0 == pytest.approx(-4.1, abs=0.02)


def test_nested_polygons_are_holes_and_overlapping_ones_a_union_said_aloud():
    outer = np.array([(0.5, 0.5), (20.5, 0.5), (20.5, 20.5), (0.5, 20.5)])
    inner = np.array([(5.5, 5.5), (9.5, 5.5), (9.5, 9.5), (5.5, 9.5)])
    beside = outer + 10
    shape = (40, 40)
    ring, said = rasterise_plane([outer, inner], (0, 0), (1, 1), shape)
    assert ring.sum() == 400 - 16 and not said
    union, said = rasterise_plane([outer, beside], (0, 0), (1, 1), shape)
    assert union.sum() == 700 and said
    assert rasterise([outer, beside], (0, 0), (1, 1), shape, exclusive_or=True).sum() == 600
    twice, said = rasterise_plane([outer, outer.copy()], (0, 0), (1, 1), shape)
    assert twice.sum() == 400 and said


def test_parts_outside_the_lattice_are_cut_off():
    box = np.array([(-5, -5), (4.5, -5), (4.5, 3.5), (-5, 3.5)])
    assert polygons_to_mask([box], (9, 8)).sum() == 5 * 4
    assert not polygons_to_mask([box - 50], (9, 8)).any()
    assert not polygons_to_mask([box[:2]], (9, 8)).any()
