from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from data.odd_dicom import axial_series

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Volume
from radoncai.dicom.dose import read_dose
from radoncai.dicom.image import write_image
from radoncai.dicom.rtdose.plan import read_prescription, write_rtplan
from radoncai.dicom.rtdose.writer import read_rtdose, write_rtdose

GRID = Grid.axial((5, 7, 11), (2.5, 3.0, 2.0), (-10.25, 33.5, -120.5))
PRESCRIPTION = Prescription({"PTV_7000": 70.0, "PTV_5600": 56.0}, 35)
ODD = Path(__file__).parents[3] / "shared" / "data" / "rtstruct_odd"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return axial_series(tmp_path_factory.mktemp("ct")).source


@pytest.fixture(scope="module")
def gray():
    return np.random.default_rng(3).gamma(2.0, 12.0, GRID.shape)


@pytest.fixture
def written(image, gray, tmp_path):
    plan = write_rtplan(PRESCRIPTION, image, tmp_path / "rp.dcm")
    dose = Dose(Volume(gray, GRID, "RTDOSE", "Gy", image), "predicted", PRESCRIPTION, "hn_dose 0.1.0")
    return write_rtdose(dose, tmp_path / "rd.dcm", plan=plan)


def rewritten(path, change):
    data = pydicom.dcmread(path)
    change(data)
    data.save_as(path)
    return path


def test_a_dose_comes_back_within_a_thousandth_of_a_percent(written, gray):
    dose = read_rtdose(written)
    assert np.abs(dose.volume.array - gray).max() < 1e-5 * gray.max()
    assert dose.volume.grid.same_as(GRID, 1e-6)
    assert dose.kind == "predicted" and dose.volume.unit == "Gy"


def test_the_file_says_what_it_is(written, image):
    data = pydicom.dcmread(written)
    assert data.SeriesDescription == "PREDICTION, NOT A PLAN" and "hn_dose 0.1.0" in data.DoseComment
    assert (data.DoseUnits, data.DoseSummationType, data.BitsAllocated) == ("GY", "PLAN", 32)
    assert len(str(data["DoseGridScaling"].value)) <= 16 and data.GridFrameOffsetVector[0] == 0
    plan = pydicom.dcmread(written.with_name("rp.dcm"))
    assert data.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert (plan.PlanIntent, plan.ApprovalStatus) == ("RESEARCH", "UNAPPROVED")
    assert {data.FrameOfReferenceUID, plan.FrameOfReferenceUID} == {image.frame_uid}
    assert {data.StudyInstanceUID, plan.StudyInstanceUID} == {image.study_uid}


def test_the_structure_set_is_named_as_an_input(image, gray, tmp_path):
    structures = replace(image, slices=(("1.2.840.10008.5.1.4.1.1.481.3", "1.2.3.4"),))
    dose = Dose(Volume(gray, GRID, "RTDOSE", "Gy", image))
    write_rtdose(dose, tmp_path / "rd.dcm", plan=("1.2", "1.3"), structures=structures)
    item = pydicom.dcmread(tmp_path / "rd.dcm").ReferencedInstanceSequence[0]
    assert item.ReferencedSOPInstanceUID == "1.2.3.4" and item.PurposeOfReferenceCodeSequence[0].CodeValue == "128182"


def test_prescriptions_come_back(written):
    assert read_prescription(written.with_name("rp.dcm")) == PRESCRIPTION


def test_sixteen_bits_lose_less_than_a_thousandth(image, gray, tmp_path):
    dose = Dose(Volume(gray, GRID, "RTDOSE", "Gy", image))
    write_rtdose(dose, tmp_path / "rd.dcm", plan=("1.2.840.10008.5.1.4.1.1.481.5", "1.2.3"), bits=16)
    read = read_rtdose(tmp_path / "rd.dcm")
    assert np.abs(read.volume.array - gray).max() < 1e-3 * gray.max() and read.kind == "clinical"


def test_zero_negative_and_unknown_doses_are_written_as_zero(image, tmp_path):
    values = np.zeros(GRID.shape)
    values[0, 0, :2] = -1.0, np.nan
    write_rtdose(Dose(Volume(values, GRID, "RTDOSE", "Gy", image)), tmp_path / "rd.dcm", plan=("1.2", "1.3"))
    assert (read_rtdose(tmp_path / "rd.dcm").volume.array == 0).all()


