import numpy as np
import pytest

from radoncai.core.grid import Grid
from radoncai.core.resample import block_mean, grid_like, resample, resample_array
from radoncai.core.volume import Volume

SMALL = Grid.axial((7, 9, 11), (3.0, 1.1, 0.9), (-4.0, 12.0, -100.0))


def turned(grid, degrees=20.0):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = grid.index_to_lps.copy()
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ matrix[:3, :3]
    return Grid(grid.shape, matrix)


def field(grid):
    k, j, i = np.indices(grid.shape)
    x, y, z = grid.to_lps(np.column_stack([i.ravel(), j.ravel(), k.ravel()])).T
    return (2.0 + 0.5 * x - 1.5 * y + 0.25 * z).reshape(grid.shape).astype(np.float32)


def inside(grid, within, margin=0.0):
    k, j, i = np.indices(grid.shape)
    index = within.to_index(grid.to_lps(np.column_stack([i.ravel(), j.ravel(), k.ravel()])))
    return ((index >= margin) & (index <= np.array(within.shape[::-1]) - 1 - margin)).all(axis=1).reshape(grid.shape)


@pytest.mark.parametrize("goal", [grid_like(SMALL, (2.0, 0.7, 1.3)), turned(SMALL), turned(SMALL, -65)])
def test_a_linear_field_is_reproduced_on_any_grid(goal):
    out = resample_array(field(SMALL), SMALL, goal, outside=-999.0)
    where = inside(goal, SMALL)
    assert where.any()
    assert np.abs(out - field(goal))[where].max() < 1e-3


def test_points_beyond_the_outer_faces_are_outside():
    far = Grid.axial((2, 3, 4), (3.0, 1.1, 0.9), (500.0, 12.0, -100.0))
    assert (resample_array(field(SMALL), SMALL, far, outside=-7.0) == -7.0).all()


def test_the_same_grid_gives_the_same_values():
    array = np.random.default_rng(0).normal(size=SMALL.shape).astype(np.float32)
    assert np.allclose(resample(Volume(array, SMALL), SMALL).array, array, atol=1e-5)


def test_nearest_keeps_the_type_of_labels_and_masks():
    labels = np.random.default_rng(0).integers(0, 9, SMALL.shape).astype(np.uint16)
    assert resample_array(labels, SMALL, SMALL, order=0).dtype == np.uint16
    assert np.array_equal(resample_array(labels > 4, SMALL, SMALL, order=0), labels > 4)


def test_block_means_keep_a_linear_field_and_the_mean():
    array, grid = block_mean(field(SMALL), SMALL, (1, 3, 2))
    assert np.abs(array - field(grid))[:, :, :-1].max() < 1e-3
    full, _ = block_mean(np.arange(8.0).reshape(2, 2, 2), Grid.axial((2, 2, 2), (1, 1, 1)), (2, 2, 2))
    assert full.ravel().tolist() == [3.5]


def test_stripes_do_not_alias_when_voxels_grow():
    fine = Grid.axial((3, 40, 40), (2.0, 1.0, 1.0))
    stripes = np.indices(fine.shape)[2] % 2 * 100.0
    coarse = grid_like(fine, (2.0, 4.0, 4.0))
    assert np.allclose(resample_array(stripes, fine, coarse, antialias=True), 50.0)


@pytest.mark.parametrize("spacing", [(3.0, 2.0, 2.0), (1.0, 0.5, 0.3), (50.0, 50.0, 50.0)])
def test_a_new_voxel_size_covers_the_same_extent(spacing):
    new = grid_like(SMALL, spacing)
    def edges(g):
        return g.to_lps(np.array([[-0.5] * 3, np.array(g.shape[::-1]) - 0.5]))
    assert np.allclose(edges(new)[0], edges(SMALL)[0])
    over = (edges(new)[1] - edges(SMALL)[1]) / np.array(spacing[::-1])
    assert (over > -1e-6).all() and (over < 1).all()
    assert np.allclose(new.spacing_mm, spacing)
