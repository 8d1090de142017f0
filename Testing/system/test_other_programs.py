"""Our DICOM files before other people's programs: dicom3tools, dcmtk, plastimatch."""

import subprocess

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from data.shapes import twelve_shapes
from programs import errors, need, plastimatch_masks

from radoncai.core.dose import Dose, Prescription
from radoncai.core.grid import Grid
from radoncai.core.structures import Algorithm, Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtdose.writer import write_rtdose
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series

SHAPE, SPACING = (12, 96, 112), (2.5, 0.977, 0.977)
SHAPES = twelve_shapes(SHAPE, SPACING)
ROLES = {"Sphere": "ptv", "Ring": "ctv", "Nested": "gtv", "Islands": "external", "Lens": "support", "Bowel": "derived"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with ct/, rs.dcm, rp.dcm and rd.dcm of one synthetic patient."""
    folder = tmp_path_factory.mktemp("study")
    grid = Grid.axial(SHAPE, SPACING, (-54.223, -46.5, -300.123))
    array = np.random.default_rng(0).integers(-1000, 1000, SHAPE).astype(np.int16)
    ct = write_ct_series(Volume(array, grid, "CT", "HU"), folder / "ct", patient_id="P1", patient_name="Phantom^One",
                         series_description="shapes", header={"PatientSex": "O", "TimezoneOffsetFromUTC": "+0100"})
    drawn = tuple(Structure.from_full(n, m, origin="AUTOMATIC", algorithm=Algorithm("hn_oar", "0.1.0", "ab" * 32),
                                      role=ROLES.get(n, "oar"), standard_name="Parotid_L",
                                      code=("SCT", "45289007", "Parotid gland")) for n, m in SHAPES.items())
    write_rtstruct(StructureSet(grid, drawn, ct.source, "AI"), ct, folder / "rs.dcm")
    prescription = Prescription({"PTV_7000": 70.0, "PTV_5600": 56.0}, 35)
    structures = read_rtstruct(folder / "rs.dcm", ct).source
    plan = write_rtplan(prescription, ct.source, folder / "rp.dcm", structures=structures)
    gray = np.random.default_rng(1).random((9, 20, 24)) * 74.3
    dose = Volume(gray, Grid.axial(gray.shape, (2.5, 2.5, 2.5), (-30.0, -20.0, -295.0)), "RTDOSE", "Gy", ct.source)
    for bits in (32, 16):
        write_rtdose(Dose(dose, "predicted", prescription, "hn_dose 0.1.0"), folder / f"rd{bits}.dcm", plan=plan,
                     bits=bits, structures=structures)
    return folder


# dciodvfy 1.00~20220618 stops at an assertion of its own on any 32 bit pixels (attrothr.cc:46), so the RTDOSE is
# judged by its 16 bit twin, whose other attributes are the same.
@pytest.mark.parametrize("name", ["ct/ct_0001.dcm", "ct/ct_0012.dcm", "rs.dcm", "rp.dcm", "rd16.dcm"])
def test_dciodvfy_finds_no_error(study, name):
    assert errors("dciodvfy", study / name) == []


def test_the_sixteen_bit_twin_differs_in_its_pixels_only(study):
    a, b = (pydicom.dcmread(study / f"rd{bits}.dcm") for bits in (32, 16))
    differing = {e.keyword for e in a if e.keyword not in b or b[e.tag].value != e.value}
    assert differing <= {"SOPInstanceUID", "SeriesInstanceUID", "BitsAllocated", "BitsStored", "HighBit",
                         "DoseGridScaling", "PixelData", "InstanceCreationTime", "SeriesTime"}
    assert {e.keyword for e in a} == {e.keyword for e in b}


@pytest.mark.parametrize("name", ["rs.dcm", "rp.dcm", "rd32.dcm", "rd16.dcm"])
def test_drtdump_finds_no_error(study, name):
    assert errors("drtdump", study / name) == []


def test_dcentvfy_finds_the_study_consistent(study):
    files = [str(p) for p in sorted(study.rglob("*.dcm"))]
    done = subprocess.run([need("dcentvfy"), *files], capture_output=True, text=True, check=False)
    assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")] == []


def test_plastimatch_reads_the_same_voxels(study, tmp_path):
    folder = plastimatch_masks(study / "rs.dcm", study / "ct", tmp_path / "masks")
    for name, mask in SHAPES.items():
        found = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{name}.nrrd"))) > 0
        assert np.array_equal(found, mask), name
