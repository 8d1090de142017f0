"""Pictures: left is left, sizes are true, contours lie on the edge, and the words are there."""

import numpy as np
import pytest
from PIL import Image

from radoncai.core.dose import Dose, Prescription
from radoncai.core.grid import Grid
from radoncai.core.isolines import contour_lines
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.report.colours import TISSUES, luminance, on_image, on_page, rgb, structure_colors
from radoncai.report.drawing import INK, STATUS, grey, scale_bar
from radoncai.report.isodoses import isodoses
from radoncai.report.lines import coverage, densify
from radoncai.report.pictures import (
    NOT_A_PLAN,
    NOT_APPROVED,
    RESEARCH,
    body_pictures,
    contour_pictures,
    dose_picture,
    dose_pictures,
    mask_field,
)
from radoncai.report.places import array_axis, telling_point, three_views, whole
from radoncai.report.views import View, frame, sample

SHAPE, SPACING = (21, 53, 47), (6.0, 5.1, 5.3)
PLANES = ("axial", "coronal", "sagittal")


def body_ct(grid: Grid) -> Volume:
    """An ellipsoid of water in air."""
    k, j, i = np.meshgrid(*(np.linspace(-1.1, 1.1, n) for n in grid.shape), indexing="ij")
    return Volume(np.where(k ** 2 * 0.5 + j ** 2 + i ** 2 < 1, 20, -1000).astype(np.int16), grid, "CT", "HU")


@pytest.fixture(scope="module")
def ct() -> Volume:
    return body_ct(Grid.axial(SHAPE, SPACING, (-120.0, 30.0, -400.0)))


def box_structure(grid: Grid, box: tuple[slice, slice, slice], name: str = "Box", **more: object) -> Structure:
    mask = np.zeros(grid.shape, bool)
    mask[box] = True
    return Structure.from_full(name, mask, **more)


def flipped(volume: Volume, axes: str) -> Volume:
    """The same patient stored with some axes running the other way."""
    array, matrix = volume.array, volume.grid.index_to_lps.copy()
    for axis, name in enumerate("kji"):
        if name in axes:
            column = 2 - axis
            array = np.flip(array, axis)
            matrix[:3, 3] += matrix[:3, column] * (array.shape[axis] - 1)
            matrix[:3, column] *= -1
    return volume.with_array(np.ascontiguousarray(array), Grid(array.shape, matrix))


@pytest.mark.parametrize("plane, voxel, side", [
    ("axial", (10, 26, 40), "right"), ("axial", (10, 12, 23), "top"), ("axial", (10, 40, 23), "bottom"),
    ("coronal", (10, 26, 6), "left"), ("coronal", (18, 26, 23), "top"),
    ("sagittal", (10, 12, 23), "left"), ("sagittal", (2, 26, 23), "bottom")])
def test_a_marker_is_seen_on_its_side_of_the_patient(ct: Volume, plane: str, voxel: tuple, side: str) -> None:
    array = np.full(ct.grid.shape, -1000, np.int16)
    array[voxel] = 3000
    through = ct.grid.to_lps(np.array([voxel[::-1]]))[0]
    shade = grey(ct.with_array(array), frame(plane, through, *whole(ct.grid)))[..., 0]
    y, x = (v.mean() / n for v, n in zip(np.nonzero(shade > 128), shade.shape, strict=True))
    assert {"left": x < 0.4, "right": x > 0.6, "top": y < 0.4, "bottom": y > 0.6}[side]


@pytest.mark.parametrize("axes", ["k", "j", "i", "ki", "kji"])
def test_the_storage_order_does_not_change_the_picture(ct: Volume, axes: str) -> None:
    array = ct.array.copy()
    array[4:9, 10:20, 30:40] = 90
    array[12:15, 30:38, 8:14] = -120
    marked = ct.with_array(array)
    for plane in PLANES:
        view = frame(plane, np.array([5.0, 150.0, -350.0]), *whole(ct.grid), rows=120)
        np.testing.assert_allclose(grey(flipped(marked, axes), view), grey(marked, view), atol=0.2)


