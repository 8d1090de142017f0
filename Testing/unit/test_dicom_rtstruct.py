import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from data.odd_dicom import axial_series, edit, series_of_orientation
from data.shapes import ball, twelve_shapes

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Algorithm, Contour, Review, Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.check.judge import check_rtstruct
from radoncai.dicom.masks.labels import read_labels
from radoncai.dicom.rtstruct.contour_data import from_text, to_text
from radoncai.dicom.rtstruct.contour_mask import contours_to_mask
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.same_patient import check_same_patient
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series

SHAPE, SPACING = (12, 48, 56), (2.5, 0.977, 0.977)
SHAPES = twelve_shapes(SHAPE, SPACING)
NOW = datetime(2026, 1, 2, 3, 4, 5)
ODD = Path(__file__).parents[3] / "shared" / "data" / "rtstruct_odd"
SARCOMA = Path(__file__).parents[3] / "shared" / "data" / "sarcoma_sts" / "STS_008"


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    grid = Grid.axial(SHAPE, SPACING, (-27.351, -23.2, -300.123))
    return write_ct_series(Volume(np.zeros(SHAPE, np.int16), grid, "CT", "HU"), tmp_path_factory.mktemp("ct"),
                           patient_id="P1", patient_name="Phantom^One", series_description="shapes",
                           header={"TimezoneOffsetFromUTC": "+0100"})


@pytest.fixture(scope="module")
def twelve(ct):
    drawn = (Structure.from_full(n, m, origin="AUTOMATIC", algorithm=Algorithm("hn_oar", "0.1.0", "ab" * 32))
             for n, m in SHAPES.items())
    return StructureSet(ct.grid, tuple(drawn), ct.source, "AI HN", {"Eye_L": "outside the scan"})


@pytest.fixture(scope="module")
def written(ct, twelve, tmp_path_factory):
    path = tmp_path_factory.mktemp("rs") / "rs.dcm"
    write_rtstruct(twelve, ct, path, description="hn_oar")
    return path


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_comes_back_voxel_for_voxel(ct, written, name):
    found = read_rtstruct(written, ct).find(name)
    assert np.array_equal(found.full(SHAPE), SHAPES[name])


def test_a_plain_even_odd_reader_gets_the_same_voxels(ct, written):
    """A reader of the test's own: parity of edges to the right of each voxel centre."""
    data = pydicom.dcmread(written)
    names = {r.ROINumber: r.ROIName for r in data.StructureSetROISequence}
    for roi in data.ROIContourSequence:
        mask = np.zeros(SHAPE, bool)
        for contour in roi.ContourSequence:
            points = ct.grid.to_index(np.array(contour.ContourData, float).reshape(-1, 3))
            k = int(round(points[0, 2]))
            x, y = points[:, :2].T
            for x0, y0, x1, y1 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
                rows = np.arange(SHAPE[1])
                crossed = (y0 <= rows) != (y1 <= rows)
                at = x0 + (rows - y0) * (x1 - x0) / (y1 - y0 if y1 != y0 else 1)
                mask[k] ^= crossed[:, None] & (np.arange(SHAPE[2])[None] < at[:, None])
        assert np.array_equal(mask, SHAPES[names[roi.ReferencedROINumber]])


def test_the_file_keeps_the_rules(ct, written):
    data = pydicom.dcmread(written)
    assert data.ApprovalStatus == "UNAPPROVED" and data.OperatorsName == "" and data.TimezoneOffsetFromUTC == "+0100"
    assert data.FrameOfReferenceUID == ct.source.frame_uid and data.StudyInstanceUID == ct.source.study_uid
    assert data.SeriesDescription == "AI contours, not approved"
    assert "Eye_L (outside the scan)" in data.StructureSetDescription and "hn_oar" in data.StructureSetDescription
    study = data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    images = [i.ReferencedSOPInstanceUID for i in study.RTReferencedSeriesSequence[0].ContourImageSequence]
    assert images == [uid for _, uid in ct.source.slices]
    for item in data.StructureSetROISequence:
        assert item.ROIGenerationAlgorithm == "AUTOMATIC"
        algorithm = item.ROIDerivationAlgorithmIdentificationSequence[0]
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("hn_oar", "0.1.0")
        assert "ab" * 32 in algorithm.AlgorithmParameters
        assert algorithm.AlgorithmFamilyCodeSequence[0].CodeMeaning == "Artificial Intelligence"


