"""`radoncai check`: each trouble is found, our own files have none, rules are data with a source."""

import json
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from data.rois import twenty_rois

from radoncai.cli.main import main
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.resources import resources
from radoncai.core.structures import Contour, Structure, StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.check.judge import ALL_CHECKS, check_drawn, check_rtstruct, read_back, read_back_sentence
from radoncai.dicom.check.profiles import load_profile, profile_names
from radoncai.dicom.common import write_object
from radoncai.dicom.rtstruct.drawing import draw_set
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series

SHAPE, SPACING = (8, 96, 99), (2.5, 0.977, 0.977)
SOURCE = Source("P1", "1.2.3", "1.2.3.1", "1.2.3.2",
                tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.9.{k}") for k in range(SHAPE[0])))
CT = Volume(np.zeros(SHAPE, np.int16), Grid.axial(SHAPE, SPACING, (-60.0, -50.0, -300.0)), "CT", "HU", SOURCE)
MASKS = twenty_rois(SHAPE, SPACING)
PROFILES = ("generic", "eclipse", "raystation", "monaco", "pinnacle")


def a_set(names=("Ring", "Lens_L"), **attributes):
    return StructureSet(CT.grid, tuple(Structure.from_full(n, MASKS[n], **attributes) for n in names), SOURCE, "AI")


@pytest.fixture
def file(tmp_path):
    write_rtstruct(a_set(), CT, tmp_path / "rs.dcm")
    return tmp_path / "rs.dcm"


@pytest.mark.parametrize("name", PROFILES)
def test_each_rule_is_known_and_has_a_source_and_the_profile_can_write(name, tmp_path):
    profile = load_profile(name)
    assert profile.rules and {r.check for r in profile.rules} <= ALL_CHECKS
    assert all(len(r.source) > 15 and r.severity in ("error", "warning", "note") for r in profile.rules)
    row = json.loads((resources() / "Templates" / "profiles" / f"{name}.json").read_text(encoding="utf-8"))
    assert row["drawing_source"] and row["approve"] is False
    write_rtstruct(a_set(), CT, tmp_path / "rs.dcm", **profile.writing)
    assert check_rtstruct(tmp_path / "rs.dcm", CT, profile) == ()


def test_every_check_is_in_the_generic_profile_or_another():
    used = {r.check for name in profile_names() for r in load_profile(name).rules}
    assert used == ALL_CHECKS


@pytest.mark.parametrize("way", [{"contours": "exact"}, {"contours": "smooth"}, {"holes": "xor"}], ids=str)
def test_all_twenty_are_clean_in_every_way_of_drawing(tmp_path, way):
    sets = a_set(tuple(MASKS))
    write_rtstruct(sets, CT, tmp_path / "rs.dcm", **way)
    assert {f.check for f in check_rtstruct(tmp_path / "rs.dcm", CT)} == ({"xor_contours"} if "holes" in way else set())
    same = read_back(tmp_path / "rs.dcm", sets, CT)
    assert len(same) == 20 and all(r.same and r.dice == 1.0 and r.volume_cc == r.volume_read_cc > 0 for r in same)
    assert "20 structures" in read_back_sentence(same)


def awkward_set():
    """Names that collide or are too long, two EXTERNALs, a bow-tie, a contour beyond the images."""
    ring, lens = a_set().structures
    z = float(CT.grid.origin_lps[2])
    tie = Contour(np.array([(0, 0, z), (9, 9, z), (9, 0, z), (0, 9, z)], float))
    away = Contour(np.array([(900, 0, z + 0.4), (909, 0, z + 0.4), (909, 9, z + 0.4)], float), "OPEN_PLANAR")
    return StructureSet(CT.grid, (
        replace(ring, name="Left eye of somebody", role="external"), replace(lens, name="LENS", role="external"),
        replace(lens, name="lens", contours=(tie,)), replace(lens, name="Away", contours=(away,))), SOURCE, "AI")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("holes", ["keyhole", "xor"])
def test_a_set_is_judged_before_writing_as_its_file_is_afterwards(tmp_path, profile, holes):
    sets, existing = awkward_set(), {"LENS": "CTV"}
    label = "AI contours of the neck"
    before = check_drawn(draw_set(sets, CT, holes=holes), CT, label, profile, existing)
    write_rtstruct(sets, CT, tmp_path / "rs.dcm", label=label, holes=holes)
    assert before == check_rtstruct(tmp_path / "rs.dcm", CT, profile, existing)
    assert {f.check for f in before} >= {"name_unique", "name_length", "one_external", "self_crossing", "type_differs",
                                         "inside_image", "not_closed"} - ({"name_length"} if profile == "raystation"
                                                                          else set())


def contour_of(data, roi=0, n=0):
    return data.ROIContourSequence[roi].ContourSequence[n]


def repeat_point(data):
    c = contour_of(data)
    c.ContourData = list(c.ContourData) + list(c.ContourData[:3])
    c.NumberOfContourPoints += 1


def shift(contour, axis, by, every=1):
    points = np.array(contour.ContourData, float).reshape(-1, 3)
    points[::every, axis] += by
    contour.ContourData = [f"{v:.3f}" for v in points.ravel()]


def bow_tie(data):
    c = contour_of(data)
    z = c.ContourData[2]
    c.ContourData, c.NumberOfContourPoints = [0, 0, z, 9, 9, z, 9, 0, z, 0, 9, z], 4


def nest(data):
    c = contour_of(data, 1)
    z = c.ContourData[2]
    for half in (10, 3):
        new = pydicom.Dataset()
        new.ContourGeometricType, new.NumberOfContourPoints = "CLOSED_PLANAR", 4
        new.ContourData = [-half, -half, z, half, -half, z, half, half, z, -half, half, z]
        data.ROIContourSequence[1].ContourSequence.append(new)


TROUBLES = {
    "readable_points": lambda d: setattr(contour_of(d), "ContourData", None),
    "three_points": lambda d: setattr(contour_of(d), "ContourData", [0, 0, -295, 1, 1, -295]),
    "point_count": lambda d: setattr(contour_of(d), "NumberOfContourPoints", 3),
    "planar": lambda d: shift(contour_of(d), 2, 0.2, every=3),
    "repeated_end": repeat_point,
    "self_crossing": bow_tie,
    "on_slice": lambda d: shift(contour_of(d), 2, 0.3),
    "inside_image": lambda d: shift(contour_of(d), 0, 80.0),
    "reference_position": lambda d: setattr(contour_of(d).ContourImageSequence[0], "ReferencedSOPInstanceUID",
                                            "1.2.3.9.7"),
    "nested_holes": nest,
    "references_exist": lambda d: setattr(contour_of(d).ContourImageSequence[0], "ReferencedSOPInstanceUID", "1.2.9"),
    "frame_of_reference": lambda d: (setattr(d, "FrameOfReferenceUID", "1.9"), setattr(
        d.ReferencedFrameOfReferenceSequence[0], "FrameOfReferenceUID", "1.9")),
    "same_patient": lambda d: setattr(d, "PatientID", "SOMEBODY ELSE"),
    "same_study": lambda d: setattr(d, "StudyInstanceUID", "1.9"),
    "roi_numbers": lambda d: setattr(d.StructureSetROISequence[1], "ROINumber", 1),
    "name_empty": lambda d: setattr(d.StructureSetROISequence[0], "ROIName", ""),
    "name_length": lambda d: setattr(d.StructureSetROISequence[0], "ROIName", "A" * 17),
    "name_unique": lambda d: setattr(d.StructureSetROISequence[0], "ROIName", "LENS_l"),
    "name_characters": lambda d: setattr(d.StructureSetROISequence[0], "ROIName", "Left eye"),
    "label_length": lambda d: setattr(d, "StructureSetLabel", ""),
    "empty_roi": lambda d: delattr(d.ROIContourSequence[0], "ContourSequence"),
    "one_external": lambda d: [setattr(o, "RTROIInterpretedType", "EXTERNAL") for o in d.RTROIObservationsSequence],
    "known_type": lambda d: setattr(d.RTROIObservationsSequence[0], "RTROIInterpretedType", "UNSUPPORTED"),
    "xor_contours": lambda d: setattr(contour_of(d), "ContourGeometricType", "CLOSEDPLANAR_XOR"),
    "not_closed": lambda d: setattr(contour_of(d), "ContourGeometricType", "OPEN_PLANAR"),
    "approval": lambda d: setattr(d, "ApprovalStatus", "APPROVED"),
}


@pytest.mark.parametrize("check", TROUBLES)
def test_each_trouble_is_found_and_nothing_else_but_what_follows_from_it(file, check):
    data = pydicom.dcmread(file)
    TROUBLES[check](data)
    write_object(data, file)
    found = check_rtstruct(file, CT)
    assert check in {f.check for f in found} and len({f.check for f in found}) <= 2
    assert all(f.source and str(f) for f in found)


def test_numbers_and_contours_that_are_too_long(file, tmp_path):
    long = Contour(np.zeros((3, 3)), text=b"-10.123456789012345678\\-10\\-295\\10\\-10\\-295\\0\\10\\-295 ")
    write_rtstruct(StructureSet(CT.grid, (replace(a_set().structures[0], contours=(long,)),)), CT, tmp_path / "n.dcm")
    assert "number_length" in {f.check for f in check_rtstruct(tmp_path / "n.dcm", CT)}
    rules = tuple(replace(r, limit=100) for r in load_profile("generic").rules if r.check == "contour_bytes")
    few = replace(load_profile("generic"), rules=rules)
    assert {f.check for f in check_rtstruct(file, CT, few)} == {"contour_bytes"}
    many = replace(few, rules=(replace(rules[0], check="contour_points", limit=20),))
    assert {f.structure for f in check_rtstruct(file, CT, many)} == {"Ring"}


def test_a_type_that_differs_from_the_existing_one(file):
    found = check_rtstruct(file, CT, "raystation", {"ring": "CTV", "Lens_L": "ORGAN"})
    assert [(f.severity, f.check, f.structure) for f in found] == [("error", "type_differs", "Ring")]
    assert check_rtstruct(file, CT, existing=file) == ()


def test_what_was_written_otherwise_than_meant_is_said(tmp_path):
    write_rtstruct(a_set(), CT, tmp_path / "rs.dcm")
    meant = a_set()
    moved = np.roll(MASKS["Ring"], 1, axis=2)
    rows = read_back(tmp_path / "rs.dcm", replace(meant, structures=(Structure.from_full("Ring", moved),)), CT)
    assert 0.5 < rows[0].dice < 1 and not rows[0].same and "Ring" in read_back_sentence(rows)


def test_the_users_profile_adds_and_overrides(tmp_path, monkeypatch, file):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    folder = tmp_path / "templates" / "profiles"
    folder.mkdir(parents=True)
    rule = {"check": "name_length", "severity": "error", "limit": 3, "source": "the clinic's own habit"}
    (folder / "clinic.json").write_text(json.dumps({"name": "clinic", "title": "Clinic", "extends": "generic",
                                                    "contours": "smooth", "approve": True, "rules": [rule]}))
    profile = load_profile("Clinic")
    assert profile.writing["contours"] == "smooth" and profile.approve and "clinic" in profile_names()
    assert {f.severity for f in check_rtstruct(file, CT, "clinic")} == {"error"}
    (folder / "broken.json").write_text("{")
    (folder / "odd.json").write_text(json.dumps({"name": "odd", "title": "Odd", "rules": [{**rule, "check": "moon"}]}))
    for name in ("broken", "nowhere"):
        with pytest.raises(InputError):
            load_profile(name)
    with pytest.raises(InputError, match="moon"):
        check_rtstruct(file, CT, "odd")


def test_the_command_says_what_it_found_and_ends_with_two_on_an_error(tmp_path, capsys):
    ct = write_ct_series(CT, tmp_path / "ct", patient_id="P1")
    sets = replace(a_set(), source=ct.source)
    write_rtstruct(sets, ct, tmp_path / "rs.dcm")
    assert main(["check", str(tmp_path / "rs.dcm"), "--ct", str(tmp_path / "ct"), "--profile", "eclipse"]) == 0
    assert "nothing found" in capsys.readouterr().out
    data = pydicom.dcmread(tmp_path / "rs.dcm")
    data.StructureSetROISequence[0].ROIName = "A" * 17
    write_object(data, tmp_path / "rs.dcm")
    assert main(["check", str(tmp_path / "rs.dcm"), "--profile", "eclipse", "--json"]) == 2
    result = json.loads(capsys.readouterr().out)
    assert result["errors"] == 1 and result["files"][0]["findings"][0]["check"] == "name_length"
    assert main(["check", str(tmp_path / "ct" / "ct_0001.dcm")]) == 2
    assert "only RTSTRUCT, RTPLAN and RTDOSE" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "rs.dcm"), "--profile", "moon"]) == 2
