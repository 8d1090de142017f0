import shutil

import numpy as np
import pytest
import SimpleITK as sitk
from data.odd_dicom import axial_series
from data.segmentations import MASKS, write_seg
from data.segmentations import SHAPE as SEG_SHAPE
from data.shapes import twelve_shapes

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Algorithm, Review, Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.convert import convert
from radoncai.dicom.dose import read_dose
from radoncai.dicom.image import read_image, write_image, write_seg_nrrd
from radoncai.dicom.masks.labels import read_labels
from radoncai.dicom.masks.mask_folder import read_mask_folder
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtdose.writer import read_rtdose, write_rtdose
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series

SHAPE, SPACING = (10, 40, 44), (2.5, 1.1, 0.977)
GRID = Grid.axial(SHAPE, SPACING, (-21.5, -17.25, -300.125))
SHAPES = twelve_shapes(SHAPE, SPACING)


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    volume = Volume(np.zeros(SHAPE, np.int16), GRID, "CT", "HU")
    return write_ct_series(volume, tmp_path_factory.mktemp("ct"), patient_id="P1", series_description="convert")


@pytest.fixture(scope="module")
def twelve():
    return StructureSet(GRID, tuple(
        Structure.from_full(n, m, color=(10, 200, 30), role="ptv", code=("SCT", "45289007", "Parotid gland"),
                            standard_name="Parotid_L", origin="AUTOMATIC", review=Review("needs_work"),
                            algorithm=Algorithm("hn_oar", "0.1.0", "ab")) for n, m in SHAPES.items()))


@pytest.fixture(scope="module")
def rtstruct(ct, twelve, tmp_path_factory):
    path = tmp_path_factory.mktemp("rs") / "rs.dcm"
    write_rtstruct(twelve, ct, path)
    return path


def same_masks(found, names=None):
    for name in names or SHAPES:
        assert np.array_equal(found.find(name).full(SHAPE), SHAPES[name]), name


def test_slicers_segmentation_file_keeps_overlaps_and_attributes(twelve, tmp_path):
    write_seg_nrrd(twelve, tmp_path / "s.seg.nrrd")
    found = read_labels(tmp_path / "s.seg.nrrd")
    same_masks(found)
    assert found.grid.same_as(GRID)
    for a, b in zip(twelve, found, strict=True):
        assert (a.code, a.color, a.role, a.origin, a.algorithm, a.standard_name, a.review.status) == (
            b.code, b.color, b.role, b.origin, b.algorithm, b.standard_name, b.review.status)
    header = (tmp_path / "s.seg.nrrd").read_bytes().split(b"\n\n")[0].decode()
    assert "Segment0_Name:=Sphere" in header and "Segment1_Layer:=1" in header and "kinds: list domain" in header


def test_without_overlap_it_is_a_plain_label_map(tmp_path):
    sets = StructureSet(GRID, tuple(Structure.from_full(n, SHAPES[n]) for n in ("Lens", "Corner_Box")))
    write_seg_nrrd(sets, tmp_path / "s.seg.nrrd")
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "s.seg.nrrd")))
    assert np.array_equal(labels, SHAPES["Lens"] + 2 * SHAPES["Corner_Box"])


@pytest.mark.parametrize("ending", ["s.seg.nrrd", "s.nrrd", "masks"])
def test_there_and_back_through_every_lossless_format(ct, rtstruct, tmp_path, ending):
    said = convert(rtstruct, tmp_path / ending, ct)
    assert any("not in the structure table" in s and "Checkerboard" in s for s in said)
    convert(tmp_path / ending, tmp_path / "back.dcm", ct)
    same_masks(read_rtstruct(tmp_path / "back.dcm", ct))


def test_a_nifti_label_map_says_what_it_cannot_hold(ct, rtstruct, tmp_path):
    said = convert(rtstruct, tmp_path / "s.nii.gz", ct)
    assert any("overlap" in s for s in said)
    said = convert(tmp_path / "s.nii.gz", tmp_path / "back.seg.nrrd")
    assert any("Ring was left out" in s for s in said)
    same_masks(read_labels(tmp_path / "back.seg.nrrd"), ["Corner_Box", "Checkerboard"])


def test_empty_masks_are_left_out_and_said(ct, tmp_path):
    for name, mask in (("Lens", SHAPES["Lens"]), ("Nothing", np.zeros(SHAPE))):
        write_image(Volume(mask.astype(np.uint8), GRID), tmp_path / "in" / f"{name}.nii.gz")
    said = convert(tmp_path / "in", tmp_path / "rs.dcm", ct)
    assert "Nothing was left out: its mask is empty." in said
    assert read_rtstruct(tmp_path / "rs.dcm", ct).names == ("Lens",)


