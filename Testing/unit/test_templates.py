"""Names that clinics use lead to the right structure, or to none at all; every number in the table has a source."""

import json
import re

import pytest

from radoncai.core import templates
from radoncai.core.resources import resources
from radoncai.core.templates import candidates, match, structure_templates, tolerance_mm

ROWS = json.loads((resources() / "Templates" / "structures.json").read_text(encoding="utf-8"))["structures"]


@pytest.mark.parametrize(("name", "standard", "role"), [
    ("RightParotid", "Parotid_R", "oar"),
    ("LeftParotid", "Parotid_L", "oar"),
    ("PAROTID_LT", "Parotid_L", "oar"),
    ("parotis li", "Parotid_L", "oar"),
    ("Parotide D", "Parotid_R", "oar"),
    ("L Parotid", "Parotid_L", "oar"),
    ("Mandible", "Bone_Mandible", "oar"),
    ("Femoral Head RT", "Femur_Head_R", "oar"),
    ("Rückenmark", "SpinalCord", "oar"),
    ("optic nerve left", "OpticNrv_L", "oar"),
    ("BODY", "External", "external"),
    ("CouchSurface", "Couch", "support"),
    ("Lungs", "Lungs", "oar"),
])
def test_names_as_clinics_write_them(name, standard, role):
    found = match(name)
    assert (found.name, found.role) == (standard, role)


@pytest.mark.parametrize(("name", "standard", "level"), [
    ("PTV70", "PTV_7000", 70.0),
    ("PTV_7000", "PTV_7000", 70.0),
    ("PTV 70 Gy", "PTV_7000", 70.0),
    ("PTV_50.4Gy", "PTV_5040", 50.4),
    ("PTV_50p4Gy", "PTV_5040", 50.4),
    ("PTVp_6600x33", "PTVp_6600", 66.0),
    ("ptv56", "PTV_5600", 56.0),
    ("PTV 5400 cGy", "PTV_5400", 54.0),
    ("PTV_High", "PTV_High", None),
    ("PTV1", "PTV1", None),
    ("PTV_Eval-05", "PTV_Eval-05", None),
    ("PTV70_T2", "PTV_7000", 70.0),
])
def test_targets_carry_their_level(name, standard, level):
    found = match(name)
    assert (found.name, found.role, found.level_gy) == (standard, "ptv", level)


@pytest.mark.parametrize(("name", "role"), [
    ("GTVp", "gtv"), ("GTV 2", "gtv"), ("IGTV_5000", "gtv"), ("CTV_Breast", "ctv"), ("ITV", "ctv"),
    ("SpinalCord_PRV05", "derived"), ("PRV Brainstem 3mm", "derived"), ("Lungs-GTV", "derived"),
    ("PTV70-Parotid_L", "derived"), ("Kidney-PTV", "derived"), ("zRing20", "derived"), ("Ring 1", "derived"),
])
def test_roles_by_pattern(name, role):
    assert match(name).role == role


@pytest.mark.parametrize(("name", "meanings"), [
    ("Cord", {"SpinalCord", "SpinalCanal"}),
    ("SC", {"SpinalCord", "SpinalCanal"}),
    ("Orbit_L", {"Eye_L"}),
    ("Parotid", {"Parotid_L", "Parotid_R"}),
    ("Optic nerve", {"OpticNrv_L", "OpticNrv_R"}),
    ("Quux", set()),
    ("", set()),
])
def test_ambiguous_names_match_nothing_but_have_candidates(name, meanings):
    assert match(name) is None
    assert set(candidates(name)) == meanings


def test_a_prv_keeps_the_code_of_its_organ_and_loses_its_volume_band():
    found = match("Brainstem_PRV05")
    assert found.code == match("Brainstem").code and found.volume_cc is None and found.name == "Brainstem_PRV05"


def test_every_name_and_alias_finds_its_own_row():
    for name, template in structure_templates().items():
        assert match(name).name == name
        for alias in template.aliases:
            assert match(alias) is not None and match(alias).name == name, (alias, name)


def test_left_and_right_of_an_organ_differ_only_by_side():
    everything = structure_templates()
    for name, left in everything.items():
        right = everything.get(name.removesuffix("_L") + "_R") if name.endswith("_L") and left.laterality else None
        if right is not None:
            assert (left.role, left.tolerance_mm, left.volume_cc) == (right.role, right.tolerance_mm, right.volume_cc)
            assert {left.laterality, right.laterality} == {"left", "right"}


@pytest.mark.parametrize(("name", "volume", "expected"), [
    ("Parotid_L", 25.0, 2.85), ("Mandible", 70.0, 1.01), ("Esophagus", 12.0, 2.0), ("Heart", 600.0, 3.0),
    ("unheard of", 29.9, 2.0), ("unheard of", 30.0, 3.0),
])
def test_tolerances(name, volume, expected):
    assert tolerance_mm(name, volume) == expected


def test_every_row_is_well_formed_and_every_number_has_a_source():
    names = [row["name"].casefold() for row in ROWS]
    assert len(names) == len(set(names))
    for row in ROWS:
        assert row["role"] in templates.ROLES and row["source"] and len(row["name"]) <= 16
        assert len(row["color"]) == 3 and all(0 <= c <= 255 for c in row["color"])
        assert ("tolerance_mm" in row) == ("tolerance_source" in row)
        assert ("volume_cc" in row or "slice_area_cm2" in row) == ("volume_source" in row)
        if "volume_cc" in row:
            assert 0 < row["volume_cc"][0] < row["volume_cc"][1]
        if row["code"]:
            assert row["code"]["scheme"] == "SCT" and re.fullmatch(r"\d{5,18}", row["code"]["value"])
            assert row["code"]["meaning"] and len(row["code"]["meaning"]) <= 64


def test_a_users_table_adds_and_overrides(tmp_path, monkeypatch):
    (tmp_path / "templates").mkdir()
    rows = [{"name": "Brainstem", "role": "oar", "aliases": ["Truncus"], "color": [1, 2, 3]},
            {"name": "Implant_L", "role": "support", "laterality": "left"}]
    (tmp_path / "templates" / "structures.json").write_text(json.dumps({"structures": rows}), encoding="utf-8")
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    assert match("truncus").color == (1, 2, 3)
    assert match("Lt Implant").name == "Implant_L"
    assert match("Mandible").name == "Bone_Mandible"
