"""Areas and densities of discs of known size and HU, the row's columns, and published areas."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radoncai.bodycomp import checks
from radoncai.bodycomp.cutoffs import matching, references
from radoncai.bodycomp.field import BODY_SHARE, SIZE, find_field
from radoncai.bodycomp.job import BodyResult
from radoncai.bodycomp.measure import COLUMNS, MEASURED, Person, measure, person_from
from radoncai.bodycomp.section import body_section
from radoncai.bodycomp.tissue import LABELS, label_tissue, numbers, segment_slice
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Source, Volume
from radoncai.models.catalogue import find
from radoncai.report.body_part import measure_table

LABELLED = Path(__file__).resolve().parents[3] / "shared/data/l3_labels/tissue_labels.nrrd"
SPACING = (0.93, 1.1)
RADII = {"skin": 143.0, "sat": 140.0, "muscle": 120.0, "vat": 100.0}
HU = {"skin": 20.0, "sat": -105.0, "muscle": 48.0, "vat": -95.0}
TRUE_CM2 = {"sat": np.pi * (14.0 ** 2 - 12 ** 2), "muscle": np.pi * (12.0 ** 2 - 10 ** 2), "vat": np.pi * 10.0 ** 2}
UNIT = dict.fromkeys(("muscle_cm2", "imat_cm2", "vat_cm2", "sat_cm2", "unclassified_fat_cm2", "muscle_hu", "fat_hu",
                      "nama_cm2", "lama_cm2"), 2.0)


def _discs(shape: tuple[int, int] = (351, 301)) -> np.ndarray:
    y, x = np.mgrid[0:shape[0], 0:shape[1]]
    r = np.hypot((y - shape[0] / 2) * SPACING[0], (x - shape[1] / 2) * SPACING[1])
    hu = np.full(shape, -1000.0, np.float32)
    for name, radius in RADII.items():
        hu[r < radius] = HU[name]
    return hu


def _by_radius(batch: np.ndarray) -> np.ndarray:
    """A stand-in for the network that knows the discs: HU says muscle, the radius says which fat."""
    hu = batch[:, 0] * 160
    y, x = np.mgrid[0:SIZE, 0:SIZE] - (SIZE - 1) / 2
    r = np.hypot(y, x) / (BODY_SHARE * SIZE / 2) * RADII["skin"]
    logits = np.zeros((len(batch), 5, SIZE, SIZE), np.float32)
    logits[:, 0] = 4
    logits[:, 1] = 9 * ((hu > -20) & (r < 130))
    logits[:, 3] = 9 * ((hu <= -20) & (hu > -190) & (r < 111))
    logits[:, 4] = 9 * ((hu <= -20) & (hu > -190) & (r >= 111))
    return logits


def _volume(header: dict | None = None) -> Volume:
    array = np.stack([_discs()] * 3)
    return Volume(array, Grid.axial(array.shape, (5.0, *SPACING), (0, 0, 40.0)), "CT", "HU",
                  Source(series_uid="1.2.3", header=header or {}))


def test_areas_and_densities_of_discs():
    result = measure(_volume(), _by_radius, level_mm=45.0, calibration=UNIT)
    for name, area in TRUE_CM2.items():
        assert result.values[f"{name}_cm2"] == pytest.approx(area, rel=0.03)
    assert result.values["muscle_hu"] == pytest.approx(HU["muscle"], abs=4)
    assert result.values["nama_cm2"] + result.values["lama_cm2"] == pytest.approx(result.values["muscle_cm2"])
    assert result.tissue.grid.origin_lps[2] == 45.0 and result.tissue.array.shape == (1, 351, 301)


def test_the_report_names_level_and_slice():
    volume = _volume()
    measured = measure(volume, _by_radius, level_mm=46.0)
    section = body_section(BodyResult(measured, find("l3_tissue"), "cpu", "", {}), volume, measured.to_row())
    assert section.level_text == "L3 at S 46.0 mm, given, not checked; measured on the slice at S 45.0 mm"


def test_the_report_rounds_once():
    volume = _volume()
    measured = measure(volume, _by_radius, level_mm=45.0)
    measured = replace(measured, values=measured.values | {"imat_cm2": 24.146}, sd=measured.sd | {"imat_cm2": 4.146})
    section = body_section(BodyResult(measured, find("l3_tissue"), "cpu", "", {}), volume, measured.to_row())
    assert re.search("Fat in muscle .IMAT.</th><td class=\"num\">24.1</td><td class=\"num\">± 4.1</td>",
                     measure_table(section.rows[0]))


def test_the_row_has_the_columns_and_unknown_stays_none():
    row = measure(_volume(), _by_radius, level_mm=45.0).to_row("c", "r")
    assert tuple(row) == COLUMNS and tuple(row)[:2] == ("case", "run")
    assert row["smi_cm2_m2"] is None and row["height_m"] is None
    assert all(row[f"{name}_sd"] is None for name in MEASURED)
    assert row["level_methods_agree"] is None and "level_given" in row["flags"]


def test_indices_are_areas_over_height_squared():
    header = {"PatientAge": "058Y", "PatientSex": "m", "PatientSize": "", "PatientWeight": "74", "KVP": "120"}
    row = measure(_volume(header), _by_radius, 45.0, Person(height_m=2.0), UNIT).to_row()
    assert row["smi_cm2_m2"] == pytest.approx(row["muscle_cm2"] / 4, abs=0.01)
    assert row["smi_cm2_m2_sd"] == pytest.approx(row["muscle_cm2_sd"] / 4, abs=0.01)
    assert (row["age_y"], row["sex"], row["weight_kg"], row["kvp"]) == (58.0, "M", 74.0, 120.0)
    assert row["muscle_cm2_sd"] >= 0.019 * row["muscle_cm2"] - 0.01


def test_a_height_in_centimetres_is_refused():
    with pytest.raises(InputError, match="metres"):
        measure(_volume(), _by_radius, 45.0, Person(height_m=172))
    assert person_from({"PatientSize": "0"}).height_m is None


def test_ranges_decide_inside_a_region():
    hu = np.array([-191, -190, -151, -150, -50, -49, -30, -29, 150, 151], float)
    assert label_tissue(np.full(10, 1), hu).tolist() == [0, 4, 4, 4, 4, 4, 4, 1, 1, 0]
    assert label_tissue(np.full(10, 3), hu).tolist() == [0, 5, 5, 3, 3, 5, 5, 0, 0, 0]
    assert label_tissue(np.full(10, 4), hu).tolist() == [0, 2, 2, 2, 2, 2, 2, 0, 0, 0]
    assert not label_tissue(np.zeros(10, int), hu).any()


def test_the_body_fills_the_same_part_of_the_field_at_any_size():
    for step in (1, 2):
        hu = _discs()[::step, ::step]
        field = find_field(hu, (SPACING[0] * step, SPACING[1] * step))
        body = field.sample(hu) > -300
        assert body.any(1).sum() == pytest.approx(BODY_SHARE * SIZE, abs=5)
        back = field.back(body.astype(np.float32))
        assert np.abs((back > 0.5).astype(int) - (hu > -300)).mean() < 0.01


def test_an_empty_slice_is_refused():
    with pytest.raises(InputError, match="No body"):
        segment_slice(np.full((64, 64), -1000.0), (3.0, 3.0), _by_radius)


def test_flags_name_cut_field_and_shifted_air():
    hu, spacing = _discs(), SPACING
    labels = segment_slice(hu, spacing, _by_radius).labels
    assert checks.slice_flags(hu, labels, spacing) == []
    cut = slice(70, 280)
    assert "field_cut" in checks.slice_flags(hu[cut], labels[cut], spacing)
    shifted = checks.slice_flags(hu + 60, labels, spacing)
    assert shifted == ["air_calibration", "sat_median"]
    assert set(shifted) <= set(checks.SENTENCES)


def test_published_areas_of_a_labelled_slice():
    if not LABELLED.exists():
        pytest.skip("../shared/data/l3_labels is not there")
    import SimpleITK

    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(LABELLED)))[27]
    own = np.choose(labels, [0, LABELS["muscle"], LABELS["sat"], LABELS["vat"], LABELS["imat"]])
    found = numbers(own, np.zeros(own.shape), np.zeros(own.shape), 0.859375 ** 2)
    published = {"muscle_cm2": 214.5342, "sat_cm2": 283.1580, "vat_cm2": 316.1479, "imat_cm2": 1.9054}
    for name, area in published.items():
        assert found[name] == pytest.approx(area, abs=1e-3)


def test_reference_values_carry_population_and_source():
    assert len(references()) > 300
    for row in references():
        assert row.population and row.source and "CHECK" not in row.checked
    assert matching("smi_cm2_m2", None) == []
    found = matching("smi_cm2_m2", "M", 55, 32)
    assert any(r.value == 50.0 and r.bmi_range == "30-35" for r in found)
    assert all(r.sex in ("M", "MF") for r in found)
