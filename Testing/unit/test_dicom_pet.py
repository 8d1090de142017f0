"""PET as SUV: activity in a known dose of known age."""

import numpy as np
import pytest
from data.odd_dicom import axial_series, edit
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from radoncai.dicom.series.series import read_series

HALF_LIFE, DOSE, WEIGHT = 6586.2, 350e6, 70.0


def pet(folder, change=lambda data: None):
    """A PET series of 1000 + 10 k Bq/ml, injected an hour before the scan."""
    axial_series(folder, description="PET")

    def make(data, n):
        tracer = Dataset()
        tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = DOSE, HALF_LIFE
        tracer.RadiopharmaceuticalStartTime = "110000.00"
        data.Modality, data.Units, data.DecayCorrection = "PT", "BQML", "START"
        data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        data.RadiopharmaceuticalInformationSequence = Sequence([tracer])
        data.PatientWeight = WEIGHT
        data.SeriesDate = data.AcquisitionDate = "20260101"
        data.SeriesTime, data.AcquisitionTime = "120000", f"12{n:02d}00"
        data.RescaleSlope = "0.5"
        data.PixelData = np.full((data.Rows, data.Columns), 2 * (1000 + 10 * n), "<i2").tobytes()
        change(data)
    edit(folder, make)
    return read_series(folder)


def expected(seconds):
    return 1000.0 / (DOSE * 0.5 ** (seconds / HALF_LIFE) / (WEIGHT * 1000.0))


def test_activity_becomes_suv_by_body_weight(tmp_path):
    volume = pet(tmp_path)
    assert (volume.modality, volume.unit) == ("PT", "SUV")
    assert volume.array[0] == pytest.approx(expected(3600), rel=1e-5)
    assert volume.array[5] == pytest.approx(expected(3600) * 1.05, rel=1e-5)
    assert any("SUV by body weight" in w for w in volume.source.warnings)


def test_dose_corrected_to_injection_and_midnight(tmp_path):
    assert pet(tmp_path / "a", lambda d: setattr(d, "DecayCorrection", "ADMIN")).array[0] == pytest.approx(
        expected(0), rel=1e-5)

    def late(data):
        data.SeriesDate = data.AcquisitionDate = "20260102"
        data.SeriesTime = data.AcquisitionTime = "001500"
        data.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = "234500"
    assert pet(tmp_path / "b", late).array[0] == pytest.approx(expected(1800), rel=1e-5)


def test_a_series_that_was_made_later_counts_from_its_first_image(tmp_path):
    assert pet(tmp_path, lambda d: setattr(d, "SeriesTime", "170000")).array[0] == pytest.approx(
        expected(3600), rel=1e-5)


def tracer_without(keyword):
    return lambda data: delattr(data.RadiopharmaceuticalInformationSequence[0], keyword)


@pytest.mark.parametrize("change, word", [
    (lambda d: delattr(d, "PatientWeight"), "patient weight"),
    (tracer_without("RadionuclideTotalDose"), "injected dose"),
    (tracer_without("RadionuclideHalfLife"), "half-life"), (tracer_without("RadiopharmaceuticalStartTime"), "times"),
    (lambda d: setattr(d, "DecayCorrection", "NONE"), "decay correction")])
def test_what_is_missing_is_said_and_values_stay_in_bq(tmp_path, change, word):
    volume = pet(tmp_path, change)
    assert volume.unit == "BQML" and volume.array[0] == pytest.approx(1000)
    assert any(word in w for w in volume.source.warnings)


def test_other_units(tmp_path):
    volume = pet(tmp_path / "a", lambda d: setattr(d, "Units", "GML"))
    assert volume.unit == "SUV" and volume.array[0] == pytest.approx(1000)

    def philips(data):
        data.Units = "CNTS"
        data.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "DS", "0.002")
    assert pet(tmp_path / "b", philips).array[0] == pytest.approx(2.0)
    assert pet(tmp_path / "c", lambda d: setattr(d, "Units", "CNTS")).unit == "CNTS"
