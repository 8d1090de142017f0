"""DVHs of shapes whose volume and doses follow from geometry."""

import numpy as np
import pytest

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.polygons import mask_to_polygons
from radoncai.core.structures import Contour, Structure
from radoncai.core.volume import Volume
from radoncai.dose.dvh import dvh_of, dvhs_of, joined, rows
from radoncai.dose.sampling import lattice_mm
from radoncai.dose.slabs import coverage

NOTHING = dict(mask=np.zeros((0, 0, 0), bool), box=(slice(0, 0),) * 3)
GRID = Grid.axial((41, 43, 47), (3.0, 2.5, 2.7), (-62.0, -52.0, -60.0))


def field(gradient=(0.0, 0.0, 0.0), offset=50.0, grid=GRID):
    """A dose that is linear in LPS mm, so that trilinear interpolation is exact."""
    k, j, i = np.indices(grid.shape)
    lps = grid.to_lps(np.column_stack([i.ravel(), j.ravel(), k.ravel()]))
    return Volume((offset + lps @ np.array(gradient)).reshape(grid.shape), grid, unit="Gy")


def circle(radius, z, centre=(0.0, 0.0), n=180):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.column_stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle), np.full(n, z)])


def rectangle(x, y, z):
    return np.array([(x[0], y[0], z), (x[1], y[0], z), (x[1], y[1], z), (x[0], y[1], z)], float)


def drawn(*contours, name="Shape", **attributes):
    return Structure(name, contours=tuple(Contour(c) for c in contours), **NOTHING, **attributes)


def sphere(radius, dz):
    heights = np.arange(-int(radius / dz), int(radius / dz) + 1) * dz
    return drawn(*[circle(np.sqrt(radius**2 - z**2), z) for z in heights if radius**2 - z**2 > 0.01])