def test_every_contour_is_closed_planar_on_its_slice_with_short_numbers(ct, written):
    data = pydicom.dcmread(written)
    heights = {uid: ct.grid.to_lps(np.array([[0, 0, k]]))[0, 2] for k, (_, uid) in enumerate(ct.source.slices)}
    for roi in data.ROIContourSequence:
        for contour in roi.ContourSequence:
            strings = contour.get_item("ContourData").value.decode().strip().split("\\")
            assert max(map(len, strings)) <= 16 and all(re.fullmatch(r"-?\d+\.\d{3}", s) for s in strings)
            assert "-0.000" not in strings
            points = np.array(strings, float).reshape(-1, 3)
            assert len(points) == contour.NumberOfContourPoints >= 3 and not np.array_equal(points[0], points[-1])
            assert np.ptp(points[:, 2]) == 0
            image = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
            assert points[0, 2] == pytest.approx(heights[image], abs=1e-3)


def test_untouched_contours_are_written_back_byte_for_byte(ct, written, tmp_path):
    first = read_rtstruct(written, ct)
    edited = replace(first, structures=(first.structures[0].with_mask(SHAPES["Ring"]), *first.structures[1:]))
    write_rtstruct(edited, ct, tmp_path / "rs.dcm", predecessor=first.source.slices[0])
    second = read_contours(tmp_path / "rs.dcm")
    for a, b in list(zip(first, second.rois, strict=True))[1:]:
        assert [c.text for c in a.contours] == [c.text for c in b.contours]
        assert (a.name, a.role, a.color, a.code, a.algorithm, a.origin) == (
            b.structure.name, b.structure.role, b.structure.color, b.structure.code, b.structure.algorithm,
            b.structure.origin)
    data = pydicom.dcmread(tmp_path / "rs.dcm")
    assert data.PredecessorStructureSetSequence[0].ReferencedSOPInstanceUID == first.source.slices[0][1]
    assert np.array_equal(read_rtstruct(tmp_path / "rs.dcm", ct).find("Sphere").full(SHAPE), SHAPES["Ring"])


def test_two_runs_differ_in_uids_and_times_only(ct, twelve, tmp_path):
    for name in ("a", "b"):
        write_rtstruct(twelve, ct, tmp_path / name, now=NOW, seed=("same",))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_roles_codes_colours_and_reviews_survive(ct, tmp_path):
    mask = SHAPES["Sphere"]
    roles = {"PTV_7000": "ptv", "GTVp": "gtv", "CTVn": "ctv", "External": "external", "Parotid_L": "oar",
             "Couch": "support", "zRing20": "derived"}
    sets = [Structure.from_full(n, mask, role=r, color=(10, 20, 30), standard_name=n if n == "Parotid_L" else "",
                                code=("SCT", "45289007", "Parotid gland") if n == "Parotid_L" else None,
                                review=Review("needs_work", "Jane Doe", "2026-01-01", "too wide"))
            for n, r in roles.items()]
    write_rtstruct(StructureSet(ct.grid, tuple(sets), ct.source), ct, tmp_path / "rs.dcm")
    found = read_rtstruct(tmp_path / "rs.dcm", ct)
    assert {s.name: s.role for s in found} == roles
    assert found.find("Parotid_L").code == ("SCT", "45289007", "Parotid gland")
    assert all(s.color == (10, 20, 30) and s.origin == "MANUAL" and s.review.status == "unreviewed" for s in found)
    data = pydicom.dcmread(tmp_path / "rs.dcm")
    parotid = data.RTROIObservationsSequence[4]
    code = parotid.RTROIIdentificationCodeSequence[0]
    assert code.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Left"
    assert code.EquivalentCodeSequence[0].CodeValue == "Parotid_L"
    assert parotid.RTROIInterpretedType == "ORGAN" and parotid.ROIInterpreter == "Jane Doe"
    assert "too wide" in data.StructureSetROISequence[4].ROIDescription
    assert data.ApprovalStatus == "UNAPPROVED" and data.SeriesDescription == "Contours, not approved"


