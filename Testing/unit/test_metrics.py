"""Metric names are read as TG-263 and the usual synonyms have them; values follow from arithmetic."""

import numpy as np
import pytest

from radoncai.core.errors import InputError
from radoncai.dose.dvh import Dvh
from radoncai.dose.metrics import metric, parse, rows, standard_metrics


def ramp(volume_cc=100.0, low=0.0, high=80.0, n=8000, **attributes):
    """Doses spread evenly from low to high: Dx% = high - (high - low) x / 100."""
    doses = low + (np.arange(n) + 0.5) / n * (high - low)
    values = dict(structure="Organ", role="oar", volume_cc=volume_cc, covered_fraction=1.0)
    return Dvh(**(values | attributes), sample_gy=doses,
               sample_cc=np.full(n, volume_cc * attributes.get("covered_fraction", 1.0) / n),
               lowest_gy=low, highest_gy=high)


@pytest.mark.parametrize(("text", "name"), [
    ("D95%[Gy]", "D95%[Gy]"), ("d0.03CC[gy]", "D0.03cc[Gy]"), ("V20Gy[%]", "V20Gy[%]"), ("V20Gy[cc]", "V20Gy[cc]"),
    ("Mean[Gy]", "Dmean[Gy]"), ("Max[Gy]", "Dmax[Gy]"), ("Dmin[Gy]", "Dmin[Gy]"), ("Median[Gy]", "D50%[Gy]"),
    ("D2%[%]", "D2%[%]"), ("V95%[%]", "V95%[%]"), ("CV20Gy[cc]", "CV20Gy[cc]"), ("DC5%[Gy]", "DC5%[Gy]"),
    ("HI", "HI"), ("HI[]", "HI"), ("gEUD(-10)[Gy]", "gEUD(-10)[Gy]"), ("D 95 % [Gy]", "D95%[Gy]"),
])
def test_names(text, name):
    assert parse(text).name == name
    assert parse(parse(text).name) == parse(text)


@pytest.mark.parametrize("text", ["", "D95", "V20", "D95%[cc]", "V20Gy[Gy]", "Dmean", "X5%[Gy]", "D%[Gy]", "D95%[Gy]x"])
def test_nonsense_is_refused(text):
    with pytest.raises(InputError, match="not understood"):
        parse(text)


@pytest.mark.parametrize(("text", "value"), [
    ("Dmean[Gy]", 40.0), ("Dmax[Gy]", 80.0), ("Dmin[Gy]", 0.0), ("Median[Gy]", 40.0),
    ("D95%[Gy]", 4.0), ("D2%[Gy]", 78.4), ("D1cc[Gy]", 79.2), ("DC2%[Gy]", 1.6),
    ("V20Gy[%]", 75.0), ("V20Gy[cc]", 75.0), ("CV20Gy[%]", 25.0),
    ("D50%[%]", 80.0), ("V100%[%]", 37.5), ("Dmean[%]", 80.0),
    ("HI", (78.4 - 1.6) / 40), ("gEUD(1)[Gy]", 40.0), ("gEUD(2)[Gy]", 80 / np.sqrt(3)),
])
def test_values_on_a_ramp(text, value):
    result = metric(ramp(), text, prescription_gy=50.0)
    assert result.value == pytest.approx(value, abs=0.02) and result.reason == ""


def test_a_volume_at_a_dose_counts_that_dose_in():
    flat = Dvh("PTV", "ptv", 10.0, 1.0, np.array([50.0]), np.array([10.0]), 50.0, 50.0, prescription_gy=50.0)
    assert metric(flat, "V100%[%]").value == 100 and metric(flat, "V50Gy[cc]").value == 10
    assert metric(flat, "V50.01Gy[%]").value == 0 and metric(flat, "HI").value == 0


def test_more_volume_than_there_is_gives_no_value():
    result = metric(ramp(volume_cc=0.02), "D0.03cc[Gy]")
    assert result.value is None and "0.02 cc" in result.reason


def test_per_cent_of_dose_needs_a_prescription():
    assert metric(ramp(), "V95%[%]").reason == "no prescription is known for it"
    assert metric(ramp(prescription_gy=40.0), "V100%[%]").value == pytest.approx(50)


@pytest.mark.parametrize(("attributes", "why", "mark"), [
    (dict(covered_fraction=0.8, cut_by="dose grid"), "20 % of it lies outside the dose grid",
     "in the part inside the dose grid"),
    (dict(covered_fraction=0.988, cut_by="dose grid"), "more than 1 % of it lies outside the dose grid",
     "in the part inside the dose grid"),
    (dict(cut_by="scan"), "cut by the scan", "in the scanned part"),
])
def test_a_cut_organ_has_only_maxima(attributes, why, mark):
    organ = ramp(**attributes)
    for text in ("Dmean[Gy]", "V20Gy[%]", "V20Gy[cc]", "D95%[Gy]", "D2%[Gy]", "Dmin[Gy]"):
        result = metric(organ, text)
        assert result.value is None and result.reason == why, text
    for text in ("Dmax[Gy]", "D0.03cc[Gy]", "D1cc[Gy]"):
        result = metric(organ, text)
        assert result.value > 78.9 and result.reason == mark, text
    part = metric(organ, "Dmean[Gy]", partial=True)
    assert part.value == pytest.approx(40) and part.reason == mark


def test_less_than_1_percent_outside_is_let_pass():
    assert metric(ramp(covered_fraction=0.995), "Dmean[Gy]").value == pytest.approx(40)


def test_empty_and_outside_say_why():
    nothing = dict(sample_gy=np.empty(0), sample_cc=np.empty(0), lowest_gy=None, highest_gy=None)
    assert metric(Dvh("A", "oar", 0.0, 0.0, **nothing), "Dmax[Gy]").reason == "the structure is empty"
    assert metric(Dvh("A", "oar", 5.0, 0.0, **nothing), "Dmax[Gy]").reason == "the structure lies outside the dose grid"


def test_conformity_needs_more_than_one_dvh():
    assert metric(ramp(), "CI").value is None


def test_rows_hold_the_lists_of_their_roles():
    organ, target = ramp(), ramp(structure="PTV70", role="ptv", prescription_gy=70.0)
    table = list(rows([organ, target]))
    assert [r["metric"] for r in table] == [*standard_metrics("oar"), *standard_metrics("ptv")]
    assert {"D99%[Gy]", "D95%[Gy]", "D1%[Gy]"} <= set(standard_metrics("ptv"))
    assert set(table[0]) == {"structure", "metric", "value", "unit", "low", "high", "reason"}
    assert all(parse(name).name == name for role in ("oar", "ptv", "external") for name in standard_metrics(role))


def test_a_percentile_is_not_the_mean_of_the_hottest():
    """numpy.percentile over voxels (OpenKBP's scorer) and the weighted rule agree to half a step between samples."""
    doses = np.sort(np.random.default_rng(5).uniform(0, 70, 400))
    dvh = Dvh("A", "oar", 40.0, 1.0, doses, np.full(400, 0.1), doses[0], doses[-1])
    assert metric(dvh, "D1%[Gy]").value == pytest.approx(np.percentile(doses, 99), abs=0.3)
    hottest = np.sort(doses)[-20:].mean()
    assert abs(metric(dvh, "D5%[Gy]").value - np.percentile(doses, 95)) < abs(hottest - np.percentile(doses, 95)) / 3