def test_turned_storage_shows_the_same_patient(ct: Volume) -> None:
    matrix = ct.grid.index_to_lps[:, [2, 0, 1, 3]]  # columns of (i, j, k): now along S, L, P
    turned = Volume(np.ascontiguousarray(ct.array.transpose(1, 2, 0)), Grid((53, 47, 21), matrix), "CT", "HU")
    for plane in PLANES:
        view = frame(plane, np.array([0.0, 160.0, -330.0]), *whole(ct.grid), rows=90)
        np.testing.assert_allclose(grey(turned, view), grey(ct, view), atol=0.2)
    assert array_axis(turned.grid, "axial") == 2


def test_sampling_reproduces_a_linear_field() -> None:
    grid = Grid.axial((5, 7, 11), (3.0, 1.1, 0.9), (-4.0, 2.0, 9.0))
    k, j, i = np.indices(grid.shape)
    field = 2.0 + 0.5 * (i * 0.9 - 4.0) - 0.25 * (j * 1.1 + 2.0) + 3.0 * (k * 3.0 + 9.0)
    view = View("coronal", np.array([0.5, 5.2, 15.0]), (12, 16), 0.5)
    p = view.points()
    expected = 2 + 0.5 * p[..., 0] - 0.25 * p[..., 1] + 3 * p[..., 2]
    np.testing.assert_allclose(sample(field, grid, view), expected, rtol=1e-4)


def test_outside_the_image_is_said_to_be_outside() -> None:
    grid = Grid.axial((5, 7, 11), (3.0, 1.1, 0.9))
    view = View("axial", np.array([4.5, 3.3, 6.0]), (40, 40), 1.0)
    values = sample(np.ones(grid.shape), grid, view, outside=-7.0)
    assert set(np.unique(values)) == {-7.0, 1.0}
    assert abs((values == 1).sum() - 11 * 0.9 * 7 * 1.1) < 12


@pytest.mark.parametrize("mm_per_pixel", [0.4, 0.71, 1.3])
def test_scale_bar_is_as_long_as_it_says(mm_per_pixel: float) -> None:
    image = Image.new("RGB", (700, 500))
    length_cm, pixels = scale_bar(image, mm_per_pixel)
    row = (np.asarray(image)[500 - 43] == INK).all(axis=1)
    assert pixels == pytest.approx(10 * length_cm / mm_per_pixel)
    assert abs(row.sum() - pixels) <= 1.5


@pytest.mark.parametrize("plane", PLANES)
def test_contour_runs_along_the_edge_of_the_mask(plane: str) -> None:
    grid = Grid.axial((15, 17, 19), (3.0, 1.1, 0.9), (10.0, -20.0, 5.0))
    structure = box_structure(grid, (slice(4, 9), slice(5, 12), slice(3, 11)))
    low, high = grid.to_lps(np.array([[2.5, 4.5, 3.5], [10.5, 11.5, 8.5]]))
    view = frame(plane, (low + high) / 2, low - 5, high + 5, rows=900)
    field, (x, y) = mask_field(structure, grid, view)
    lines = contour_lines(field, 0.5)
    assert len(lines) == 1
    points = lines[0] + (x, y)
    edge = view.to_pixel(np.stack([low, high]))
    for found, true in ((points.min(axis=0), edge.min(axis=0)), (points.max(axis=0), edge.max(axis=0))):
        np.testing.assert_allclose(found * view.mm_per_pixel, true * view.mm_per_pixel, atol=0.12)


def test_one_voxel_is_still_drawn() -> None:
    grid = Grid.axial((15, 17, 19), (3.0, 1.1, 0.9))
    structure = box_structure(grid, (slice(7, 8), slice(8, 9), slice(9, 10)))
    view = frame("axial", grid.to_lps(np.array([[9, 8, 7]]))[0], *whole(grid), rows=400)
    field, _ = mask_field(structure, grid, view)
    assert len(contour_lines(field, 0.5)) == 1