def test_long_twin_and_foreign_names_are_kept_and_said(ct, tmp_path):
    mask = SHAPES["Sphere"]
    names = ("A_very_long_name_of_an_organ", "Lens_L", "LENS_L", "Rückenmark")
    sets = StructureSet(ct.grid, tuple(Structure.from_full(n, mask) for n in names))
    write_rtstruct(sets, ct, tmp_path / "rs.dcm")
    said = {(f.check, f.structure) for f in check_rtstruct(tmp_path / "rs.dcm", ct)}
    assert said == {("name_length", names[0]), ("name_unique", "Lens_L"), ("name_characters", names[3])}
    assert read_rtstruct(tmp_path / "rs.dcm", ct).names == names
    assert pydicom.dcmread(tmp_path / "rs.dcm").SpecificCharacterSet == "ISO_IR 192"


def test_a_contour_too_long_for_explicit_vr_makes_the_file_implicit(ct, tmp_path):
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    z = ct.grid.to_lps(np.array([[0, 0, 5]]))[0, 2]
    points = np.column_stack([20 * np.cos(angle), 20 * np.sin(angle), np.full(4000, z)])
    round_one = Structure.from_full("Long", SHAPES["Sphere"], contours=(Contour(points),))
    write_rtstruct(StructureSet(ct.grid, (round_one,)), ct, tmp_path / "rs.dcm")
    data = pydicom.dcmread(tmp_path / "rs.dcm")
    assert data.file_meta.TransferSyntaxUID.is_implicit_VR
    assert read_rtstruct(tmp_path / "rs.dcm", ct).find("Long").mask.sum() * 0.977**2 == pytest.approx(
        np.pi * 400, rel=0.01)


@pytest.mark.parametrize("orientation", [(0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1), (0, -1, 0, 0, 0, 1),
                                         (0.8, 0.6, 0, -0.6, 0.8, 0), (0.8, 0, 0.6, 0, 1, 0)])
def test_contours_lie_on_the_planes_of_sagittal_coronal_and_oblique_images(tmp_path, orientation):
    series_of_orientation(tmp_path / "ct", orientation, (3.0, 4.0, 5.0))
    volume = read_series(tmp_path / "ct")
    mask = ball(volume.grid.shape, volume.grid.spacing_mm, 4.0)
    write_rtstruct(StructureSet(volume.grid, (Structure.from_full("A", mask),)), volume, tmp_path / "rs.dcm")
    found = read_rtstruct(tmp_path / "rs.dcm", volume).find("A").full(mask.shape)
    straight = sum(map(abs, orientation)) == 2
    assert np.array_equal(found, mask) if straight else 2 * (found & mask).sum() / (found.sum() + mask.sum()) > 0.85
    images = {str(d.SOPInstanceUID): d for d in map(pydicom.dcmread, (tmp_path / "ct").glob("*.dcm"))}
    normal = np.cross(orientation[:3], orientation[3:])
    for contour in read_contours(tmp_path / "rs.dcm").rois[0].contours:
        away = (contour.points - np.array(images[contour.image_uid].ImagePositionPatient, float)) @ normal
        assert np.abs(away).max() < 2e-3


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, -1, 0), (-1, 0, 0, 0, -1, 0), (0, -1, 0, 1, 0, 0)])
def test_flipped_and_turned_axial_series_get_their_masks_back(tmp_path, orientation):
    series_of_orientation(tmp_path / "ct", orientation, (3.0, 4.0, 5.0))
    volume = read_series(tmp_path / "ct")
    mask = np.random.default_rng(1).random(volume.grid.shape) < 0.4
    write_rtstruct(StructureSet(volume.grid, (Structure.from_full("A", mask),)), volume, tmp_path / "rs.dcm")
    assert np.array_equal(read_rtstruct(tmp_path / "rs.dcm", volume).find("A").full(mask.shape), mask)
    where = {str(d.SOPInstanceUID): float(d.ImagePositionPatient[2])
             for d in map(pydicom.dcmread, (tmp_path / "ct").glob("*.dcm"))}
    for contour in read_contours(tmp_path / "rs.dcm").rois[0].contours:
        assert where[contour.image_uid] == pytest.approx(contour.points[0, 2], abs=1e-3)


