"""A ball at a known place in the patient, in images of every direction: it is found there, and masks go back there."""

import numpy as np
import pytest
from data.odd_dicom import ball_volume, centre_and_cc, edit, oriented_grid
from scipy.spatial.transform import Rotation

from radoncai.core.errors import InputError
from radoncai.core.structures import Structure, StructureSet
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.planes import exact_turn, from_image_planes, on_image_planes
from radoncai.dicom.series.series import read_headers, read_series

BALL, RADIUS, CC = (12.5, -33.0, 41.5), 20.0, 4 / 3 * np.pi * (20.0**3 + 20.0 * 2.0**2) / 1000
MIDDLE = (10.0, -30.0, 40.0)


def tilted(degrees):
    """Gantry tilt: rows along L, columns leaning, the table moving along S."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (1, 0, 0, 0, c, -s)


def turned(axial, *angles):
    rotation = Rotation.from_euler("xyz", angles, degrees=True)
    return (*rotation.apply(axial[:3]), *rotation.apply(axial[3:]))


EXACT = {
    "head first supine": (1, 0, 0, 0, 1, 0), "feet first supine": (-1, 0, 0, 0, 1, 0),
    "head first prone": (-1, 0, 0, 0, -1, 0), "feet first prone": (1, 0, 0, 0, -1, 0),
    "decubitus right": (0, -1, 0, 1, 0, 0), "decubitus left": (0, 1, 0, -1, 0, 0),
    "feet first decubitus": (0, 1, 0, 1, 0, 0), "sagittal": (0, 1, 0, 0, 0, -1), "sagittal the other way":
    (0, -1, 0, 0, 0, 1), "coronal": (1, 0, 0, 0, 0, -1), "coronal upside down": (-1, 0, 0, 0, 0, 1)}
OBLIQUE = {"oblique by 15 degrees": turned((1, 0, 0, 0, 1, 0), 0, 0, 15), "oblique two ways":
           turned((1, 0, 0, 0, 1, 0), 20, 12, -9), "oblique sagittal": turned((0, 1, 0, 0, 0, -1), 4, 11, 0),
           "oblique coronal, feet first": turned((-1, 0, 0, 0, 0, -1), 0, 8, 17)}


def series(folder, orientation, lean=(0, 0, 0), spacing=(2.5, 2.0, 1.7)):
    grid = oriented_grid(orientation, (27, 31, 37), spacing, MIDDLE, lean)
    return write_ct_series(ball_volume(grid, BALL, RADIUS), folder, patient_id="P1", seed=str(orientation))


def structure_on(volume):
    mask = volume.array > 0
    return StructureSet(volume.grid, (Structure.from_full("Ball", mask),), volume.source)


@pytest.mark.parametrize("orientation", EXACT.values(), ids=EXACT)
def test_images_along_the_body_axes_are_turned_exactly(tmp_path, orientation):
    written = series(tmp_path, orientation)
    read = read_series(tmp_path)
    centre, cc = centre_and_cc(read)
    assert np.allclose(centre, BALL, atol=0.02) and cc == pytest.approx(CC, rel=0.01)
    assert read.grid.is_axial and sorted(read.array.ravel()) == sorted(written.array.ravel())
    axial = abs(np.cross(orientation[:3], orientation[3:])[2]) > 0.9
    assert bool(read.source.slices) == axial and (read.source.planes is None) == axial
    assert bool(read.source.warnings) != axial


@pytest.mark.parametrize("orientation", OBLIQUE.values(), ids=OBLIQUE)
def test_oblique_images_are_resampled_to_axial_and_that_is_said(tmp_path, orientation):
    series(tmp_path, orientation)
    read = read_series(tmp_path)
    centre, cc = centre_and_cc(read)
    assert np.allclose(centre, BALL, atol=0.1) and cc == pytest.approx(CC, rel=0.02)
    assert read.grid.is_axial and read.array.dtype == np.int16 and read.array.min() == -1000
    assert "oblique by" in read.source.warnings[0] and "resampled" in read.source.warnings[0]


@pytest.mark.parametrize("degrees", [12.0, -23.0])
def test_a_tilted_gantry_is_straightened_and_that_is_said(tmp_path, degrees):
    orientation = tilted(degrees)
    table = np.array([0, 0, 2.5]) / np.cos(np.radians(degrees))
    lean = table - np.cross(orientation[:3], orientation[3:]) * 2.5
    written = series(tmp_path, orientation, lean=tuple(lean))
    read = read_series(tmp_path)
    centre, cc = centre_and_cc(read)
    assert np.allclose(centre, BALL, atol=0.1) and cc == pytest.approx(CC, rel=0.02)
    assert f"gantry tilt of {abs(degrees):.1f} degrees" in read.source.warnings[0]
    assert read.grid.is_axial and read.source.planes.grid.same_as(written.grid, 0.01)


def test_slices_that_lie_scattered_are_refused(tmp_path):
    series(tmp_path, EXACT["head first supine"])

    def scatter(data, n):
        if n % 2:
            data.ImagePositionPatient[0] += 5
    edit(tmp_path, scatter)
    with pytest.raises(InputError, match="shifted sideways"):
        read_series(tmp_path)


@pytest.mark.parametrize("orientation", [*EXACT.values(), *OBLIQUE.values()], ids=[*EXACT, *OBLIQUE])
def test_masks_go_to_the_planes_of_the_images_and_back(tmp_path, orientation):
    series(tmp_path, orientation)
    volume = read_series(tmp_path)
    drawn = structure_on(volume)
    stored = read_series(tmp_path, as_stored=True)
    there, plane_volume = on_image_planes(drawn, volume)
    truth = drawn if volume.source.planes is None else StructureSet(stored.grid, (Structure.from_full(
        "Ball", stored.array > 0),))
    a, b = there.structures[0].full(there.grid.shape), truth.structures[0].full(truth.grid.shape)
    exact = exact_turn(volume.grid, stored.grid)
    assert 2 * (a & b).sum() / (a.sum() + b.sum()) > (0.999 if exact else 0.97)
    assert len(plane_volume.source.slices) == plane_volume.grid.shape[0]
    back = from_image_planes(there, volume).structures[0].full(volume.grid.shape)
    mask = drawn.structures[0].full(volume.grid.shape)
    if exact:
        assert np.array_equal(back, mask)
    assert 2 * (back & mask).sum() / (back.sum() + mask.sum()) > 0.97


@pytest.mark.parametrize("orientation", [*EXACT.values(), *OBLIQUE.values()], ids=[*EXACT, *OBLIQUE])
def test_as_stored_keeps_images_references_and_headers(tmp_path, orientation):
    written = series(tmp_path, orientation)
    stored = read_series(tmp_path, as_stored=True)
    assert stored.grid.same_as(written.grid, 0.01) and np.array_equal(stored.array, written.array)
    assert stored.source.slices == written.source.slices
    headers = read_headers(sorted(tmp_path.glob("*.dcm")))
    assert exact_turn(headers.grid, stored.grid) is not None and headers.array.shape == headers.grid.shape
    assert np.diag(headers.grid.directions).min() > 0.7


def test_one_oblique_slice_is_refused(tmp_path):
    series(tmp_path, OBLIQUE["oblique two ways"])
    with pytest.raises(InputError, match="too few images"):
        read_series(sorted(tmp_path.glob("*.dcm"))[3])
