"""Twenty regions in one RTSTRUCT before other people's programs: dicom3tools, dcmtk, plastimatch."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from data.rois import twenty_rois
from programs import errors, need
from scipy import ndimage

from radoncai.core.grid import Grid
from radoncai.core.structures import Algorithm, Review, Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.rtstruct.extend import add_to_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series

SHAPE, SPACING = (14, 130, 142), (2.5, 0.977, 0.977)
MASKS = twenty_rois(SHAPE, SPACING)
JANE = Review("approved", "Doe^Jane", "2026-02-03T14:05:06")
ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
INNER = ("Brain", "Ring", "Lens_L", "One_Voxel", "One_Slice", "Mandible", "Kidney")
WAYS = {"exact": {}, "smooth": {"contours": "smooth"}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """ct/, exact.dcm, smooth.dcm, xor.dcm, approved.dcm, inner.dcm and added.dcm of one patient."""
    folder = tmp_path_factory.mktemp("twenty")
    grid = Grid.axial(SHAPE, SPACING, (-60.351, -55.2, -300.123))
    ct = write_ct_series(Volume(np.zeros(SHAPE, np.int16), grid, "CT", "HU"), folder / "ct", patient_id="P1",
                         patient_name="Phantom^One", series_description="twenty", header={"PatientSex": "O"})
    drawn = tuple(Structure.from_full(n, m, origin="AUTOMATIC", algorithm=Algorithm("hn_oar", "0.1.0", "ab" * 32),
                                      review=JANE) for n, m in MASKS.items())
    sets = StructureSet(grid, drawn, ct.source, "AI")
    for name, options in {**WAYS, "xor": {"holes": "xor"}, "approved": {"approve": True}}.items():
        write_rtstruct(sets, ct, folder / f"{name}.dcm", **options)
    write_rtstruct(StructureSet(grid, tuple(s for s in drawn if s.name in INNER), ct.source), ct, folder / "inner.dcm")
    new = StructureSet(grid, (Structure.from_full("New_One", MASKS["Ring"]),), ct.source)
    add_to_rtstruct(folder / "exact.dcm", new, ct, folder / "added.dcm")
    return folder


# dciodvfy 1.00~20220618 does not know CLOSEDPLANAR_XOR, a term of C.8.8.6 since 2021: a false alarm.
FALSE_ALARM = "Unrecognized enumerated value <CLOSEDPLANAR_XOR>"


@pytest.mark.parametrize("name", ["exact", "smooth", "xor", "approved", "added"])
def test_dciodvfy_and_drtdump_find_no_error(study, name):
    alarms = errors("dciodvfy", study / f"{name}.dcm")
    assert [line for line in alarms if name != "xor" or FALSE_ALARM not in line] == []
    assert errors("drtdump", study / f"{name}.dcm") == []


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("xor", [False, True], ids=["union", "xor"])
def test_plastimatch_reads_every_voxel(study, tmp_path, name, xor):
    command = [need("plastimatch"), "convert", "--input", str(study / f"{name}.dcm"), "--referenced-ct",
               str(study / "ct"), "--output-prefix", str(tmp_path / "masks"), "--prefix-format", "nrrd"]
    done = subprocess.run(command + ["--xor-contours"] * xor, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for roi, mask in MASKS.items():
        found = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "masks" / f"{roi}.nrrd"))) > 0
        assert np.array_equal(found, mask), (roi, int((found ^ mask).sum()))


def peer(step, study, way, names=tuple(MASKS)):
    """The masks that a peer reads from one of our files, by name."""
    if not PEERS.exists():
        pytest.skip("rt-utils, dcmrtstruct2nii and platipy are not installed (make peers)")
    steps = ROOT / "Testing" / "benchmarks" / "rtstruct_peers.py"
    done = subprocess.run([PEERS, steps, step, str(study), way], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = {roi: study / f"{step}_{way}" / f"mask_{roi}.nii.gz" for roi in names}
    return {roi: sitk.GetArrayFromImage(sitk.ReadImage(str(path))) > 0 for roi, path in files.items()}


@pytest.mark.slow
def test_dcmrtstruct2nii_reads_every_voxel(study):
    for roi, found in peer("nii", study, "smooth").items():
        assert np.array_equal(found, MASKS[roi]), (roi, int((found ^ MASKS[roi]).sum()))


@pytest.mark.slow
def test_platipy_reads_every_voxel_and_the_pixels_under_the_outline(study):
    """It fills outlines as drawings do: pixels that an outline touches count as inside, and those of two contours at
    once as outside. Version 0.7.2 stops with an IndexError where a contour reaches the last row or column."""
    around = np.ones((1, 3, 3), bool)
    for roi, found in peer("platipy", study, "inner", INNER).items():
        assert not (MASKS[roi] & ~found).any(), roi
        assert not (found & ~ndimage.binary_dilation(MASKS[roi], around)).any(), roi
