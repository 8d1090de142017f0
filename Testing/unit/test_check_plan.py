"""Rules for RTPLAN: required parts, references, beams, prescriptions, status."""

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from data.rois import twenty_rois
from pydicom.dataset import Dataset

from radoncai.cli.main import main
from radoncai.core.dose import Prescription
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.check.judge import check_rtplan
from radoncai.dicom.common import write_object
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series

SHAPE, SPACING = (8, 96, 99), (2.5, 0.977, 0.977)
WHEEL = Path(pydicom.__file__).parent / "data" / "test_files"


def item(**values):
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with ct/, rs.dcm, rp.dcm as we write them, and two_beams.dcm like a clinic's; the images."""
    folder = tmp_path_factory.mktemp("plan")
    grid = Grid.axial(SHAPE, SPACING, (-48.0, -47.0, -10.0))
    ct = write_ct_series(Volume(np.zeros(SHAPE, np.int16), grid, "CT", "HU"), folder / "ct", patient_id="P1")
    ring = Structure.from_full("PTV_70", twenty_rois(SHAPE, SPACING)["Ring"], role="ptv")
    write_rtstruct(StructureSet(grid, (ring,), ct.source), ct, folder / "rs.dcm")
    structures = read_rtstruct(folder / "rs.dcm", ct).source
    write_rtplan(Prescription({"PTV_70": 70.0}, 35), ct.source, folder / "rp.dcm", structures=structures)
    data = pydicom.dcmread(folder / "rp.dcm")
    data.PlanIntent, data.ApprovalStatus = "CURATIVE", "APPROVED"
    data.ReviewerName, data.ReviewDate, data.ReviewTime = "Doe^Jane", "20260203", "140506"
    data.DoseReferenceSequence[0].DoseReferenceStructureType = "VOLUME"
    data.DoseReferenceSequence[0].ReferencedROINumber = 1
    data.BeamSequence = [beam(n) for n in (1, 2)]
    group = data.FractionGroupSequence[0]
    group.NumberOfBeams = 2
    group.ReferencedBeamSequence = [item(ReferencedBeamNumber=n) for n in (1, 2)]
    write_object(data, folder / "two_beams.dcm")
    return folder, ct


def beam(n):
    points = [item(ControlPointIndex=0, IsocenterPosition=[0, 0, 0], CumulativeMetersetWeight=0),
              item(ControlPointIndex=1, CumulativeMetersetWeight=1)]
    return item(BeamNumber=n, BeamName=f"field {n}", NumberOfControlPoints=2, FinalCumulativeMetersetWeight=1,
                ControlPointSequence=points)


@pytest.mark.parametrize("name", ["rp.dcm", "two_beams.dcm"])
def test_our_plan_and_a_plan_with_beams_are_clean(study, name):
    folder, ct = study
    assert check_rtplan(folder / name, ct, "generic", [folder / "rs.dcm", folder / name]) == ()
    assert check_rtplan(folder / name) == ()


def first_beam(data):
    return data.BeamSequence[0]


TROUBLES = {
    "plan_geometry": lambda d: delattr(d, "ReferencedStructureSetSequence"),
    "plan_structure_set": lambda d: setattr(d.ReferencedStructureSetSequence[0], "ReferencedSOPInstanceUID", "1.2.9"),
    "plan_intent": lambda d: setattr(d, "PlanIntent", "PERHAPS"),
    "plan_status": lambda d: setattr(d, "ApprovalStatus", ""),
    "plan_without_beams": lambda d: delattr(d, "BeamSequence"),
    "plan_fractions": lambda d: setattr(d.FractionGroupSequence[0], "NumberOfBeams", 3),
    "plan_beams": lambda d: setattr(first_beam(d), "NumberOfControlPoints", 5),
    "plan_isocentre": lambda d: setattr(first_beam(d).ControlPointSequence[0], "IsocenterPosition", [0, 0, 900]),
    "plan_prescription": lambda d: setattr(d.DoseReferenceSequence[0], "TargetPrescriptionDose", 7000),
    "label_length": lambda d: setattr(d, "RTPlanLabel", ""),
    "frame_of_reference": lambda d: setattr(d, "FrameOfReferenceUID", "1.9"),
    "same_patient": lambda d: setattr(d, "PatientID", "SOMEBODY ELSE"),
    "same_study": lambda d: setattr(d, "StudyInstanceUID", "1.9"),
    "approval": lambda d: setattr(d, "ReviewerName", ""),
}


@pytest.mark.parametrize("check", TROUBLES)
def test_each_trouble_is_found_and_nothing_else_but_what_follows_from_it(study, tmp_path, check):
    folder, ct = study
    data = pydicom.dcmread(folder / "two_beams.dcm")
    TROUBLES[check](data)
    write_object(data, tmp_path / "plan.dcm")
    found = check_rtplan(tmp_path / "plan.dcm", ct, "generic", [folder / "rs.dcm"])
    assert check in {f.check for f in found} and len({f.check for f in found}) <= 2
    assert all(f.source and "  " not in str(f) for f in found)


@pytest.mark.parametrize("change", [
    lambda d: setattr(first_beam(d), "BeamNumber", 2),
    lambda d: setattr(first_beam(d).ControlPointSequence[1], "CumulativeMetersetWeight", 0.5),
    lambda d: setattr(first_beam(d).ControlPointSequence[0], "CumulativeMetersetWeight", 2)])
def test_beams_of_one_number_and_weights_that_do_not_rise(study, tmp_path, change):
    data = pydicom.dcmread(study[0] / "two_beams.dcm")
    change(data)
    write_object(data, tmp_path / "plan.dcm")
    assert "plan_beams" in {f.check for f in check_rtplan(tmp_path / "plan.dcm")}


def test_a_prescription_to_an_roi_that_is_not_there(study, tmp_path):
    folder, _ = study
    data = pydicom.dcmread(folder / "two_beams.dcm")
    data.DoseReferenceSequence[0].ReferencedROINumber = 7
    write_object(data, tmp_path / "plan.dcm")
    (found,) = check_rtplan(tmp_path / "plan.dcm", others=[folder / "rs.dcm"])
    assert found.check == "plan_prescription" and str(found).startswith("PTV_70: a dose reference to an ROI")


def test_plans_of_other_programs_are_judged(study):
    assert {f.check for f in check_rtplan(WHEEL / "rtplan.dcm")} <= {"plan_isocentre", "plan_status", "plan_geometry"}


def test_the_command_checks_a_study(study, tmp_path, capsys):
    folder, _ = study
    files = [str(folder / name) for name in ("rs.dcm", "rp.dcm", "two_beams.dcm")]
    assert main(["check", *files, "--ct", str(folder / "ct"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [(f["kind"], f["findings"]) for f in result["files"]] == [("RTSTRUCT", []), ("RTPLAN", []), ("RTPLAN", [])]
    data = pydicom.dcmread(folder / "rp.dcm")
    data.ApprovalStatus = "APPROVED"
    write_object(data, tmp_path / "rp.dcm")
    assert main(["check", str(tmp_path / "rp.dcm")]) == 2
    assert "must be UNAPPROVED and RESEARCH" in capsys.readouterr().out
