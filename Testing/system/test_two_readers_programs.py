"""Organs that two people drew, on a CT series of their grid: our reader, a plain one, plastimatch, validators."""

import subprocess

import numpy as np
import pytest
import SimpleITK as sitk
from data.plain_reader import area, mask_of, polygons_of
from data.two_readers import FOLDER, masks, write_ct
from programs import errors, need

from radoncai.core.structures import StructureSet
from radoncai.dicom.check.judge import check_rtstruct
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.series import read_series

SCAN, PEOPLE, WAYS = "TCGA-CV-5978", ("oncologist", "radiographer"), ("exact", "smooth")
FILES = [f"{person}_{way}" for person in PEOPLE for way in WAYS]
pytestmark = [pytest.mark.slow,
              pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/data/two_reader_hn is not here")]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """(folder with ct/ and PERSON_WAY.dcm, the series as read, file name to true masks)."""
    folder = tmp_path_factory.mktemp("readers")
    grid, painted = masks(FOLDER / f"{SCAN}_{PEOPLE[0]}.npz")
    write_ct(grid, painted, folder / "ct")
    ct = read_series(folder / "ct")
    true = {}
    for name in FILES:
        person, way = name.split("_")
        drawn = masks(FOLDER / f"{SCAN}_{person}.npz")[1]
        true[name] = {s.name: s.full(grid.shape) for s in drawn}
        write_rtstruct(StructureSet(ct.grid, drawn, ct.source), ct, folder / f"{name}.dcm", contours=way)
    return folder, ct, true


@pytest.mark.parametrize("name", FILES)
def test_our_reader_and_a_plain_one_get_every_voxel_back(study, name):
    folder, ct, true = study
    found = read_rtstruct(folder / f"{name}.dcm", ct)
    plain = polygons_of(folder / f"{name}.dcm", ct.grid)
    assert found.names == tuple(true[name]) == tuple(plain) and len(plain) > 15 and not found.warnings
    for roi, mask in true[name].items():
        assert np.array_equal(found.find(roi).full(mask.shape), mask), roi
        assert np.array_equal(mask_of(plain[roi], mask.shape), mask), roi
        limit = 0.002 if name.endswith("exact") else 0.005
        assert sum(map(area, plain[roi].values())) / mask.sum() == pytest.approx(1, abs=limit), roi
    assert check_rtstruct(folder / f"{name}.dcm", ct) == ()


@pytest.mark.parametrize("xor", [False, True], ids=["union", "xor"])
@pytest.mark.parametrize("name", FILES)
def test_plastimatch_gets_every_voxel_back(study, tmp_path, name, xor):
    folder, _, true = study
    command = [need("plastimatch"), "convert", "--input", str(folder / f"{name}.dcm"), "--referenced-ct",
               str(folder / "ct"), "--output-prefix", str(tmp_path), "--prefix-format", "nrrd"]
    done = subprocess.run(command + ["--xor-contours"] * xor, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for roi, mask in true[name].items():
        found = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"{roi}.nrrd"))) > 0
        assert np.array_equal(found, mask), (roi, int((found ^ mask).sum()))


def test_validators_find_no_error_in_any_file_nor_between_them(study):
    folder = study[0]
    files = [folder / f"{name}.dcm" for name in FILES]
    images = sorted((folder / "ct").iterdir())
    for path in [*files, images[0], images[-1]]:
        assert errors("dciodvfy", path) == []
    for path in files:
        assert errors("drtdump", path) == []
    done = subprocess.run([need("dcentvfy"), *map(str, [*images, *files])], capture_output=True, text=True, check=False)
    assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")] == []