def test_masks_in_other_orientations_are_turned_exactly(ct, tmp_path):
    image = sitk.GetImageFromArray(SHAPES["Bowel"].astype(np.uint8))
    image.SetSpacing(SPACING[::-1])
    image.SetOrigin(tuple(GRID.origin_lps))
    for code in ("RAS", "SPL", "LIA"):
        sitk.WriteImage(sitk.DICOMOrient(image, code), str(tmp_path / f"{code}.nii.gz"))
        found = read_labels(tmp_path / f"{code}.nii.gz")
        assert found.grid.same_as(GRID, 1e-3) and np.array_equal(found.find(code).full(SHAPE), SHAPES["Bowel"])


def test_oblique_rasters_are_resampled_to_their_place_and_said(tmp_path):
    turned = sitk.VersorTransform((0.0, 0.2, 1.0), 0.3)
    ball = np.rint(1000 - 40 * np.linalg.norm((np.indices((25, 27, 29)) - 13).astype(float), axis=0)).astype(np.int16)
    gray = np.clip(ball / 20.0, 0, None).astype(np.float32)
    for name, array in (("image", ball), ("Ball", (ball > 600).astype(np.uint8)), ("dose", gray)):
        image = sitk.GetImageFromArray(array)
        image.SetDirection(turned.GetMatrix())
        image.SetOrigin((5.0, -7.0, 9.0))
        sitk.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
    expected = np.array(turned.GetMatrix()).reshape(3, 3) @ (13, 13, 13) + (5, -7, 9)
    read = read_image(tmp_path / "image.nii.gz")
    at = np.argwhere(read.array > 950).mean(axis=0)[::-1]
    assert read.grid.is_axial and np.allclose(read.grid.to_lps(at[None])[0], expected, atol=0.3)
    assert "oblique by" in read.source.warnings[0]
    found = read_labels(tmp_path / "Ball.nii.gz")
    at = np.argwhere(found.structures[0].full(found.grid.shape)).mean(axis=0)[::-1]
    assert np.allclose(found.grid.to_lps(at[None])[0], expected, atol=0.1) and "interpolated" in found.warnings[0]
    assert found.volume_cc(found.structures[0]) == pytest.approx((ball > 600).sum() / 1000, rel=0.03)
    dose = read_dose(tmp_path / "dose.nii.gz").volume
    at = np.argwhere(dose.array > 47).mean(axis=0)[::-1]
    assert dose.grid.is_axial and np.allclose(dose.grid.to_lps(at[None])[0], expected, atol=0.3)
    assert dose.array.max() == pytest.approx(50, abs=2) and "oblique by" in dose.source.warnings[0]
    (tmp_path / "masks").mkdir()
    for name in ("A", "B"):
        shutil.copy(tmp_path / "Ball.nii.gz", tmp_path / "masks" / f"{name}.nii.gz")
    folder = read_mask_folder(tmp_path / "masks")
    assert folder.names == ("A", "B") and folder.grid.is_axial and "interpolated" in folder.warnings[0]
    assert np.array_equal(folder.find("B").mask, found.structures[0].mask)


def test_masks_on_another_grid_are_interpolated_and_said(ct, tmp_path):
    fine = Grid.axial((20, 80, 88), (1.25, 0.55, 0.4885), tuple(GRID.to_lps(np.array([[-0.25] * 3]))[0]))
    mask = np.repeat(np.repeat(np.repeat(SHAPES["Sphere"], 2, 0), 2, 1), 2, 2)
    write_image(Volume(mask.astype(np.uint8), fine), tmp_path / "Sphere.nrrd")
    said = convert(tmp_path / "Sphere.nrrd", tmp_path / "rs.dcm", ct)
    assert any("another grid" in s for s in said)
    found = read_rtstruct(tmp_path / "rs.dcm", ct).find("Sphere").full(SHAPE)
    assert 2 * (found & SHAPES["Sphere"]).sum() / (found.sum() + SHAPES["Sphere"].sum()) > 0.95


def test_file_names_are_safe(ct, tmp_path):
    names = ("Lung/../L", "lens l", "LENS_L", "Lens_l")
    sets = StructureSet(GRID, tuple(Structure.from_full(n, SHAPES["Lens"]) for n in names))
    write_seg_nrrd(sets, tmp_path / "s.seg.nrrd")
    said = convert(tmp_path / "s.seg.nrrd", tmp_path / "masks")
    files = sorted(p.name for p in (tmp_path / "masks").iterdir())
    assert len(files) == 4 and sum("was written as" in s for s in said) >= 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["masks", "s.seg.nrrd"]


