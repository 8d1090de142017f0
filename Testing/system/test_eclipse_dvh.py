"""Our DVH beside Eclipse's on the same dose and contours, read as the benchmark reads them."""

from pathlib import Path

import dvh_eclipse
import pytest

from radoncai.dose.metrics import metric

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "dvh_eclipse_prostate"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/dvh_eclipse_prostate is not there")
NAMES = ["PTV", "Bladder", "Femoral Head Lt", "Femoral Head RT"]


@pytest.fixture(scope="module")
def dvhs():
    return dvh_eclipse.read_dvhs(DATA)


@pytest.fixture(scope="module")
def eclipse():
    """Structure to Eclipse's metrics under our names."""
    return {name: found for (program, name), found in dvh_eclipse.read_metrics(DATA).items() if program == "Eclipse"}


@pytest.mark.parametrize("name", NAMES)
def test_mean_dose_is_within_0_06_gy_of_eclipse(dvhs, eclipse, name):
    assert metric(dvhs[name], "Dmean[Gy]").value == pytest.approx(eclipse[name]["Dmean[Gy]"], abs=0.06)


@pytest.mark.parametrize("name", NAMES)
def test_volume_is_within_1_5_percent_of_eclipse(dvhs, eclipse, name):
    assert dvhs[name].volume_cc == pytest.approx(eclipse[name]["volume"], rel=0.015)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("percent", [95, 50, 5])
def test_percentiles_are_within_0_1_gy_of_eclipse(dvhs, eclipse, name, percent):
    expected = eclipse[name][f"D{percent}%[Gy]"]
    assert metric(dvhs[name], f"D{percent}%[Gy]").value == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_97_5_percent_of_the_curve_agrees_within_1_percent_volume_or_dose(dvhs, name):
    ours = dvhs[name]
    reference = dvh_eclipse.read_curves(DATA, "eclipse")[name]
    assert dvh_eclipse.agreement(reference, (ours.dose_gy, ours.cumulative_pct)) >= 0.975