def test_images_without_references_and_other_grids_are_refused(ct, twelve, tmp_path):
    nifti = Volume(ct.array, ct.grid, "CT", "HU")
    with pytest.raises(InputError, match="DICOM references"):
        write_rtstruct(twelve, nifti, tmp_path / "rs.dcm")
    other = replace(ct, grid=Grid.axial(SHAPE, (2.5, 1.0, 1.0)))
    with pytest.raises(InputError, match="another grid"):
        write_rtstruct(twelve, other, tmp_path / "rs.dcm")
    cropped = replace(ct, grid=ct.grid.crop((slice(1, 5), slice(0, 48), slice(0, 56))))
    with pytest.raises(InputError, match="own planes are not known"):
        write_rtstruct(StructureSet(cropped.grid), cropped, tmp_path / "rs.dcm")
    assert not (tmp_path / "rs.dcm").exists()


def test_contours_on_interpolated_slices_name_no_image(tmp_path):
    axial_series(tmp_path / "ct")
    (tmp_path / "ct" / "ct_0003.dcm").unlink()
    volume = read_series(tmp_path / "ct", gaps="interpolate")
    sets = StructureSet(volume.grid, (Structure.from_full("A", np.ones(volume.grid.shape, bool)),))
    write_rtstruct(sets, volume, tmp_path / "rs.dcm")
    images = [c.image_uid for c in read_contours(tmp_path / "rs.dcm").rois[0].contours]
    assert images[2] == "" and all(images[:2] + images[3:])


def test_another_patient_or_frame_is_refused_unless_told(ct, written, tmp_path):
    for part in ({"patient_id": "P2"}, {"frame_uid": "1.2.3.4"}):
        other = replace(ct, source=replace(ct.source, **part))
        with pytest.raises(InputError, match="--same-patient") as error:
            read_rtstruct(written, other)
        assert "P2" not in str(error.value) and "P1" not in str(error.value)
        assert "--same-patient" in read_rtstruct(written, other, same_patient=True).warnings[0]
    assert check_same_patient(ct.source, replace(ct.source, patient_id="", frame_uid=""), "both") == ()


def closed(points, z=0.0, kind="CLOSED_PLANAR"):
    return Contour(np.column_stack([np.array(points, float), np.full(len(points), z)]), kind)


GRID = Grid.axial((7, 20, 22), (3.0, 1.0, 1.0))
SQUARE = [(2.5, 2.5), (8.5, 2.5), (8.5, 8.5), (2.5, 8.5)]
HOLE = [(3.5, 3.5), (5.5, 3.5), (5.5, 5.5), (3.5, 5.5)]


