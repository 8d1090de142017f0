"""The sample patient's structures on images of every direction: written, read back, in their place."""

import numpy as np
import pytest

from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import ImagePlanes, Source, Volume
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.phantom.patient import sample_patient

# Which body axis (0 L, 1 P, 2 S) and direction a column, a row and the next image go to.
DIRECTIONS = {"feet first": ((0, -1), (1, 1), (2, -1)), "prone": ((0, -1), (1, -1), (2, 1)),
              "decubitus": ((1, 1), (0, -1), (2, 1)), "sagittal": ((1, 1), (2, -1), (0, 1)),
              "coronal": ((0, 1), (2, -1), (1, -1))}


@pytest.fixture(scope="module")
def patient():
    """Every second voxel of the truth, which keeps this quick."""
    truth = sample_patient().truth
    step = (1, 2, 2)
    shape = tuple(-(-n // s) for n, s in zip(truth.grid.shape, step, strict=True))
    spacing = tuple(v * s for v, s in zip(truth.grid.spacing_mm, step, strict=True))
    grid = Grid.axial(shape, spacing, tuple(truth.grid.origin_lps))
    few = [(s.name, s.full(truth.grid.shape)[::step[0], ::step[1], ::step[2]]) for s in truth]
    return StructureSet(grid, tuple(Structure.from_full(n, m) for n, m in few if m.any()))


def volume_on(grid, planes):
    images = tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{n}") for n in range(planes.shape[0]))
    own = planes is grid
    source = Source("P1", "1.2.3", "1.2.4", "1.2.5", images if own else (),
                    planes=None if own else ImagePlanes(planes, images))
    return Volume(np.broadcast_to(np.int16(0), grid.shape), grid, "CT", "HU", source)


def planes_of(grid, directions):
    """The grid of the same voxels, seen in other directions."""
    matrix, index = np.eye(4), np.zeros(3)
    for column, (axis, sign) in enumerate(directions):
        matrix[:3, column] = grid.index_to_lps[:3, axis] * sign
        index[axis] = 0 if sign > 0 else grid.shape[2 - axis] - 1
    matrix[:3, 3] = grid.to_lps(index[None])[0]
    return Grid(tuple(grid.shape[2 - axis] for axis, _ in directions[::-1]), matrix)


def centre_of(contours):
    """Area-weighted middle of polygons, LPS mm, holes taken off by their direction."""
    total, middle = 0.0, np.zeros(3)
    for c in contours:
        a, b = c.points, np.roll(c.points, -1, axis=0)
        cross = np.cross(a - a[0], b - a[0])
        normal = cross.sum(axis=0) / np.linalg.norm(cross.sum(axis=0))
        weight = cross @ normal
        total += weight.sum()
        middle += (weight[:, None] * (a + b + a[0]) / 3).sum(axis=0)
    return middle / total


def check(volume, patient, folder, contours):
    write_rtstruct(patient, volume, folder / "rs.dcm", contours=contours)
    found = read_rtstruct(folder / "rs.dcm", volume)
    assert found.names == patient.names
    for a, b, roi in zip(patient, found, read_contours(folder / "rs.dcm").rois, strict=True):
        assert a.box == b.box and np.array_equal(a.mask, b.mask), a.name
        k, j, i = (axis.mean() + part.start for axis, part in zip(np.nonzero(a.mask), a.box, strict=True))
        assert np.abs(centre_of(roi.contours) - volume.grid.to_lps(np.array([[i, j, k]]))[0]).max() < 0.3, a.name


@pytest.mark.slow
@pytest.mark.parametrize("contours", ["exact", "smooth"])
@pytest.mark.parametrize("name", ["axial", *DIRECTIONS])
def test_every_voxel_comes_back_and_lies_in_its_place(patient, tmp_path, name, contours):
    planes = planes_of(patient.grid, DIRECTIONS[name]) if name in DIRECTIONS else patient.grid
    check(volume_on(patient.grid, planes), patient, tmp_path, contours)


@pytest.mark.slow
def test_oblique_images_as_they_are_stored(patient, tmp_path):
    c, s = np.cos(np.radians(15)), np.sin(np.radians(15))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([(1, 0, 0), (0, c, -s), (0, s, c)]) @ patient.grid.index_to_lps[:3, :3]
    matrix[:3, 3] = patient.grid.origin_lps
    oblique = Grid(patient.grid.shape, matrix)
    moved = StructureSet(oblique, patient.structures)
    check(volume_on(oblique, oblique), moved, tmp_path, "exact")
