"""DICOM segmentations of known masks on grids of several directions."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from data.odd_dicom import oriented_grid
from data.segmentations import MASKS, SHAPE, SPACING, write_seg

from radoncai.core.errors import InputError
from radoncai.core.volume import Volume
from radoncai.dicom.masks.seg import read_seg
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series

MIDDLE = (4.0, -30.0, 55.0)
DIRECTIONS = {"axial": (1, 0, 0, 0, 1, 0), "sagittal": (0, 1, 0, 0, 0, -1), "prone": (-1, 0, 0, 0, -1, 0),
              "oblique": (np.cos(0.3), np.sin(0.3), 0, -np.sin(0.3), np.cos(0.3), 0)}
ODD = Path(__file__).parents[3] / "shared" / "data" / "rtstruct_odd"


def centre_cc(structures, name):
    s = structures.find(name)
    index = np.argwhere(s.full(structures.grid.shape)).mean(axis=0)[::-1]
    return structures.grid.to_lps(index[None])[0], structures.volume_cc(s)


@pytest.mark.parametrize("orientation", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_segments_come_to_the_images_voxel_by_voxel(tmp_path, orientation, kind):
    grid = oriented_grid(orientation, SHAPE, SPACING, MIDDLE)
    image = np.random.default_rng(0).integers(-900, 900, SHAPE)
    write_ct_series(Volume(image, grid, "CT", "HU"), tmp_path / "ct", patient_id="P1")
    write_seg(grid, tmp_path / "seg.dcm", kind)
    stored = read_series(tmp_path / "ct", as_stored=True)
    found = read_seg(tmp_path / "seg.dcm", stored)
    for name, mask in MASKS.items():
        assert np.array_equal(found.find(name).full(SHAPE), mask), name
    assert found.missing == {"Nothing": "it has no voxels in the file"}
    axial = read_series(tmp_path / "ct")
    turned = read_seg(tmp_path / "seg.dcm", axial)
    assert turned.grid.same_as(axial.grid) and turned.grid.is_axial
    assert any("interpolated" in w for w in turned.warnings) == (orientation == DIRECTIONS["oblique"])
    if orientation != DIRECTIONS["oblique"]:
        for name, mask in MASKS.items():
            there, cc = centre_cc(turned, name)
            expected = grid.to_lps(np.argwhere(mask).mean(axis=0)[::-1][None])[0]
            assert np.allclose(there, expected, atol=1e-3)
            assert cc == pytest.approx(mask.sum() * grid.voxel_cc)


def test_without_images_it_lies_on_planes_of_its_own(tmp_path):
    grid = oriented_grid(DIRECTIONS["sagittal"], SHAPE, SPACING, MIDDLE)
    found = read_seg(write_seg(grid, tmp_path / "seg.dcm"))
    assert found.grid.is_axial
    for name, mask in MASKS.items():
        expected = grid.to_lps(np.argwhere(mask).mean(axis=0)[::-1][None])[0]
        assert np.allclose(centre_cc(found, name)[0], expected, atol=1e-3)
    s = found.find("Ring")
    assert (s.origin, s.algorithm.name, s.code) == ("AUTOMATIC", "net", ("SCT", "45289007", "Parotid gland"))
    assert np.allclose(s.color, (255, 0, 0), atol=12)


def test_label_maps(tmp_path):
    grid = oriented_grid(DIRECTIONS["axial"], SHAPE, SPACING, MIDDLE)
    found = read_seg(write_seg(grid, tmp_path / "seg.dcm", "LABELMAP"))
    labels = sum(m * n for n, m in enumerate(MASKS.values(), 1))
    for n, name in enumerate(MASKS, 1):
        if (labels == n).any():
            assert np.array_equal(found.find(name).full(SHAPE), labels == n)


def test_sparse_planes_are_not_filled_in_between(tmp_path):
    """Only every fourth plane is drawn and the distance is not stated: the image's planes decide."""
    grid = oriented_grid(DIRECTIONS["axial"], SHAPE, SPACING, MIDDLE)
    write_ct_series(Volume(np.zeros(SHAPE), grid, "CT", "HU"), tmp_path / "ct", patient_id="P1")
    sparse = {n: m & (np.arange(SHAPE[0]) % 4 == 0)[:, None, None] for n, m in MASKS.items()}
    sparse = {n: m for n, m in sparse.items() if m.any()}
    write_seg(grid, tmp_path / "seg.dcm", masks=sparse, spacing_stated=False)
    found = read_seg(tmp_path / "seg.dcm", read_series(tmp_path / "ct"))
    for name, mask in sparse.items():
        assert np.array_equal(found.find(name).full(SHAPE), mask), name


@pytest.mark.parametrize("change, words", [
    (lambda d: setattr(d, "NumberOfFrames", 3), "describes"),
    (lambda d: setattr(d, "PixelData", d.PixelData[:9]), "cut off|damaged"),
    (lambda d: delattr(d, "SharedFunctionalGroupsSequence"), "where its frames lie"),
    (lambda d: delattr(d, "PerFrameFunctionalGroupsSequence"), "where its frames lie"),
    (lambda d: setattr(d, "Modality", "CT"), "no segmentation but CT")])
def test_damaged_segmentations_are_refused(tmp_path, change, words):
    path = write_seg(oriented_grid(DIRECTIONS["axial"], SHAPE, SPACING, MIDDLE), tmp_path / "seg.dcm")
    data = pydicom.dcmread(path)
    change(data)
    data.save_as(path)
    with pytest.raises(InputError, match=words):
        read_seg(path)


@pytest.mark.skipif(not ODD.is_dir(), reason="../shared/data/rtstruct_odd is not here")
def test_segmentations_of_another_program():
    found = read_seg(ODD / "highdicom_overlap_SEG.dcm")
    assert [(s.name, s.voxels) for s in found] == [("first segment", 64), ("second segment", 16)]
    assert "fractional (probability)" in read_seg(ODD / "highdicom_fractional_SEG.dcm").warnings[0]