def test_absolute_and_falling_frame_offsets(written, gray):
    def absolute(data):
        first = float(data.ImagePositionPatient[2])
        data.GridFrameOffsetVector = [first + float(v) for v in data.GridFrameOffsetVector]
    dose = read_rtdose(rewritten(written, absolute))
    assert dose.volume.grid.same_as(GRID, 1e-4) and np.allclose(dose.volume.array, gray, atol=1e-4)

    def falling(data):
        values = data.pixel_array[::-1]
        data.ImagePositionPatient[2] = float(data.ImagePositionPatient[2]) + 4 * 2.5
        data.GridFrameOffsetVector = [-2.5 * n for n in range(5)]
        data.PixelData = values.tobytes()
    dose = read_rtdose(rewritten(written, falling))
    assert dose.volume.grid.same_as(GRID, 1e-4) and np.allclose(dose.volume.array, gray, atol=1e-4)


@pytest.mark.parametrize("orientation", [(-1, 0, 0, 0, -1, 0), (1, 0, 0, 0, -1, 0), (0, -1, 0, 1, 0, 0)])
def test_doses_of_other_orientations_stay_in_place(written, gray, orientation):
    hot = np.unravel_index(np.argmax(gray), gray.shape)
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)

    def turn(data):
        data.ImageOrientationPatient = [str(v) for v in orientation]
    data = pydicom.dcmread(written)
    position = np.array(data.ImagePositionPatient, float)
    expected = position + hot[2] * 2.0 * row + hot[1] * 3.0 * column + hot[0] * 2.5 * np.cross(row, column)
    dose = read_rtdose(rewritten(written, turn)).volume
    at = np.array(np.unravel_index(np.argmax(dose.array), dose.array.shape))
    assert np.allclose(dose.grid.to_lps(at[::-1][None])[0], expected, atol=1e-4)


def set_to(keyword, value):
    return lambda data: setattr(data, keyword, value)


@pytest.mark.parametrize("change, words", [
    (set_to("DoseUnits", "RELATIVE"), "RELATIVE units"),
    (set_to("DoseSummationType", "BEAM"), "one beam"),
    (set_to("DoseSummationType", "FRACTION"), "one fraction"),
    (set_to("DoseType", "ERROR"), "difference"),
    (set_to("Modality", "RTPLAN"), "no RTDOSE but RTPLAN"),
    (set_to("DoseGridScaling", None), "no dose grid scaling"),
    (set_to("GridFrameOffsetVector", [0, 2.5, 5]), "5 dose planes and 3 positions"),
    (set_to("GridFrameOffsetVector", [7, 9.5, 12, 14.5, 17]), "begin neither"),
    (set_to("GridFrameOffsetVector", [0, 2.5, 5, 7.5, 9e6]), "do not form one volume"),
    (set_to("GridFrameOffsetVector", [0, 2.5, 5, 5, 7.5]), "twice"),
    (set_to("PixelSpacing", ["0", "2"]), "pixel spacing of 0"),
    (set_to("ImagePositionPatient", None), "no ImagePositionPatient"),
    (set_to("PixelData", b"\0" * 40), "cut off"),
])
def test_what_is_no_whole_dose_in_gy_is_refused(written, change, words):
    with pytest.raises(InputError, match=words):
        read_rtdose(rewritten(written, change))


def test_a_dose_needs_references_and_a_plan(image, gray, tmp_path):
    dose = Dose(Volume(gray, GRID, "RTDOSE", "Gy", image))
    with pytest.raises(InputError, match="plan"):
        write_rtdose(dose, tmp_path / "rd.dcm")
    bare = Dose(replace(dose.volume, source=replace(image, frame_uid="")))
    with pytest.raises(InputError, match="DICOM references"):
        write_rtdose(bare, tmp_path / "rd.dcm", plan=("1.2", "1.3"))
    assert not list(tmp_path.iterdir())


def test_doses_in_raster_files(gray, tmp_path):
    write_image(Volume(gray.astype(np.float32), GRID, "RTDOSE", "Gy"), tmp_path / "dose.nrrd")
    assert np.allclose(read_dose(tmp_path / "dose.nrrd").volume.array, gray)
    write_image(Volume(gray.astype(np.float32) - 1000, GRID), tmp_path / "ct.nii.gz")
    with pytest.raises(InputError, match="cannot be a dose"):
        read_dose(tmp_path / "ct.nii.gz")