@pytest.mark.parametrize("contours, voxels, words", [
    ([], None, "no contour"),
    ([closed(SQUARE[:1], kind="POINT")], None, "no closed contour"),
    ([closed(SQUARE, kind="OPEN_PLANAR")], None, "OPEN_PLANAR"),
    ([closed(SQUARE), closed(SQUARE[:2])], 36, "fewer than 3 points"),
    ([closed(SQUARE, 1.4)], 36, "between slices"),
    ([closed(SQUARE, 40.0)], None, "outside the images"),
    ([closed(SQUARE, 3.0), closed(HOLE, 3.0)], 32, ""),
    ([closed(SQUARE, 3.0, "CLOSEDPLANAR_XOR"), closed([(x + 3, y) for x, y in SQUARE], 3.0, "CLOSEDPLANAR_XOR")],
     36, ""),
    ([closed(SQUARE, 3.0), closed([(x + 3, y) for x, y in SQUARE], 3.0)], 54, "overlap partly"),
    ([closed([(4.1, 4.1), (4.2, 4.1), (4.2, 4.2)])], None, "no voxel centre"),
    ([closed(SQUARE, 3.0), closed([(x + 30, y) for x, y in SQUARE], 3.0)], 36, ""),
    ([closed(SQUARE, 0), closed(SQUARE, 6), closed(SQUARE, 12)], 108, "every 2nd slice"),
    ([closed(SQUARE, 3.0), closed(HOLE, 3.9)], 36, "several heights"),
    ([Contour(np.array([(2.5, 2.5, 0), (8.5, 2.5, 9), (8.5, 8.5, 3)]))], None, "outside the images"),
])
def test_odd_contours_are_read_and_reported(contours, voxels, words):
    drawn = contours_to_mask(contours, GRID)
    assert (drawn.box is None) == (voxels is None)
    assert voxels is None or int(drawn.mask.sum()) == voxels
    assert words in " ".join((drawn.reason, *drawn.warnings))


def test_ties_on_slices_and_voxels_are_half_open():
    through_centres = closed([(2, 2), (8, 2), (8, 8), (2, 8)])
    assert contours_to_mask([through_centres], GRID).mask.sum() == 36
    between = contours_to_mask([closed(SQUARE, 1.5)], GRID)
    assert between.box[0] == slice(0, 1)


def test_numbers_are_read_forgivingly():
    assert np.array_equal(from_text(b"1\\2\\3\\4\\5\\6 "), [[1, 2, 3], [4, 5, 6]])
    assert np.array_equal(from_text(b" 1,5\\2 \\-3.12345678901234567\\7"), [[1.5, 2, -3.12345678901234567]])
    assert from_text(b"") is None and from_text(b"a\\b\\c") is None and from_text(b"nan\\1\\2") is None
    assert to_text(np.array([[-0.0001, 1e-7, -123.4567891]])) == b"0.000\\0.000\\-123.457"


def test_files_that_are_no_rtstruct(ct, tmp_path):
    (tmp_path / "a.txt").write_text("nothing")
    axial_series(tmp_path / "ct")
    for path, word in ((tmp_path / "a.txt", "not a DICOM file"), (tmp_path / "b", "does not exist"),
                       (tmp_path / "ct" / "ct_0001.dcm", "no RTSTRUCT but CT")):
        with pytest.raises(InputError, match=word):
            read_rtstruct(path, ct)


def test_missing_items_do_not_stop_the_reader(ct, written, tmp_path):
    (tmp_path / "rs.dcm").write_bytes(written.read_bytes())

    def strip(data, n):
        del data.ROIContourSequence[0].ContourSequence
        del data.ROIContourSequence[1]
        del data.RTROIObservationsSequence[2]
        del data.StructureSetROISequence[3].ROIName
        del data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
        del data.ROIContourSequence[3].ROIDisplayColor
        for contour in data.ROIContourSequence[4].ContourSequence:
            del contour.ContourImageSequence
    edit(tmp_path, strip)
    found = read_rtstruct(tmp_path / "rs.dcm", ct)
    assert set(found.missing) == {"Sphere", "Ring"} and len(found) == 10 and "ROI 4" in found.names


