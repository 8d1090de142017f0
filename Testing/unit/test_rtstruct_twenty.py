"""Twenty regions of interest through our writer and two readers: ours and a plain one written here."""

import numpy as np
import pydicom
import pytest
from data.rois import LENS_VOXELS, twenty_rois

from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct

SHAPE, SPACING = (14, 130, 142), (2.5, 0.977, 0.977)
MASKS = twenty_rois(SHAPE, SPACING)
SOURCE = Source("P1", "1.2.3", "1.2.3.1", "1.2.3.2",
                tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.9.{k}") for k in range(SHAPE[0])))
CT = Volume(np.zeros(SHAPE, np.int16), Grid.axial(SHAPE, SPACING, (-60.351, -55.2, -300.123)), "CT", "HU", SOURCE)
WAYS = {"keyholes": {}, "xor": {"holes": "xor"}, "smooth": {"contours": "smooth"},
        "smooth_xor": {"contours": "smooth", "holes": "xor"}}


@pytest.fixture(scope="module", params=WAYS)
def written(request, tmp_path_factory):
    """(file, its data set) of the twenty, written in one of the ways."""
    path = tmp_path_factory.mktemp("twenty") / "rs.dcm"
    drawn = tuple(Structure.from_full(n, m, origin="AUTOMATIC") for n, m in MASKS.items())
    write_rtstruct(StructureSet(CT.grid, drawn, SOURCE), CT, path, **WAYS[request.param])
    return path, pydicom.dcmread(path)


def parity_mask(contours):
    """A reader of the test's own: parity of the edges to the right of each voxel centre, all contours of a slice."""
    mask = np.zeros(SHAPE, bool)
    rows, columns = np.arange(SHAPE[1])[:, None], np.arange(SHAPE[2])[None]
    for contour in contours:
        points = CT.grid.to_index(np.array(contour.ContourData, float).reshape(-1, 3))
        x, y = points[:, :2].T
        k = int(round(points[0, 2]))
        for x0, y0, x1, y1 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
            first, last = sorted((int(np.ceil(y0)), int(np.ceil(y1))))
            first, last = max(first, 0), min(last, SHAPE[1])
            at = x0 + (rows[first:last] - y0) * (x1 - x0) / (y1 - y0 if y1 != y0 else 1)
            mask[k, first:last] ^= columns < at
    return mask


def area_mm2(contour):
    x, y = np.array(contour.ContourData, float).reshape(-1, 3)[:, :2].T
    return 0.5 * (np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def test_the_set_is_what_it_says():
    assert len(MASKS) == 20 and all(m.any() for m in MASKS.values())
    assert MASKS["Lens_L"].sum() == LENS_VOXELS and MASKS["One_Voxel"].sum() == 1
    assert MASKS["First_Last"][[0, -1]].any(axis=(1, 2)).all()


@pytest.mark.parametrize("name", MASKS)
def test_our_reader_and_a_plain_one_get_every_voxel_back(written, name):
    path, data = written
    found = read_rtstruct(path, CT).find(name)
    assert np.array_equal(found.full(SHAPE), MASKS[name])
    number = next(r.ROINumber for r in data.StructureSetROISequence if r.ROIName == name)
    roi = next(r for r in data.ROIContourSequence if r.ReferencedROINumber == number)
    assert np.array_equal(parity_mask(roi.ContourSequence), MASKS[name])


@pytest.mark.parametrize("name", MASKS)
def test_polygons_have_the_volume_of_the_voxels(written, name):
    _, data = written
    roi = next(r for r, s in zip(data.ROIContourSequence, data.StructureSetROISequence, strict=True)
               if s.ROIName == name)
    volume = abs(sum(area_mm2(c) for c in roi.ContourSequence)) * SPACING[0]
    assert volume / (MASKS[name].sum() * np.prod(SPACING)) == pytest.approx(1.0, abs=0.002)