def test_a_structure_outside_the_slice_is_not_drawn() -> None:
    grid = Grid.axial((15, 17, 19), (3.0, 1.1, 0.9))
    structure = box_structure(grid, (slice(2, 4), slice(5, 12), slice(3, 11)))
    assert mask_field(structure, grid, frame("axial", np.array([5.0, 5.0, 30.0]), *whole(grid))) is None


def test_circle_comes_out_closed_and_round() -> None:
    y, x = np.indices((80, 90))
    lines = contour_lines(30.0 - np.hypot(x - 44.3, y - 38.7), 0.0)
    assert len(lines) == 1
    np.testing.assert_allclose(lines[0][0], lines[0][-1])
    np.testing.assert_allclose(np.hypot(*(lines[0] - (44.3, 38.7)).T), 30.0, atol=0.02)


def test_rings_and_open_lines_are_kept_apart() -> None:
    y, x = np.indices((80, 90))
    ring = contour_lines(10.0 - np.abs(np.hypot(x - 44, y - 39) - 25.0), 0.0)
    assert len(ring) == 2
    across = contour_lines(x + 0.5 * y, 60.3)
    assert len(across) == 1
    assert not np.allclose(across[0][0], across[0][-1])


def test_stroke_covers_its_width_and_dashes_leave_gaps() -> None:
    line = np.array([[10.0, 20.2], [90.0, 20.2]])
    full = coverage((40, 100), densify(line), 3.0)
    assert full.sum() == pytest.approx(80 * 3.0, rel=0.08)
    dashed = coverage((40, 100), densify(line, dash=(12, 8)), 3.0)
    assert 0.5 * full.sum() < dashed.sum() < 0.85 * full.sum()


def test_slice_with_most_structures_is_chosen(ct: Volume) -> None:
    parts = ((slice(2, 9), 10), (slice(7, 12), 20), (slice(8, 15), 30))
    structures = StructureSet(ct.grid, tuple(
        box_structure(ct.grid, (k, slice(j, j + 5), slice(20, 25)), f"S{j}") for k, j in parts))
    k = ct.grid.to_index(telling_point(structures)[None])[0, 2]
    assert k == pytest.approx(8, abs=0.01)


def test_views_hold_the_whole_body(ct: Volume) -> None:
    for view in three_views(ct, np.array([0.0, 160.0, -340.0]), whole(ct.grid)):
        shade = grey(ct, view)[..., 0]
        assert shade[:, 0].max() < 1
        assert shade[:, -1].max() < 1
        assert 0.5 <= shade.shape[1] / shade.shape[0] <= 1.7


@pytest.fixture(scope="module")
def case(ct: Volume) -> tuple[StructureSet, Dose, Prescription]:
    structures = StructureSet(ct.grid, (
        box_structure(ct.grid, (slice(6, 14), slice(20, 34), slice(18, 30)), "PTV_7000", role="ptv"),
        box_structure(ct.grid, (slice(4, 12), slice(36, 42), slice(20, 26)), "SpinalCord", color=(255, 215, 0))))
    i = np.indices(ct.grid.shape)[2]
    dose = Dose(Volume((1.5 * i).astype(np.float32), ct.grid, "RTDOSE", "Gy"), "predicted")
    return structures, dose, Prescription({"PTV_7000": 70.0}, 35)


def test_isodoses_lie_where_the_dose_is(ct: Volume, case: tuple) -> None:
    structures, dose, prescription = case
    levels = isodoses(dose, prescription)
    view = frame("axial", np.array([0.0, 0.0, -340.0]), *whole(ct.grid))
    none = Dose(dose.volume.with_array(0 * dose.volume.array), dose.kind)
    with_, without = (np.asarray(dose_picture(ct, structures, d, levels, view, legend=False).image).astype(int)
                      for d in (dose, none))
    first = np.flatnonzero((with_ != without).any(axis=(0, 2)))[0]
    column = (view.corner[0] + first * view.mm_per_pixel - ct.grid.origin_lps[0]) / SPACING[2]
    assert 1.5 * column == pytest.approx(0.30 * 70, abs=0.4)