CHECK_VALUES = {"dicompyler_breast_RS.dcm.gz": {"Heart": 439.70, "Breast": 400.05, "Tumor Bed": 13.16, "BODY": None},
                "eclipse_headphantom/RS.dcm.gz": {"BrainStem": 33.89, "CTV": 121.19, "BODY": 6870.35},
                "raystation_ramp_RS.dcm": {"Slope101004": 735.00, "External": 8615.12, "PMMA": 205.00},
                "mim_phantom_RS.dcm": {"ROI-1": 6.51, "ROI-2": 6.01, "ROI-3": 5.74, "ROI-4": 10.96}}


@pytest.mark.skipif(not ODD.is_dir(), reason="../shared/data/rtstruct_odd is not here")
@pytest.mark.parametrize("name", CHECK_VALUES)
def test_real_files_have_the_volume_of_their_polygons(name):
    file = read_contours(ODD / name)
    grid = _grid_around(file)
    structures = read_rtstruct(ODD / name, grid)
    for roi, cc in CHECK_VALUES[name].items():
        if cc:
            assert structures.volume_cc(structures.find(roi)) == pytest.approx(cc, rel=0.01, abs=0.06)


def _grid_around(file):
    points = np.concatenate([c.points for r in file.rois for c in r.contours])
    heights = np.unique(np.round(np.concatenate([c.points[:, 2] for r in file.rois for c in r.contours]), 2))
    step = float(np.median(np.diff(heights)))
    low, high = points.min(axis=0) - 2, points.max(axis=0) + 2
    fine = 0.5 if np.prod(high[:2] - low[:2]) < 1e5 else 1.0
    shape = int(round((heights[-1] - heights[0]) / step)) + 1, *(int(n) for n in np.ceil((high - low)[1::-1] / fine))
    return Grid.axial(shape, (step, fine, fine), (low[0], low[1], heights[0]))


@pytest.mark.skipif(not ODD.is_dir(), reason="../shared/data/rtstruct_odd is not here")
def test_real_oddities_are_said():
    breast = read_rtstruct(path := ODD / "dicompyler_breast_RS.dcm.gz", _grid_around(read_contours(path)))
    assert breast.missing["Areola"] == "it has no contour in the file"
    ramp = read_rtstruct(path := ODD / "raystation_ramp_RS.dcm", _grid_around(read_contours(path)))
    assert "POINT" in ramp.missing["LoPo"] and ramp.find("External").role == "external"
    bare = read_rtstruct(path := ODD / "pydicom_rtstruct.dcm", _grid_around(read_contours(path)))
    assert set(bare.missing) >= {"Isocenter 1", "Isocenter 2"}
    rings = read_rtstruct(path := ODD / "rtutils_RS.dcm", Grid.axial((1, 400, 400), (5, 0.25, 0.25), (
        *(read_contours(path).rois[0].contours[0].points.min(axis=0)[:2] - 5), 60.0)))
    assert rings.volume_cc(rings.structures[0]) * 1000 / 5 == pytest.approx(351.5, rel=0.01)


@pytest.mark.skipif(not SARCOMA.is_dir(), reason="../shared/data/sarcoma_sts is not here")
@pytest.mark.parametrize("modality", ["CT", "MR_T1"])
def test_a_real_contour_gives_its_published_mask(modality, tmp_path):
    """No voxel differs from the mask that the IBSI made of the same contours; image references match no slice."""
    volume = read_series(SARCOMA / modality)
    (found,) = read_rtstruct(SARCOMA / modality / "RS.dcm.gz", volume)
    published = read_labels(SARCOMA / f"{modality}_mask.nii.gz").structures[0]
    assert np.array_equal(found.full(volume.grid.shape), published.full(volume.grid.shape))
    write_rtstruct(StructureSet(volume.grid, (found,)), volume, tmp_path / "rs.dcm")
    images = {c.image_uid for c in read_contours(tmp_path / "rs.dcm").rois[0].contours}
    assert images <= {uid for _, uid in volume.source.slices}