def test_doses_go_to_nrrd_and_back(ct, tmp_path):
    gray = np.random.default_rng(0).random(SHAPE).astype(np.float32) * 60
    dose = Dose(Volume(gray, GRID, "RTDOSE", "Gy", ct.source), "predicted")
    plan = write_rtplan(Prescription({}), ct.source, tmp_path / "rp.dcm")
    write_rtdose(dose, tmp_path / "rd.dcm", plan=plan)
    convert(tmp_path / "rd.dcm", tmp_path / "dose.nii.gz")
    said = convert(tmp_path / "dose.nii.gz", tmp_path / "back.dcm", ct)
    assert "back_plan.dcm" in said[0]
    back = read_rtdose(tmp_path / "back.dcm")
    assert np.allclose(back.volume.array, gray, atol=1e-4) and back.volume.grid.same_as(GRID)


def test_images_read_the_same_from_every_format(tmp_path):
    volume = axial_series(tmp_path / "ct")
    for name in ("ct.nrrd", "ct.nii.gz"):
        convert(tmp_path / "ct", tmp_path / name)
        read = read_image(tmp_path / name)
        assert np.array_equal(read.array, volume.array) and read.array.dtype == np.int16
        assert read.grid.same_as(volume.grid, 1e-3)
        assert (read.modality, read.unit) == ("CT", "HU") and len(read.source.sha256) == 64


@pytest.mark.parametrize("target, words", [
    ("x.txt", "no ending that is known"), ("x.dcm", "--ct")])
def test_what_cannot_be_written_is_refused(twelve, tmp_path, target, words):
    write_seg_nrrd(twelve, tmp_path / "s.seg.nrrd")
    with pytest.raises(InputError, match=words):
        convert(tmp_path / "s.seg.nrrd", tmp_path / target)
    assert [p.name for p in tmp_path.iterdir()] == ["s.seg.nrrd"]


def test_what_cannot_be_read_is_refused(rtstruct, tmp_path):
    (tmp_path / "a.txt").write_text("no image")
    (tmp_path / "b.nrrd").write_text("NRRD0004\nbroken")
    (tmp_path / "empty").mkdir()
    for source, words in ((tmp_path / "a.txt", "neither DICOM"), (tmp_path / "b.nrrd", "damaged"),
                          (tmp_path / "c", "does not exist"), (tmp_path / "empty", "empty"), (rtstruct, "--ct")):
        with pytest.raises(InputError, match=words):
            convert(source, tmp_path / "out.nrrd")
    assert not (tmp_path / "out.nrrd").exists()


def test_an_image_is_no_label_map(tmp_path):
    write_image(Volume(np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.int16), GRID), tmp_path / "a.nrrd")
    with pytest.raises(InputError, match="different values"):
        read_labels(tmp_path / "a.nrrd")
    write_image(Volume(np.full(SHAPE, 0.4, np.float32), GRID), tmp_path / "b.nrrd")
    with pytest.raises(InputError, match="not whole numbers"):
        read_labels(tmp_path / "b.nrrd")


def test_names_in_latin_1_are_read_and_written_as_utf_8(tmp_path):
    write_seg_nrrd(StructureSet(GRID, (Structure.from_full("Drxse", SHAPES["Lens"]),)), tmp_path / "s.seg.nrrd")
    content = (tmp_path / "s.seg.nrrd").read_bytes()
    (tmp_path / "s.seg.nrrd").write_bytes(content.replace(b"Drxse", b"Dr\xfcse", 1))
    convert(tmp_path / "s.seg.nrrd", tmp_path / "t.seg.nrrd")
    assert read_labels(tmp_path / "t.seg.nrrd").names == ("Dr\u00fcse",)


def test_names_are_mapped_by_the_table_and_by_hand(tmp_path):
    sets = StructureSet(GRID, tuple(Structure.from_full(n, SHAPES["Lens"]) for n in
                                    ("Lt Parotid", "Parotid_R", "Rt Parotid", "zz 9", "PTV70")))
    write_seg_nrrd(sets, tmp_path / "s.seg.nrrd")
    said = convert(tmp_path / "s.seg.nrrd", tmp_path / "out.seg.nrrd", names="standard", mapping={"zz 9": "Couch"})
    assert read_labels(tmp_path / "out.seg.nrrd").names == ("Parotid_L", "Parotid_R", "Rt Parotid", "Couch", "PTV_7000")
    assert "Lt Parotid was renamed to Parotid_L." in said
    assert "Rt Parotid keeps its name: Parotid_R is there already." in said
    convert(tmp_path / "s.seg.nrrd", tmp_path / "kept.seg.nrrd")
    assert read_labels(tmp_path / "kept.seg.nrrd").names == sets.names
    with pytest.raises(InputError, match="no structure Nobody"):
        convert(tmp_path / "s.seg.nrrd", tmp_path / "x.seg.nrrd", mapping={"Nobody": "A"})


