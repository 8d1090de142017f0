"""Grid, structures, tables, staged output and progress."""

import csv

import numpy as np
import pytest

from radoncai.core.errors import Cancelled, InputError
from radoncai.core.grid import Grid
from radoncai.core.morphology import body_mask, fill_holes_in_slices, largest_component, signed_distance_mm
from radoncai.core.output import staged
from radoncai.core.progress import Progress
from radoncai.core.structures import Review, Structure, StructureSet, bounding_box
from radoncai.core.tables import columns, write_table

SHAPE, SPACING = (5, 7, 11), (3.0, 1.1, 0.9)


def oblique() -> Grid:
    angle = np.deg2rad(20)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]) \
        @ np.diag(SPACING[::-1])
    matrix[:3, 3] = (-12.0, 40.0, -300.0)
    return Grid(SHAPE, matrix)


@pytest.mark.parametrize("grid", [Grid.axial(SHAPE, SPACING, (1.0, 2.0, 3.0)), oblique()])
def test_index_to_lps_and_back_is_the_identity(grid):
    ijk = np.random.default_rng(0).uniform(-5, 15, (20, 3))
    assert np.allclose(grid.to_index(grid.to_lps(ijk)), ijk)
    assert np.allclose(grid.spacing_mm, SPACING)
    assert grid.voxel_cc == pytest.approx(3.0 * 1.1 * 0.9 / 1000)


def test_grids_are_compared_by_their_corners():
    a = Grid.axial((100, 200, 200), (2.5, 1.0, 1.0))
    tilted = a.index_to_lps.copy()
    tilted[1, 0] = 1e-4
    assert a.same_as(Grid.axial((100, 200, 200), (2.5, 1.0, 1.0)))
    assert not a.same_as(Grid(a.shape, tilted))
    assert not a.is_axial or Grid(a.shape, tilted).is_axial


def test_a_cropped_grid_keeps_voxels_where_they_are():
    grid = oblique()
    cropped = grid.crop((slice(1, 4), slice(2, 7), slice(3, 9)))
    assert cropped.shape == (3, 5, 6)
    assert np.allclose(cropped.to_lps([[0, 0, 0]]), grid.to_lps([[3, 2, 1]]))


def test_a_singular_geometry_is_refused():
    with pytest.raises(InputError, match="geometry"):
        Grid(SHAPE, np.diag([1.0, 1.0, 0.0, 1.0]))


def test_structures_are_cropped_and_come_back_whole():
    mask = np.zeros(SHAPE, bool)
    mask[1:3, 2:6, 4:9] = True
    s = Structure.from_full("Liver", mask)
    assert s.mask.shape == (2, 4, 5) and s.voxels == 40 and s.slices == 2
    assert np.array_equal(s.full(SHAPE), mask)
    assert StructureSet(Grid.axial(SHAPE, SPACING), (s,)).volume_cc(s) == pytest.approx(40 * 3.0 * 1.1 * 0.9 / 1000)


def test_an_empty_structure_is_refused():
    with pytest.raises(InputError, match="no voxels"):
        Structure.from_full("Liver", np.zeros(SHAPE, bool))


def test_an_edit_takes_the_approval_back():
    mask = np.zeros(SHAPE, bool)
    mask[1, 2, 3] = True
    s = Structure.from_full("Lens_L", mask, review=Review("approved", "A. Person"))
    mask[1, 2, 4] = True
    edited = s.with_mask(mask)
    assert edited.review.status == "unreviewed" and edited.voxels == 2 and edited.name == "Lens_L"


def test_bounding_box_with_margin_stays_inside():
    mask = np.zeros(SHAPE, bool)
    mask[0, 3, 10] = True
    assert bounding_box(mask, 2) == (slice(0, 3), slice(1, 6), slice(8, 11))
    assert bounding_box(np.zeros(SHAPE, bool)) is None


def test_signed_distance_of_a_slab_is_metric():
    mask = np.zeros((9, 5, 5), bool)
    mask[3:6] = True
    distance = signed_distance_mm(mask, (3.0, 1.0, 1.0))
    assert distance[8, 2, 2] == pytest.approx(9.0) and distance[4, 2, 2] == pytest.approx(-6.0)


def test_body_leaves_the_couch_out_and_fills_the_airway():
    hu = np.full((6, 60, 60), -1000.0)
    y, x = np.mgrid[:60, :60]
    hu[:, ((y - 25) / 16) ** 2 + ((x - 30) / 22) ** 2 <= 1] = 20
    hu[:, 20:25, 28:33] = -1000
    hu[:, 50:52, 5:55] = 100
    body = body_mask(hu, (3.0, 2.0, 2.0))
    assert body[3, 22, 30] and not body[:, 49:].any()


def test_largest_component_and_holes():
    mask = np.zeros((3, 9, 9), bool)
    mask[1, 1:6, 1:6] = True
    mask[1, 3, 3] = False
    mask[1, 8, 8] = True
    kept = largest_component(mask)
    assert kept.sum() == 24 and fill_holes_in_slices(kept).sum() == 25


def test_staged_output_moves_in_only_when_all_went_well(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine.txt").write_text("stays")
    with pytest.raises(RuntimeError), staged(target) as place:
        (place / "half.txt").write_text("x")
        raise RuntimeError
    assert [p.name for p in target.iterdir()] == ["mine.txt"] and len(list(tmp_path.iterdir())) == 1
    with staged(target) as place:
        (place / "sub").mkdir()
        (place / "sub" / "whole.txt").write_text("y")
    assert (target / "sub" / "whole.txt").read_text() == "y" and (target / "mine.txt").exists()


def test_output_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"), staged(tmp_path / "file"):
        pass


def test_unknown_is_an_empty_cell(tmp_path):
    rows = [{"structure": "Lens_L", "metric": "D0.03cc[Gy]", "value": None, "reason": "smaller than 0.03 cc"},
            {"structure": "Liver", "metric": "Dmean[Gy]", "value": 12.3456789}]
    write_table(tmp_path / "m.csv", "dvh_metrics", rows, case="case-1", run="now")
    with (tmp_path / "m.csv").open() as file:
        read = list(csv.DictReader(file))
    assert list(read[0])[:2] == ["case", "run"] and list(read[0]) == columns("dvh_metrics")
    assert read[0]["value"] == "" and read[1]["value"] == "12.3457"


def test_a_column_that_is_not_in_the_table_is_a_bug(tmp_path):
    with pytest.raises(KeyError):
        write_table(tmp_path / "m.csv", "goals", [{"colour": "red"}], case="c", run="r")


def test_progress_reports_and_stops_when_asked():
    heard = []
    progress = Progress(lambda name, fraction: heard.append((name, fraction)))
    progress.step("read", 0.5)
    progress.step("predict", 2.0)
    assert heard == [("read", 0.5), ("predict", 1.0)] and "read" in progress.seconds
    progress.cancel()
    with pytest.raises(Cancelled):
        progress.step("predict", 0.1)


def test_parts_of_a_progress_share_the_stop_and_keep_their_own_seconds():
    whole = Progress()
    whole.step("draw")
    part = whole.part()
    part.step("contour")
    part.finish()
    assert set(part.seconds) == {"contour"}
    whole.cancel()
    with pytest.raises(Cancelled):
        part.step("more")
