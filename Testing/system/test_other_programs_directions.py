"""Files for images of other directions, and converted ones, before other people's programs."""

import subprocess

import numpy as np
import pytest
from data.odd_dicom import ball_volume, oriented_grid
from programs import errors, need

from radoncai.core.dose import Dose, Prescription
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.convert import convert
from radoncai.dicom.image import write_image
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtdose.writer import write_rtdose
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series

PLACE = (5.0, -20.0, 40.0)
C, S = float(np.cos(0.3)), float(np.sin(0.3))
DIRECTIONS = {"feet first": (-1, 0, 0, 0, 1, 0), "sagittal": (0, 1, 0, 0, 0, -1), "coronal": (1, 0, 0, 0, 0, -1),
              "oblique": (C, S, 0, -S, C, 0), "tilted": (1, 0, 0, 0, C, -S)}


@pytest.fixture(scope="module", params=DIRECTIONS)
def study(request, tmp_path_factory):
    """CT, RTSTRUCT of masks on the axial volume, plan, predicted dose and a converted dose with its plan."""
    folder = tmp_path_factory.mktemp("study")
    cosines = DIRECTIONS[request.param]
    table = np.array([0, 0, 2.5 / C]) - np.cross(cosines[:3], cosines[3:]) * 2.5
    lean = table if request.param == "tilted" else (0, 0, 0)
    grid = oriented_grid(cosines, (19, 33, 35), (2.5, 2.0, 1.7), PLACE, tuple(lean))
    write_ct_series(ball_volume(grid, PLACE, 15.0), folder / "ct", patient_id="P1", patient_name="Phantom^One",
                    seed=request.param, header={"PatientSex": "O"})
    volume = read_series(folder / "ct")
    ball = Structure.from_full("PTV_7000", volume.array > 0, role="ptv", origin="AUTOMATIC")
    write_rtstruct(StructureSet(volume.grid, (ball,), volume.source), volume, folder / "rs.dcm")
    plan = write_rtplan(Prescription({"PTV_7000": 70.0}, 35), volume.source, folder / "rp.dcm")
    gray = Volume(np.abs(volume.array) / 20.0, volume.grid, "RTDOSE", "Gy", volume.source)
    write_rtdose(Dose(gray, "predicted"), folder / "rd.dcm", plan=plan, bits=16)
    write_image(gray.with_array(gray.array.astype(np.float32)), folder / "dose.nrrd")
    convert(folder / "dose.nrrd", folder / "back.dcm", volume)
    return folder


def test_no_program_finds_an_error(study):
    for name in ("ct/ct_0001.dcm", "ct/ct_0019.dcm", "rs.dcm", "rp.dcm", "rd.dcm", "back_plan.dcm"):
        assert errors("dciodvfy", study / name) == [], name
    for name in ("rs.dcm", "rp.dcm", "rd.dcm", "back.dcm", "back_plan.dcm"):
        assert errors("drtdump", study / name) == [], name


def test_the_study_is_consistent(study):
    files = [str(p) for p in sorted(study.rglob("*.dcm"))]
    done = subprocess.run([need("dcentvfy"), *files], capture_output=True, text=True, check=False)
    assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")] == []