@pytest.mark.skipif(not ODD.is_dir(), reason="../shared/data/rtstruct_odd is not here")
def test_real_doses_and_plans():
    dose = read_rtdose(ODD / "raystation_ramp_RD.dcm.gz").volume
    assert dose.grid.shape == (110, 107, 107) and dose.array.max() == pytest.approx(2.2102, abs=1e-4)
    assert "effective" in dose.source.warnings[0]
    for name in ("pydicom_rtdose.dcm", "pydicom_rtdose_expb.dcm", "pydicom_rtdose_rle.dcm", "pydicom_badVR.dcm"):
        with pytest.raises(InputError):
            read_rtdose(ODD / name)
    assert read_prescription(ODD / "pydicom_rtplan.dcm").fractions == 30
    with pytest.raises(InputError, match="no target dose"):
        read_prescription(ODD / "raystation_ramp_RP.dcm")


@pytest.mark.parametrize("offsets", [[0, 2.5, 5, 9, 12], [0, 2.5, 5, 10, 12.5], [0, -3, -4, -9, -10]])
def test_uneven_planes_are_interpolated_in_place_and_said(written, offsets):
    def ramp(data):
        heights = np.array(offsets) + float(data.ImagePositionPatient[2])
        data.GridFrameOffsetVector = offsets
        data.DoseGridScaling = "0.001"
        data.PixelData = np.broadcast_to(np.rint((heights + 200) * 1000)[:, None, None], GRID.shape).astype(
            "<u4").tobytes()
    dose = read_rtdose(rewritten(written, ramp)).volume
    heights = dose.grid.to_lps(np.array([(0, 0, k) for k in range(dose.grid.shape[0])]))[:, 2]
    assert np.allclose(dose.array[:, 2, 3], heights + 200, atol=0.01)
    assert np.ptp(heights) == pytest.approx(np.ptp(offsets)) and "unevenly" in dose.source.warnings[0]


def test_an_oblique_dose_is_resampled_to_its_place(written):
    """A dose that falls off evenly along L: on any grid it reads the same in space."""
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))

    def turn(data):
        data.ImageOrientationPatient = [f"{v:.9f}" for v in (c, s, 0, -s, c, 0)]
        index = np.indices(GRID.shape)
        left = -10.25 + index[2] * 2.0 * c - index[1] * 3.0 * s
        data.DoseGridScaling = "0.001"
        data.PixelData = np.rint((left + 50) * 1000).astype("<u4").tobytes()
    dose = read_rtdose(rewritten(written, turn)).volume
    middle = np.array([[-10.25 + 10 * c - 9 * s, 33.5 + 10 * s + 9 * c, -120.5 + 5]])
    i, j, k = np.rint(dose.grid.to_index(middle)[0]).astype(int)
    at = dose.grid.to_lps(np.array([(i, j, k)]))[0]
    assert dose.array[k, j, i] == pytest.approx(at[0] + 50, abs=0.02) and "oblique by 20.0" in dose.source.warnings[0]


def test_centigray_is_read_as_gray(written, gray):
    dose = read_rtdose(rewritten(written, set_to("DoseUnits", "CGY"))).volume
    assert np.allclose(dose.array, gray / 100, atol=1e-5) and "centigray" in dose.source.warnings[0]


def beams(written, folder, shift=0):
    """Three doses of beams 1 to 3, whose values are 1, 2 and 3 Gy, and their plan."""
    plan = pydicom.dcmread(written.with_name("rp.dcm"))
    group = plan.FractionGroupSequence[0]
    group.ReferencedBeamSequence = [attributes(ReferencedBeamNumber=n) for n in (1, 2, 3)]
    plan.BeamSequence = [attributes(BeamNumber=n, TreatmentDeliveryType="TREATMENT") for n in (1, 2, 3)]
    plan.save_as(folder / "plan.dcm")
    for n in (1, 2, 3):
        data = pydicom.dcmread(written)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{n}"
        data.DoseSummationType, data.DoseGridScaling = "BEAM", "0.01"
        data.PixelData = np.full(GRID.shape, 100 * n, "<u4").tobytes()
        data.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [attributes(
            ReferencedFractionGroupNumber=1, ReferencedBeamSequence=[attributes(ReferencedBeamNumber=n)])]
        data.ImagePositionPatient[0] += shift * (n == 3)
        data.save_as(folder / f"beam{n}.dcm")