def test_box_in_constant_dose_is_exact():
    box = drawn(*[rectangle((-10, 11), (-7, 8), z) for z in (-3, 0, 3)])
    dvh = dvh_of(box, GRID, field())
    assert dvh.volume_cc == pytest.approx(21 * 15 * 9 / 1000, rel=1e-6)
    assert (dvh.lowest_gy, dvh.highest_gy, dvh.covered_fraction) == (50.0, 50.0, 1.0)
    assert dvh.volume_at_least(50.0) == pytest.approx(dvh.volume_cc)
    assert dvh.volume_at_least(50.001) == 0
    assert dvh.dose_at_volume(0.95) == pytest.approx(50.0)
    assert dvh.centroid_lps == pytest.approx((0.5, 0.5, 0.0), abs=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_box_in_a_gradient_gives_linear_percentiles(axis):
    gradient = np.zeros(3)
    gradient[axis] = 1.0
    box = drawn(*[rectangle((-15, 15), (-15, 15), z) for z in np.arange(-13.5, 14, 3)])
    dvh = dvh_of(box, GRID, field(gradient))
    for percent in (1, 2, 5, 50, 95, 98, 99):
        assert dvh.dose_at_volume(percent / 100) == pytest.approx(65 - 30 * percent / 100, abs=0.06)
    assert dvh.volume_at_least(50.0) == pytest.approx(13.5, rel=0.003)


@pytest.mark.parametrize("axis", [0, 2])
def test_sphere_in_a_gradient(axis):
    gradient = np.zeros(3)
    gradient[axis] = 1.0
    dvh = dvh_of(sphere(15.0, 1.0), GRID, field(gradient))
    assert dvh.volume_cc == pytest.approx(4 / 3 * np.pi * 3.375, rel=0.01)
    # A cap of height h holds the share (h/r)^2 (3 - h/r) / 4 of a sphere; 2 % at h = 0.16778 r.
    assert dvh.dose_at_volume(0.02) == pytest.approx(65 - 0.16778 * 15, abs=0.1)
    assert dvh.dose_at_volume(0.98) == pytest.approx(35 + 0.16778 * 15, abs=0.1)
    mean = (dvh.sample_gy * dvh.sample_cc).sum() / dvh.covered_cc
    assert mean == pytest.approx(50.0, abs=0.02)


def test_rotated_planes_give_the_same_as_axial_ones():
    tilt = np.deg2rad(30)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    gradient = np.array([0.3, -0.2, 0.5])
    straight = drawn(*[circle(12, z, (2, -3)) for z in np.arange(-9, 10, 3)])
    tilted = drawn(*[c.points @ turn.T for c in straight.contours])
    one, two = dvh_of(straight, GRID, field(gradient)), dvh_of(tilted, GRID, field(turn @ gradient))
    assert two.volume_cc == pytest.approx(one.volume_cc, rel=1e-3)
    for share in (0.02, 0.5, 0.98):
        assert two.dose_at_volume(share) == pytest.approx(one.dose_at_volume(share), abs=0.05)


def test_mask_voxels_are_slabs():
    grid = Grid.axial((5, 7, 11), (3.0, 1.1, 0.9), (-4.0, -3.0, -6.0))
    mask = np.zeros(grid.shape, bool)
    mask[1:4, 2:6, 3:9] = True
    dvh = dvh_of(Structure.from_full("Box", mask), grid, field((0, 0, 1.0)))
    assert dvh.volume_cc == pytest.approx(3 * 4 * 6 * grid.voxel_cc, rel=1e-6)
    assert dvh.dose_at_volume(0.5) == pytest.approx(50.0, abs=0.02)
    assert dvh.lowest_gy == pytest.approx(45.5, abs=0.1) and dvh.highest_gy == pytest.approx(54.5, abs=0.1)
    assert dvh.cut_by == "" and len(dvh.sample_gy) > 1000


def test_mask_and_contours_of_one_box_agree_on_flipped_grids():
    matrix = np.diag([-2.0, -2.0, 3.0, 1.0])
    matrix[:3, 3] = (20.0, 20.0, -20.0)
    grid = Grid((13, 21, 21), matrix)
    mask = np.zeros(grid.shape, bool)
    mask[4:8, 5:12, 3:9] = True
    heights = [grid.to_lps(np.array([[0, 0, k]]))[0, 2] for k in range(4, 8)]
    corner_a, corner_b = grid.to_lps(np.array([[2.5, 4.5, 0], [8.5, 11.5, 0]]))
    contours = [rectangle((corner_a[0], corner_b[0]), (corner_a[1], corner_b[1]), z) for z in heights]
    dose = field((0.4, 0.7, -0.3))
    one, two = dvh_of(Structure.from_full("B", mask), grid, dose), dvh_of(drawn(*contours), grid, dose)
    assert one.volume_cc == pytest.approx(two.volume_cc, rel=1e-6)
    for share in (0.02, 0.5, 0.98):
        assert one.dose_at_volume(share) == pytest.approx(two.dose_at_volume(share), abs=0.05)


def test_a_mask_and_its_voxel_edge_polygons_have_the_same_dvh():
    grid = Grid.axial((9, 23, 31), (3.0, 1.1, 0.9), (-14.0, -12.0, -12.0))
    k, j, i = np.indices(grid.shape)
    mask = ((k - 4) / 3.2) ** 2 + ((j - 11) / 8.3) ** 2 + ((i - 15) / 12.1) ** 2 < 1
    mask[:, 9:12, 14:17] = False
    contours = [grid.to_lps(np.column_stack([p, np.full(len(p), n)]))
                for n, plane in enumerate(mask) for p in mask_to_polygons(plane)]
    dose = field((0.6, -0.8, 0.5))
    one, two = dvh_of(Structure.from_full("A", mask), grid, dose), dvh_of(drawn(*contours), grid, dose)
    assert two.volume_cc == pytest.approx(one.volume_cc, rel=2e-3)
    for share in (0.02, 0.5, 0.98):
        assert one.dose_at_volume(share) == pytest.approx(two.dose_at_volume(share), abs=0.05)


def test_a_hole_is_left_out_as_keyhole_and_as_inner_ring():
    outer, inner = circle(20, 0.0), circle(10, 0.0)
    keyhole = np.concatenate([outer, outer[:1], inner[::-1], inner[-1:]])
    ring = np.pi * (400 - 100) * 3.0 / 1000
    for shape in (drawn(outer, inner), drawn(keyhole)):
        assert dvh_of(shape, GRID, field()).volume_cc == pytest.approx(ring, rel=0.005)


def test_contours_that_overlap_partly_are_joined():
    overlapping = drawn(rectangle((-10, 5), (-5, 5), 0.0), rectangle((0, 12), (-5, 5), 0.0))
    assert dvh_of(overlapping, GRID, field()).volume_cc == pytest.approx(22 * 10 * 3 / 1000, rel=0.005)


def test_one_slice_stands_for_one_slice_thickness():
    dvh = dvh_of(drawn(rectangle((-5, 5), (-5, 5), 0.0)), GRID, field((0, 0, 1.0)))
    assert dvh.volume_cc == pytest.approx(0.3, rel=1e-6)
    assert dvh.dose_at_volume(0.5) == pytest.approx(50.0, abs=0.02)


@pytest.mark.parametrize(("caps", "length"), [("half", 12.0), ("none", 9.0), ("full", 15.0)])
def test_end_caps(caps, length):
    box = drawn(*[rectangle((-5, 5), (-5, 5), z) for z in (-3, 0, 3, 6)])
    assert dvh_of(box, GRID, field(), end_caps=caps).volume_cc == pytest.approx(length / 10, rel=1e-6)


def test_two_pieces_are_not_bridged():
    pieces = drawn(*[rectangle((-5, 5), (-5, 5), z) for z in (-12, -9, -6, 9, 12)])
    assert dvh_of(pieces, GRID, field()).volume_cc == pytest.approx(1.5, rel=1e-6)


def test_outside_the_dose_grid_nothing_is_filled_in():
    edge = GRID.origin_lps[2] - 1.5
    box = drawn(*[rectangle((-5, 5), (-5, 5), edge + z) for z in (-4.5, -1.5, 1.5, 4.5)])
    dvh = dvh_of(box, Grid.axial((101, 99, 97), (3, 3, 3), (-150, -150, -150)), field())
    assert dvh.covered_fraction == pytest.approx(0.5, abs=1e-6)
    assert dvh.volume_cc == pytest.approx(1.2, rel=1e-6) and dvh.covered_cc == pytest.approx(0.6, rel=1e-6)
    assert dvh.lowest_gy == 50.0 and dvh.cut_by == "dose grid" and dvh.cumulative_pct is None
    assert {row["volume_pct"] for row in rows([dvh])} == {None}


@pytest.mark.parametrize(("first", "cut"), [(0, "scan"), (1, "")])
def test_a_structure_in_the_first_slice_is_cut_by_the_scan(first, cut):
    mask = np.zeros(GRID.shape, bool)
    mask[first:9, 20:26, 20:29] = True
    assert dvh_of(Structure.from_full("Cord", mask), GRID, field()).cut_by == cut


def test_a_cropped_label_map_inside_the_dose_cuts_nothing():
    grid = Grid.axial((5, 7, 11), (3.0, 1.1, 0.9), (-4.0, -3.0, -6.0))
    assert dvh_of(Structure.from_full("Heart", np.ones(grid.shape, bool)), grid, field()).cut_by == ""


def test_an_empty_structure_has_no_doses():
    dvh = dvh_of(Structure("None", **NOTHING), GRID, field())
    assert dvh.is_empty and dvh.volume_cc == 0 and list(rows([dvh])) == []


def test_curve_falls_from_the_whole_volume_in_small_steps():
    dvh = dvh_of(sphere(15.0, 3.0), GRID, field((0, 0, 1.0)))
    assert dvh.cumulative_cc[0] == pytest.approx(dvh.volume_cc) and dvh.cumulative_cc[-1] == 0
    assert np.diff(dvh.dose_gy) == pytest.approx(0.05) and len(dvh.dose_gy) <= 2000
    assert np.all(np.diff(dvh.cumulative_cc) <= 0) and dvh.cumulative_pct[0] == pytest.approx(100)
    steep = dvh_of(sphere(15.0, 3.0), GRID, field((0, 0, 1.0), offset=180.0))
    assert len(steep.dose_gy) <= 2000 and steep.cumulative_cc[-1] == 0


def test_joined_lungs_have_both_volumes():
    left, right = dvhs_of([drawn(circle(10, 0.0, (20, 0))), drawn(circle(8, 0.0, (-20, 0)))], GRID, field((1.0, 0, 0)))
    both = joined([left, right], "Lungs")
    assert both.volume_cc == pytest.approx(left.volume_cc + right.volume_cc)
    assert both.lowest_gy == right.lowest_gy and both.highest_gy == left.highest_gy
    assert np.all(np.diff(both.sample_gy) >= 0)


def test_lattice_follows_structure_and_dose_grid():
    assert lattice_mm(30_000, 2.5) == 1.0
    assert lattice_mm(30_000, 1.0) == 0.5
    assert lattice_mm(200, 2.5) == pytest.approx(0.2154, abs=1e-3)
    assert lattice_mm(2e7, 3.0) == 1.5


def test_coverage_of_slanted_cells_is_their_area():
    triangle = np.array([(0.0, 0.0), (7.0, 0.0), (0.0, 5.0)])
    cover = coverage(np.hstack([triangle, np.roll(triangle, -1, 0)]), (5, 7))
    assert cover.sum() == pytest.approx(17.5, rel=1e-3)
    assert cover[0, 0] == 1 and cover[4, 6] == 0 and cover[0, 6] == pytest.approx(5 / 14, abs=0.01)


def test_contours_that_are_not_parallel_are_refused():
    with pytest.raises(InputError, match="parallel"):
        dvh_of(drawn(circle(10, 0.0), circle(10, 0.0)[:, [2, 0, 1]]), GRID, field())


def test_a_sliver_across_the_body_does_not_exhaust_memory():
    sliver = drawn(np.array([(-50, -50, 0.0), (50, 50, 0.0), (50, 50.0001, 0.0)]))
    dvh = dvh_of(sliver, GRID, field())
    assert dvh.is_empty or dvh.highest_gy == 50.0


def test_unknown_end_caps_are_refused():
    with pytest.raises(InputError, match="half"):
        dvh_of(drawn(circle(10, 0.0)), GRID, field(), end_caps="round")
