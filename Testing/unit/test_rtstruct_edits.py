"""Approval, adding to an existing set, and what is not written."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from data.shapes import ball

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Algorithm, Contour, Review, Structure, StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.common import write_object
from radoncai.dicom.rtstruct.approval import approval_of, date_and_time_of
from radoncai.dicom.rtstruct.extend import add_to_rtstruct
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct

SHAPE, SPACING = (7, 30, 33), (3.0, 1.1, 0.9)
SOURCE = Source("P1", "1.2.3", "1.2.3.1", "1.2.3.2",
                tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.9.{k}") for k in range(SHAPE[0])))
CT = Volume(np.zeros(SHAPE, np.int16), Grid.axial(SHAPE, SPACING, (-10.0, -20.0, -30.0)), "CT", "HU", SOURCE)
BALL, RING = ball(SHAPE, SPACING, 8.0), ball(SHAPE, SPACING, 9.0) & ~ball(SHAPE, SPACING, 5.0)
JANE = Review("approved", "Doe^Jane", "2026-02-03T14:05:06")


def a_set(**reviews):
    return StructureSet(CT.grid, tuple(Structure.from_full(n, BALL, review=r, origin="AUTOMATIC")
                                       for n, r in reviews.items()), SOURCE, "AI")


def level(path):
    data = pydicom.dcmread(path)
    return data.ApprovalStatus, data.get("ReviewerName", ""), data.get("ReviewDate", ""), data.get("ReviewTime", "")


def test_a_set_is_approved_only_when_asked_and_all_was_approved_by_somebody(tmp_path):
    write_rtstruct(a_set(A=JANE, B=JANE), CT, tmp_path / "a.dcm")
    assert level(tmp_path / "a.dcm") == ("UNAPPROVED", "", "", "")
    assert "not approved" in pydicom.dcmread(tmp_path / "a.dcm").SeriesDescription
    write_rtstruct(a_set(A=JANE, B=replace(JANE, at="2026-02-04 08:00")), CT, tmp_path / "b.dcm", approve=True)
    assert level(tmp_path / "b.dcm") == ("APPROVED", "Doe^Jane", "20260204", "080000")
    assert pydicom.dcmread(tmp_path / "b.dcm").SeriesDescription == "AI contours, approved by a person"
    assert {s.review.status for s in read_rtstruct(tmp_path / "b.dcm", CT)} == {"approved"}


@pytest.mark.parametrize("review", [Review(), replace(JANE, by=" "), replace(JANE, at="2026-02-03"),
                                    replace(JANE, at=""), Review("needs_work", "Doe^Jane", "2026-02-03 10:00")])
def test_one_that_lacks_a_name_a_date_or_a_time_keeps_the_set_unapproved(tmp_path, review):
    said = write_rtstruct(a_set(A=JANE, B=review), CT, tmp_path / "a.dcm", approve=True)
    assert level(tmp_path / "a.dcm")[0] == "UNAPPROVED" and any("UNAPPROVED" in s and " B " in s for s in said)


def test_reviewer_date_and_status_stand_in_the_fields_of_each_roi(tmp_path):
    write_rtstruct(a_set(A=JANE, B=Review("needs_work", "Roe^Rex", "2026-02-03 10:00", "too wide")), CT,
                   tmp_path / "a.dcm")
    data = pydicom.dcmread(tmp_path / "a.dcm")
    assert [o.ROIInterpreter for o in data.RTROIObservationsSequence] == ["Doe^Jane", "Roe^Rex"]
    assert [o.ROIObservationDescription for o in data.RTROIObservationsSequence] == [
        "approved 2026-02-03T14:05:06", "needs_work 2026-02-03 10:00"]
    descriptions = [r.ROIDescription for r in data.StructureSetROISequence]
    assert "not approved" not in descriptions[0] and "too wide" in descriptions[1]


def test_a_rejected_structure_is_left_out_and_named_or_stops(tmp_path):
    sets = a_set(A=JANE, B=Review("rejected", "Doe^Jane", "2026-02-03 10:00"))
    said = write_rtstruct(sets, CT, tmp_path / "a.dcm")
    data = pydicom.dcmread(tmp_path / "a.dcm")
    assert [r.ROIName for r in data.StructureSetROISequence] == ["A"] and any("B was left out" in s for s in said)
    assert "B (rejected by the reviewer)" in data.StructureSetDescription
    with pytest.raises(InputError, match="rejected by the reviewer"):
        write_rtstruct(sets, CT, tmp_path / "b.dcm", rejected="stop")
    assert not (tmp_path / "b.dcm").exists()


@pytest.mark.parametrize("text, expected", [
    ("2026-01-31 14:05", ("20260131", "140500")), ("20260131 140509", ("20260131", "140509")),
    ("2026-01-31T14:05:09.123+01:00", ("20260131", "140509")), ("31.1.2026", None), ("", None),
    ("2026-13-01 10:00", None),
])
def test_moments_as_people_and_programs_write_them(text, expected):
    assert date_and_time_of(text) == expected


def test_nothing_is_approved_of_an_empty_set():
    assert approval_of([], True).status == "UNAPPROVED"


@pytest.fixture
def human(tmp_path):
    """A set as another program writes it: odd numbers, blanks, a point, an empty ROI, private tags."""
    z = float(CT.grid.to_lps(np.array([[0, 0, 2]]))[0, 2])
    square = Contour(np.array([(-5, -15, z), (5, -15, z), (5, -5, z)]),
                     text=b"-5.0\\-15\\%.5f\\5.00\\-15.0\\%.5f\\5\\-5\\%.5f " % (z, z, z))
    point = Contour(np.array([(0.0, -10.0, z)]), "POINT", text=b"0\\-10\\%.1f" % z)
    drawn = (Structure.from_full("Hand", BALL, role="ctv", contours=(square,)),
             Structure.from_full("Marker", BALL, contours=(point,)), Structure.from_full("Gone", BALL))
    path = tmp_path / "human.dcm"
    write_rtstruct(StructureSet(CT.grid, drawn, SOURCE, "Plan A"), CT, path)
    data = pydicom.dcmread(path)
    for n, (a, b, c) in enumerate(zip(data.StructureSetROISequence, data.ROIContourSequence,
                                      data.RTROIObservationsSequence, strict=True)):
        a.ROINumber = b.ReferencedROINumber = c.ReferencedROINumber = 7 + 3 * n
        c.ObservationNumber = n + 1
    del data.ROIContourSequence[2]
    data.StructureSetROISequence[0].ROIName = "Größe"
    data.StructureSetROISequence[0].add_new(0x30150010, "LO", "SOMEBODY")
    data.RTROIObservationsSequence[0].ROIPhysicalPropertiesSequence = [pydicom.Dataset()]
    data.RTROIObservationsSequence[0].ROIPhysicalPropertiesSequence[0].ROIPhysicalProperty = "REL_ELEC_DENSITY"
    write_object(data, path)
    return path


def contour_bytes(path):
    data = pydicom.dcmread(path)
    return {r.ReferencedROINumber: [c.get_item("ContourData").value for c in r.get("ContourSequence", ())]
            for r in data.ROIContourSequence}


@pytest.mark.parametrize("contours", ["exact", "smooth"])
def test_own_rois_of_an_extended_set_stay_byte_for_byte(human, tmp_path, contours):
    new = StructureSet(CT.grid, (Structure.from_full("Parotid_L", RING, origin="AUTOMATIC",
                                                     algorithm=Algorithm("hn_oar", "0.1.0", "ab" * 32)),
                                 Structure.from_full("marker", BALL)), SOURCE, "", {"Eye_L": "outside the scan"})
    said = add_to_rtstruct(human, new, CT, tmp_path / "both.dcm", contours=contours)
    before, after = contour_bytes(human), contour_bytes(tmp_path / "both.dcm")
    assert {n: after[n] for n in before} == before and sum(map(len, before.values())) == 2
    old, data = pydicom.dcmread(human), pydicom.dcmread(tmp_path / "both.dcm")
    assert [(r.ROINumber, r.ROIName) for r in data.StructureSetROISequence] == [
        (7, "Größe"), (10, "Marker"), (13, "Gone"), (14, "Parotid_L")]
    for a, b in zip(old.StructureSetROISequence, data.StructureSetROISequence, strict=False):
        assert a == b
    assert list(old.RTROIObservationsSequence) == list(data.RTROIObservationsSequence)[:3]
    assert data.RTROIObservationsSequence[3].ReferencedROINumber == 14
    assert len({o.ObservationNumber for o in data.RTROIObservationsSequence}) == 4
    assert data.PredecessorStructureSetSequence[0].ReferencedSOPInstanceUID == old.SOPInstanceUID
    assert data.SOPInstanceUID != old.SOPInstanceUID and data.StructureSetLabel == "Plan A"
    assert [r.ROIGenerationAlgorithm for r in data.StructureSetROISequence] == ["MANUAL"] * 3 + ["AUTOMATIC"]
    assert any("marker was left out" in s for s in said) and "Eye_L" in data.StructureSetDescription
    assert np.array_equal(read_rtstruct(tmp_path / "both.dcm", CT).find("Parotid_L").full(SHAPE), RING)


def test_adding_twice_keeps_the_chain_and_approvals_do_not_spread(human, tmp_path):
    one = StructureSet(CT.grid, (Structure.from_full("A", RING, review=JANE),), SOURCE)
    add_to_rtstruct(human, one, CT, tmp_path / "1.dcm", approve=True)
    add_to_rtstruct(tmp_path / "1.dcm", replace(one, structures=(Structure.from_full("B", RING),)), CT,
                    tmp_path / "2.dcm")
    data = pydicom.dcmread(tmp_path / "2.dcm")
    assert level(tmp_path / "1.dcm")[0] == "UNAPPROVED"
    assert data.PredecessorStructureSetSequence[0].ReferencedSOPInstanceUID == pydicom.dcmread(
        tmp_path / "1.dcm").SOPInstanceUID
    assert contour_bytes(tmp_path / "1.dcm").items() <= contour_bytes(tmp_path / "2.dcm").items()


def test_a_set_that_has_everything_already_is_not_written_again(human, tmp_path):
    with pytest.raises(InputError, match="nothing was added"):
        add_to_rtstruct(human, StructureSet(CT.grid, (Structure.from_full("MARKER", BALL),), SOURCE), CT,
                        tmp_path / "b.dcm")
    assert not (tmp_path / "b.dcm").exists()


def test_another_patients_set_is_not_added_to(human, tmp_path):
    other = replace(CT, source=replace(SOURCE, patient_id="P2"))
    with pytest.raises(InputError, match="--same-patient"):
        add_to_rtstruct(human, a_set(A=JANE), other, tmp_path / "b.dcm")
    assert add_to_rtstruct(human, a_set(A=JANE), other, tmp_path / "b.dcm", same_patient=True)
    assert [r.structure.name for r in read_contours(tmp_path / "b.dcm").rois][-1] == "A"


@pytest.mark.parametrize("options", [{"contours": "round"}, {"holes": "none"}, {"rejected": "hide"}])
def test_unknown_options_are_refused(tmp_path, options):
    with pytest.raises(InputError):
        write_rtstruct(a_set(A=JANE), CT, tmp_path / "a.dcm", **options)
    assert not list(tmp_path.iterdir())


def test_text_that_dicom_forbids_is_mended(tmp_path):
    odd = Structure.from_full("Left\\Eye\n1", BALL, algorithm=Algorithm("a\\b" * 40, "", "ab"), origin="AUTOMATIC",
                              review=Review("needs_work", "Doe\\Jane", "today\n", "x" * 2000))
    write_rtstruct(StructureSet(CT.grid, (odd,), SOURCE, "A label of many characters"), CT, tmp_path / "a.dcm",
                   description="y" * 2000)
    data = pydicom.dcmread(tmp_path / "a.dcm")
    assert data.StructureSetROISequence[0].ROIName == "Left/Eye 1" and len(data.StructureSetLabel) <= 16
    assert len(data.StructureSetDescription) <= 1024 and len(data.StructureSetROISequence[0].ROIDescription) <= 1024
    assert data.StructureSetROISequence[0].ROIDerivationAlgorithmIdentificationSequence[0].AlgorithmVersion == "unknown"


@pytest.mark.parametrize("change", [
    lambda d: setattr(d.RTROIObservationsSequence[0], "ObservationNumber", None),
    lambda d: setattr(d.ROIContourSequence[0].ContourSequence[0], "ContourGeometricType", "A" * 70000),
    lambda d: delattr(d, "RTROIObservationsSequence"),
    lambda d: setattr(d.ROIContourSequence[0], "ROIDisplayColor", [999, -1, 0]),
    lambda d: setattr(d, "StructureSetLabel", ""),
])
def test_a_damaged_set_is_added_to_all_the_same(human, tmp_path, change):
    data = pydicom.dcmread(human)
    change(data)
    data.save_as(human)
    add_to_rtstruct(human, StructureSet(CT.grid, (Structure.from_full("A", RING),), SOURCE), CT, tmp_path / "b.dcm")
    assert [r.structure.name for r in read_contours(tmp_path / "b.dcm").rois] == ["Größe", "Marker", "Gone", "A"]


def test_a_set_with_one_number_for_two_rois_is_not_added_to(human, tmp_path):
    data = pydicom.dcmread(human)
    data.StructureSetROISequence[1].ROINumber = 7
    data.save_as(human)
    with pytest.raises(InputError, match="numbers two ROIs alike"):
        add_to_rtstruct(human, StructureSet(CT.grid, (Structure.from_full("A", RING),), SOURCE), CT, tmp_path / "b")