def attributes(**values):
    data = pydicom.Dataset()
    for keyword, value in values.items():
        setattr(data, keyword, value)
    return data


def test_doses_of_all_beams_of_a_plan_are_added(written, tmp_path):
    folder = tmp_path / "beams"
    folder.mkdir()
    beams(written, folder)
    dose = read_dose(folder).volume
    assert np.allclose(dose.array, 6.0, atol=1e-5) and dose.grid.same_as(GRID, 1e-4)
    assert dose.source.warnings == ("The doses of 3 parts of the plan (BEAM) were added.",)
    (folder / "plan.dcm").unlink()
    assert any("could not be checked" in w for w in read_dose(folder).volume.source.warnings)


def test_doses_of_beams_on_other_grids_are_moved_first(written, tmp_path):
    folder = tmp_path / "beams"
    folder.mkdir()
    beams(written, folder, shift=2.0)
    dose = read_dose(folder).volume
    assert np.allclose(dose.array[:, :, 2:], 6.0, atol=1e-5) and np.allclose(dose.array[:, :, 0], 3.0, atol=1e-5)
    assert any("interpolated onto the first" in w for w in dose.source.warnings)


@pytest.mark.parametrize("change, words", [
    (lambda f: (f / "beam2.dcm").unlink(), "missing .BEAM 2"),
    (lambda f: rewritten(f / "beam2.dcm", set_to("PatientID", "X")), "2 patients"),
    (lambda f: rewritten(f / "beam2.dcm", set_to("DoseSummationType", "CONTROL_POINT")), "one kind"),
    (lambda f: rewritten(f / "beam2.dcm", set_to("DoseUnits", "RELATIVE")), "RELATIVE"),
    (lambda f: [rewritten(f / f"beam{n}.dcm", set_to("DoseSummationType", "PLAN")) for n in (1, 2)], "2 doses of"),
    (lambda f: rewritten(f / "beam2.dcm", lambda d: setattr(d.ReferencedRTPlanSequence[0].
     ReferencedFractionGroupSequence[0].ReferencedBeamSequence[0], "ReferencedBeamNumber", 3)), "comes twice")])
def test_sums_that_would_be_wrong_are_refused(written, tmp_path, change, words):
    folder = tmp_path / "beams"
    folder.mkdir()
    beams(written, folder)
    change(folder)
    with pytest.raises(InputError, match=words):
        read_dose(folder)


def test_the_plans_dose_is_taken_where_it_lies_beside_its_beams(written, tmp_path):
    folder = tmp_path / "beams"
    folder.mkdir()
    beams(written, folder)
    rewritten(folder / "beam3.dcm", set_to("DoseSummationType", "PLAN"))
    dose = read_dose(folder).volume
    assert np.allclose(dose.array, 3.0, atol=1e-5) and "left out" in dose.source.warnings[0]


def test_a_dose_in_one_file_a_plane_is_put_together(written, gray, tmp_path):
    folder = tmp_path / "planes"
    folder.mkdir()
    whole = pydicom.dcmread(written)
    stored = whole.pixel_array
    for k in (3, 0, 4, 1, 2):
        data = pydicom.dcmread(written)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{k}"
        data.NumberOfFrames, data.PixelData = 1, stored[k].tobytes()
        del data.GridFrameOffsetVector
        data.ImagePositionPatient[2] = float(data.ImagePositionPatient[2]) + 2.5 * k
        data.save_as(folder / f"plane{k}.dcm")
    dose = read_dose(folder).volume
    assert dose.grid.same_as(GRID, 1e-4) and np.allclose(dose.array, gray, atol=1e-4)
    assert "5 files of one plane" in dose.source.warnings[-1]
    rewritten(folder / "plane2.dcm", set_to("SeriesInstanceUID", "1.9"))
    with pytest.raises(InputError, match="5 doses of whole plans"):
        read_dose(folder)