def test_a_segmentation_goes_to_contours_and_masks(ct, tmp_path):
    grid = Grid.axial(SEG_SHAPE, (2.5, 1.1, 0.9), (3.0, 4.0, 5.0))
    image = write_ct_series(Volume(np.zeros(SEG_SHAPE), grid, "CT", "HU"), tmp_path / "ct", patient_id="P1")
    write_seg(grid, tmp_path / "seg.dcm", frame_uid=image.source.frame_uid)
    volume = read_series(tmp_path / "ct")
    said = convert(tmp_path / "seg.dcm", tmp_path / "rs.dcm", volume)
    found = read_rtstruct(tmp_path / "rs.dcm", volume)
    assert all(np.array_equal(found.find(n).full(SEG_SHAPE), m) for n, m in MASKS.items())
    assert "Nothing was left out: it has no voxels in the file." in said
    convert(tmp_path / "seg.dcm", tmp_path / "masks")
    assert {p.name for p in (tmp_path / "masks").iterdir()} == {f"{n}.nii.gz" for n in MASKS}
    with pytest.raises(InputError, match="frames of reference"):
        convert(tmp_path / "seg.dcm", tmp_path / "rs2.dcm", ct)


def test_images_go_from_raster_to_raster(tmp_path):
    image = np.random.default_rng(0).integers(-1000, 1000, SHAPE).astype(np.int16)
    write_image(Volume(image, GRID), tmp_path / "a.nrrd")
    convert(tmp_path / "a.nrrd", tmp_path / "b.nii.gz")
    assert np.array_equal(read_image(tmp_path / "b.nii.gz").array, image)


@pytest.mark.parametrize("options", [{}, {"contours": "smooth"}, {"holes": "xor"}, {"profile": "eclipse"}], ids=str)
def test_an_rtstruct_is_drawn_as_asked_read_back_and_checked(ct, twelve, tmp_path, options):
    write_seg_nrrd(twelve, tmp_path / "s.seg.nrrd")
    said = convert(tmp_path / "s.seg.nrrd", tmp_path / "rs.dcm", ct, **options)
    assert f"Read back: {len(SHAPES)} structures, every voxel the same (Dice 1.0000)." in said
    same_masks(read_rtstruct(tmp_path / "rs.dcm", ct))
    contours = {r.structure.name: r.contours for r in read_contours(tmp_path / "rs.dcm").rois}
    smooth = "smooth" in options.values() or "profile" in options
    edges = np.array([abs(GRID.to_index(c.points)[:, :2] % 1 - 0.5).max() for c in contours["Sphere"]])
    assert (edges.max() > 0.1) == smooth
    assert {c.kind for c in contours["Ring"]} == {"CLOSEDPLANAR_XOR" if "holes" in options else "CLOSED_PLANAR"}
    assert any("CLOSEDPLANAR_XOR" in text for text in said) == ("holes" in options)


def test_contours_that_were_read_are_not_drawn_again(ct, rtstruct, tmp_path):
    said = convert(rtstruct, tmp_path / "rs.dcm", ct, contours="smooth")
    assert any(text.startswith("Contours that were read go on as they are") for text in said)
    before, after = (read_contours(p).rois for p in (rtstruct, tmp_path / "rs.dcm"))
    assert [[c.text for c in r.contours] for r in before] == [[c.text for c in r.contours] for r in after]


def test_how_contours_are_drawn_matters_for_an_rtstruct_only(ct, twelve, tmp_path):
    write_seg_nrrd(twelve, tmp_path / "s.seg.nrrd")
    for options, words in (({"contours": "exact"}, "must end in .dcm"), ({"contours": "iso"}, "maps of probabilities")):
        with pytest.raises(InputError, match=words):
            convert(tmp_path / "s.seg.nrrd", tmp_path / "out.nrrd", **options)
    with pytest.raises(InputError, match="no profile moon"):
        convert(tmp_path / "s.seg.nrrd", tmp_path / "rs.dcm", ct, profile="moon")
