"""What the world writes into RTSTRUCT files, read by one stated rule and said aloud."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from data.odd_dicom import series_of_orientation
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from radoncai.core.grid import Grid
from radoncai.core.structures import Contour, Structure, StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.common import write_object
from radoncai.dicom.rtstruct.contour_mask import contours_to_mask
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.series import read_series

SHAPE, SPACING = (5, 30, 31), (2.0, 1.0, 1.0)
SOURCE = Source("P1", "1.2.3", "1.2.3.1", "1.2.3.2",
                tuple(("1.2.840.10008.5.1.4.1.1.2", f"1.2.3.9.{k}") for k in range(SHAPE[0])))
CT = Volume(np.zeros(SHAPE, np.int16), Grid.axial(SHAPE, SPACING), "CT", "HU", SOURCE)


def box(low, high):
    return [(low, low), (high, low), (high, high), (low, high)]


def closed(points, z=4.0, kind="CLOSED_PLANAR"):
    return Contour(np.column_stack([np.array(points, float), np.full(len(points), z)]), kind)


def area(contours):
    return int(contours_to_mask(contours, CT.grid).mask.sum())


@pytest.fixture
def file(tmp_path):
    """Two structures of two contours each, as a file that can be spoilt."""
    drawn = tuple(Structure.from_full(n, np.ones(SHAPE, bool), contours=(closed(box(2.5, 9.5)), closed(
        box(2.5, 9.5), 6.0))) for n in ("A", "B"))
    write_rtstruct(StructureSet(CT.grid, drawn, SOURCE), CT, tmp_path / "rs.dcm")
    return tmp_path / "rs.dcm"


def spoilt(file, change):
    data = pydicom.dcmread(file)
    change(data)
    write_object(data, file)
    return read_rtstruct(file, CT)


def test_rings_in_rings_are_even_odd_whatever_the_order_and_direction():
    rings = [closed(box(1.5, 21.5)), closed(box(4.5, 18.5)[::-1]), closed(box(7.5, 15.5)), closed(box(9.5, 12.5))]
    expected = 400 - 196 + 64 - 9
    for order in (rings, rings[::-1], [rings[2], rings[0], rings[3], rings[1]]):
        assert area(order) == expected and contours_to_mask(order, CT.grid).warnings == ()
    assert area([replace(r, kind="CLOSEDPLANAR_XOR") for r in rings]) == expected


@pytest.mark.parametrize("gap", [0.0, 0.001, 0.2])
def test_keyholes_with_a_channel_of_some_width_are_holes(gap):
    outer, inner = box(1.5, 21.5), box(6.5, 15.5)
    path = [*outer[:3], (11 + gap, 21.5), (11 + gap, 15.5), inner[2], inner[1], inner[0], inner[3], (11 - gap, 15.5),
            (11 - gap, 21.5), outer[3]]
    channel = 6 if gap else 0
    assert abs(area([closed(path)]) - (400 - 81)) <= channel


def test_partial_overlap_is_a_union_and_xor_is_not():
    beside = [closed(box(1.5, 11.5)), closed(box(6.5, 16.5))]
    drawn = contours_to_mask(beside, CT.grid)
    assert drawn.mask.sum() == 175 and "overlap partly" in drawn.warnings[0]
    assert area([replace(c, kind="CLOSEDPLANAR_XOR") for c in beside]) == 150
    assert area([closed(box(1.5, 11.5)), closed(box(1.5, 11.5))]) == 100


def test_a_kind_of_another_vendor_is_a_closed_contour_and_an_unknown_one_is_said():
    assert area([closed(box(1.5, 11.5), kind="INTERPOLATED_PLANAR")]) == 100
    odd = contours_to_mask([closed(box(1.5, 11.5)), closed(box(1.5, 5.5), kind="SPLINE")], CT.grid)
    assert odd.mask.sum() == 100 and "SPLINE" in odd.warnings[0]


def no_references(data):
    del data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    for roi in data.ROIContourSequence:
        for contour in roi.ContourSequence:
            del contour.ContourImageSequence


def refer_to(data, uid):
    for roi in data.ROIContourSequence:
        for contour in roi.ContourSequence:
            contour.ContourImageSequence[0].ReferencedSOPInstanceUID = uid


def other_series(data):
    study = data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    study.RTReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.99"


def numbers_as(data, text):
    data.ROIContourSequence[0].ContourSequence[0]["ContourData"] = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(0x30060050), "DS", len(text), text, 0, False, True)


@pytest.mark.parametrize("change, words", [
    (no_references, "name no images"),
    (lambda d: refer_to(d, "1.9"), "images that are not in this series"),
    (lambda d: refer_to(d, "1.2.3.9.0"), "4 contours do not lie on the image that they name"),
    (other_series, "another series of this frame"),
    (lambda d: setattr(d.StructureSetROISequence[1], "ROIName", "A"), "2 ROIs are named A"),
    (lambda d: d.ROIContourSequence.append(_stray()), "numbers 77 belong to no ROI"),
], ids=["none", "unknown", "elsewhere", "series", "names", "stray"])
def test_references_and_lists_that_do_not_fit_are_said_and_nothing_is_lost(file, change, words):
    found = spoilt(file, change)
    assert [s.voxels for s in found] == [98, 98]
    assert words in " ".join(found.warnings)


def _stray():
    item = Dataset()
    item.ReferencedROINumber = 77
    return item


def test_two_rois_of_one_number_are_said(file):
    found = spoilt(file, lambda d: setattr(d.StructureSetROISequence[1], "ROINumber", 1))
    assert "same number" in " ".join(found.warnings)


def test_an_roi_in_another_frame_of_reference_is_missing(file):
    found = spoilt(file, lambda d: setattr(d.StructureSetROISequence[1], "ReferencedFrameOfReferenceUID", "1.2.77"))
    assert found.names == ("A",) and "another frame of reference" in found.missing["B"]


@pytest.mark.parametrize("text", [
    b"2.5\\2.5\\4\\9.5\\2.5\\4\\9.5\\9.5\\4\\2.5\\9.5\\4\\",
    b" 2,5\\2,5\\4,0\\9,5\\2,5\\4,0\\9,5\\9,5\\4,0\\2,5\\9,5\\4,0 ",
    b"2.50000000000000000000\\2.5E0\\+4\\9.5\\ 2.5\\4 \\9.5\\9.5\\4\\2.5\\9.5\\4\0",
    b"2.5\\2.5\\4\\9.5\\2.5\\4\\9.5\\9.5\\4\\2.5\\9.5\\4\\2.5\\2.5\\4 ",
])
def test_numbers_as_the_world_writes_them(file, text):
    path = file
    data = pydicom.dcmread(path)
    numbers_as(data, text)
    write_object(data, path)
    assert [s.voxels for s in read_rtstruct(path, CT)] == [98, 98]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_encoding_is_read(file, tmp_path, syntax):
    data = pydicom.dcmread(file)
    for element in data.iterall():
        element.value  # noqa: B018  decoded before it is written in another encoding
    data.file_meta.TransferSyntaxUID = syntax
    little = syntax != ExplicitVRBigEndian
    pydicom.dcmwrite(tmp_path / "other.dcm", data, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=little,
                     force_encoding=True)
    assert [s.voxels for s in read_rtstruct(tmp_path / "other.dcm", CT)] == [98, 98]


def test_contours_across_the_slices_are_said(file):
    sagittal = Contour(np.array([(5.0, 2.5, 0.0), (5.0, 9.5, 0.0), (5.0, 9.5, 8.0), (5.0, 2.5, 8.0)]))
    drawn = contours_to_mask([sagittal], CT.grid)
    assert drawn.box is None and "do not lie along the slices" in " ".join(drawn.warnings)


ORIENTATIONS = {"axial": (1, 0, 0, 0, 1, 0), "feet first": (-1, 0, 0, 0, 1, 0), "prone": (-1, 0, 0, 0, -1, 0),
                "decubitus": (0, 1, 0, -1, 0, 0), "sagittal": (0, 1, 0, 0, 0, -1), "coronal": (1, 0, 0, 0, 0, -1),
                "negated column": (1, 0, 0, 0, -1, 0), "oblique": (0.8, 0, 0.6, 0, 1, 0)}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_landmark_is_drawn_where_it_lies_and_comes_back(tmp_path, name):
    landmark = np.array((31.0, -42.0, 53.0))
    series_of_orientation(tmp_path / "ct", ORIENTATIONS[name], tuple(landmark))
    volume = read_series(tmp_path / "ct", as_stored=name == "oblique")
    mask = volume.array == 1234
    assert mask.sum() == 1
    sets = StructureSet(volume.grid, (Structure.from_full("L", mask),), volume.source)
    for contours in ("exact", "smooth"):
        write_rtstruct(sets, volume, tmp_path / "rs.dcm", contours=contours)
        (contour,) = read_contours(tmp_path / "rs.dcm").rois[0].contours
        assert np.abs((contour.points.min(axis=0) + contour.points.max(axis=0)) / 2 - landmark).max() < 0.01
        assert np.array_equal(read_rtstruct(tmp_path / "rs.dcm", volume).find("L").full(mask.shape), mask)
        named = next(d for d in map(pydicom.dcmread, (tmp_path / "ct").glob("*.dcm"))
                     if d.SOPInstanceUID == contour.image_uid)
        assert (named.pixel_array == named.pixel_array.max()).sum() == 1