def test_isodose_levels_follow_the_prescription(case: tuple) -> None:
    dose = case[1]
    several = isodoses(dose, Prescription({"A": 70.0, "B": 63.0, "C": 56.0}))
    assert [i.gy for i in several] == [21.0, 35.0, 53.2, 59.85, 66.5, 70.0, 74.9]
    assert several[3].note == "95 % of 63 Gy"
    assert several[4].words == "66.5 Gy  95 %"
    one = isodoses(dose, Prescription({"A": 50.0}))
    assert [round(i.share, 2) for i in one] == [0.3, 0.5, 0.7, 0.8, 0.95, 1.0, 1.07]
    assert isodoses(dose, None)[-1].gy == pytest.approx(1.07 * np.percentile(dose.volume.array, 99.9), abs=0.01)


def test_tissues_have_their_colours(ct: Volume) -> None:
    tissue = np.zeros(ct.grid.shape[1:], np.uint8)
    tissue[20:30, 30:38] = 1  # muscle on the patient's left
    tissue[20:30, 8:16] = 2
    level = ct.grid.to_lps(np.array([[0, 0, 10]]))[0, 2]
    with_, without = (np.asarray(p.image).astype(float) for p in body_pictures(ct, level, tissue)[:2])
    for number, left in ((1, False), (2, True)):
        colour = np.array(rgb(TISSUES[number][1]))
        here = np.abs(with_ - (0.5 * without + 0.5 * colour)).max(axis=2) < 2
        assert here.sum() > 500
        assert (np.nonzero(here)[1].mean() < here.shape[1] / 2) == left


def test_every_picture_carries_its_words(ct: Volume, case: tuple) -> None:
    structures, dose, prescription = case
    tissue = np.ones(ct.grid.shape[1:], np.uint8)
    pictures = [(p, NOT_APPROVED) for p in contour_pictures(ct, structures)]
    pictures += [(p, NOT_A_PLAN) for p in dose_pictures(ct, structures, dose, prescription)]
    pictures += [(p, RESEARCH) for p in body_pictures(ct, -340.0, tissue)]
    assert len(pictures) == 9
    for picture, words in pictures:
        assert picture.status == words
        assert words in picture.alt
        corner = np.asarray(picture.image)[-80:, picture.image.width // 2 + 30:]
        assert (corner == STATUS).all(axis=2).sum() > 100, picture.alt


def test_one_slice_gives_the_axial_pictures_only(ct: Volume) -> None:
    single = ct.crop((slice(10, 11), slice(0, SHAPE[1]), slice(0, SHAPE[2])))
    level = float(single.grid.origin_lps[2])
    assert [p.plane for p in body_pictures(single, level, np.ones(SHAPE[1:], np.uint8))] == ["axial", "axial"]


def test_colours_can_be_seen_where_they_are_used() -> None:
    grid = Grid.axial((5, 7, 11), (3.0, 1.1, 0.9))
    box = (slice(1, 3), slice(1, 3), slice(1, 3))
    same = StructureSet(grid, tuple(box_structure(grid, box, f"S{n}") for n in range(7)))
    colors = structure_colors(same)
    assert len(set(colors.values())) == 7
    for color in [*colors.values(), (10, 10, 120), (255, 255, 255)]:
        assert luminance(on_image(color)) >= 0.2
        assert 1.05 / (luminance(on_page(color)) + 0.05) >= 3.0
        assert (luminance(on_page(color)) + 0.05) / (luminance((0x18, 0x20, 0x28)) + 0.05) >= 2.9
