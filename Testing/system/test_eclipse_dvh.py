"""Our DVH beside Eclipse's on the same dose and contours."""

import csv
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radoncai.core.grid import Grid
from radoncai.core.structures import Contour, Structure
from radoncai.core.volume import Volume
from radoncai.dose.dvh import dvh_of
from radoncai.dose.metrics import metric

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "dvh_eclipse_prostate"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/dvh_eclipse_prostate is not there")
NAMES = ["PTV", "Bladder", "Femoral Head Lt", "Femoral Head RT"]


@pytest.fixture(scope="module")
def dvhs():
    image = sitk.ReadImage(str(DATA / "dose_gy.nrrd"))
    array = sitk.GetArrayFromImage(image)
    grid = Grid.axial(array.shape, image.GetSpacing()[::-1], image.GetOrigin())
    dose = Volume(array, grid, unit="Gy")
    drawn = np.load(DATA / "contours_lps.npz")
    points = np.split(drawn["points_mm"].astype(float), np.cumsum(drawn["contour_npoints"])[:-1])
    nothing = np.zeros((0, 0, 0), bool), (slice(0, 0),) * 3
    out = {}
    for n, name in enumerate(drawn["names"]):
        contours = tuple(Contour(p) for p, s in zip(points, drawn["contour_structure"], strict=True) if s == n)
        out[str(name)] = dvh_of(Structure(str(name), *nothing, contours=contours), grid, dose)
    return out


def eclipse_metrics():
    with (DATA / "metrics.csv").open(encoding="utf-8") as file:
        return {row["structure"]: row for row in csv.DictReader(file) if row["source"] == "eclipse"}


@pytest.mark.parametrize("name", NAMES)
def test_mean_dose_is_within_0_06_gy_of_eclipse(dvhs, name):
    assert metric(dvhs[name], "Dmean[Gy]").value == pytest.approx(float(eclipse_metrics()[name]["mean_gy"]), abs=0.06)


@pytest.mark.parametrize("name", NAMES)
def test_volume_is_within_1_5_percent_of_eclipse(dvhs, name):
    assert dvhs[name].volume_cc == pytest.approx(float(eclipse_metrics()[name]["volume_cm3"]), rel=0.015)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("percent", [95, 50, 5])
def test_percentiles_are_within_0_1_gy_of_eclipse(dvhs, name, percent):
    expected = float(eclipse_metrics()[name][f"D{percent}%_gy"])
    assert metric(dvhs[name], f"D{percent}%[Gy]").value == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_97_5_percent_of_the_curve_agrees_within_1_percent_volume_or_dose(dvhs, name):
    dose, volume = eclipse_curve(name)
    ours = dvhs[name]
    assert agreement(dose, volume, ours.dose_gy, ours.cumulative_pct) >= 0.975


def eclipse_curve(name):
    with (DATA / "dvh_eclipse.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    column = f"{name} [%vol]"
    dose = np.array([float(next(iter(r.values()))) for r in rows])
    return dose, np.array([float(r[column]) for r in rows])


def agreement(dose, volume, our_dose, our_volume):
    """Share of the reference's points with gamma <= 1 at 1 % of volume and 1 % of the greatest dose (Ebert 2010)."""
    fine = np.arange(0, dose.max() + 1, 0.01)
    ours = np.interp(fine, our_dose, our_volume, right=0.0)
    distance = ((fine[None] - dose[:, None]) / (0.01 * dose.max())) ** 2 + (ours[None] - volume[:, None]) ** 2
    return float((distance.min(1) <= 1).mean())
