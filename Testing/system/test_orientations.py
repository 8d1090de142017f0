"""The sample patient as images of six directions: structures there and back, landmarks, and the jobs."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from data.oriented_patient import ANGLES, DIRECTIONS, TURNS, write_patient

from radoncai.bodycomp.job import measure_l3
from radoncai.contour.job import contour
from radoncai.core.dose import Prescription
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.series import read_series
from radoncai.dicom.structures import read_structures
from radoncai.dose.evaluate import evaluate
from radoncai.dose.job import predict_dose
from radoncai.phantom.patient import sample_patient

SLICE_MM = 5.0  # a resampled image moves a network's contours, but by less than a slice


@pytest.fixture(scope="module")
def phantom():
    return sample_patient(spacing_mm=(5.0, 3.0, 3.0))


@pytest.fixture(scope="module")
def folders(phantom, tmp_path_factory):
    """Direction to (folder with ct/ and rs.dcm, structures on the images' own grid)."""
    out = {}
    for direction in DIRECTIONS:
        folder = tmp_path_factory.mktemp(direction.replace(" ", "_"))
        _, truth = write_patient(phantom, direction, folder / "ct")
        write_rtstruct(truth, read_series(folder / "ct", as_stored=True), folder / "rs.dcm")
        out[direction] = folder, truth
    return out


def centre(structure, grid):
    return grid.to_lps(np.argwhere(structure.full(grid.shape)).mean(axis=0)[::-1][None])[0]


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_structures_come_back_voxel_by_voxel_on_the_images_own_grid(folders, direction):
    folder, truth = folders[direction]
    back = read_rtstruct(folder / "rs.dcm", read_series(folder / "ct", as_stored=True))
    for s in truth:
        assert np.array_equal(back.find(s.name).full(truth.grid.shape), s.full(truth.grid.shape)), s.name


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_contours_lie_in_the_planes_of_the_images_they_name(folders, direction):
    folder, _ = folders[direction]
    images = {d.SOPInstanceUID: d for d in (pydicom.dcmread(p, stop_before_pixels=True)
                                            for p in (folder / "ct").iterdir())}
    for roi in pydicom.dcmread(folder / "rs.dcm").ROIContourSequence:
        for contour_item in roi.ContourSequence:
            image = images[contour_item.ContourImageSequence[0].ReferencedSOPInstanceUID]
            points = np.array(contour_item.ContourData, float).reshape(-1, 3)
            cosines = np.array(image.ImageOrientationPatient, float)
            normal = np.cross(cosines[:3], cosines[3:])
            away = (points - np.array(image.ImagePositionPatient, float)) @ normal
            assert np.abs(away).max() < 0.01


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_organs_stand_where_they_were_drawn(phantom, folders, direction):
    folder, _ = folders[direction]
    volume = read_series(folder / "ct")
    found = read_rtstruct(folder / "rs.dcm", volume)
    for s in phantom.truth:
        if s.name in ("External", "SpinalCord") and direction in ANGLES:
            continue  # the oblique images cut both
        shift = np.linalg.norm(centre(found.find(s.name), volume.grid) - centre(s, phantom.ct.grid))
        assert shift < (0.01 if direction in TURNS else 1.5), s.name


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_masks_of_the_axial_volume_go_into_the_images_planes_and_back(folders, direction, tmp_path):
    folder, _ = folders[direction]
    volume = read_series(folder / "ct")
    drawn = read_rtstruct(folder / "rs.dcm", volume)
    bare = replace(drawn, structures=tuple(replace(s, contours=()) for s in drawn))
    write_rtstruct(bare, volume, tmp_path / "rs.dcm")
    back = read_rtstruct(tmp_path / "rs.dcm", volume)
    for s in drawn:
        a, b = s.full(volume.grid.shape), back.find(s.name).full(volume.grid.shape)
        assert np.array_equal(a, b) if direction in TURNS else s.voxels < 500 or dice(a, b) > 0.97, s.name


def same_structures(one, other, axial, turned, exact, volume_share=0.05):
    for s in one.structures:
        same = other.structures.find(s.name)
        assert np.linalg.norm(centre(s, axial.grid) - centre(same, turned.grid)) < (0.01 if exact else SLICE_MM), s.name
        ratio = other.structures.volume_cc(same) / one.structures.volume_cc(s)
        assert ratio == pytest.approx(1.0, abs=1e-6 if exact else volume_share), s.name


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["sagittal", "feet first", "oblique"])
def test_outline_lungs_and_l3_are_the_same_in_every_direction(folders, direction):
    axial, turned = (read_series(folders[d][0] / "ct") for d in ("axial", direction))
    exact = direction in TURNS
    same_structures(contour(axial, "body"), contour(turned, "body"), axial, turned, exact)
    one, other = (measure_l3(v).measured for v in (axial, turned))
    assert other.level.level_mm == pytest.approx(one.level.level_mm, abs=0.01 if exact else 10.0)
    assert other.values["muscle_cm2"] == pytest.approx(one.values["muscle_cm2"], rel=1e-6 if exact else 0.15)
    assert ("resampled" in other.flags) == (not exact)


@pytest.mark.slow
def test_the_network_finds_the_same_organs_in_oblique_and_coronal_images(tmp_path):
    neck = sample_patient(spacing_mm=(5.0, 4.0, 4.0), z_range_mm=(-230.0, 138.0))
    found = {}
    for direction in ("axial", "oblique", "coronal"):
        write_patient(neck, direction, tmp_path / direction)
        volume = read_series(tmp_path / direction)
        found[direction] = contour(volume, "hn_oar", structures=["Parotid_L", "Parotid_R", "Brainstem"]), volume
    for direction in ("oblique", "coronal"):
        (one, axial), (other, turned) = found["axial"], found[direction]
        same_structures(one, other, axial, turned, direction in TURNS, 0.3)  # noise and 5 mm slices twice resampled
        assert all(w in other.warnings for w in turned.source.warnings)


@pytest.mark.slow
def test_the_predicted_dose_is_the_same_in_oblique_and_sagittal_images(tmp_path):
    neck = sample_patient(spacing_mm=(5.0, 4.0, 4.0), z_range_mm=(-260.0, 138.0))
    prescription = Prescription({"PTV_7000": 70.0, "PTV_5600": 56.0}, 35)
    means = {}
    for direction in ("axial", "sagittal", "oblique"):
        _, truth = write_patient(neck, direction, tmp_path / direction / "ct")
        rtstruct = tmp_path / direction / "rs.dcm"
        write_rtstruct(truth, read_series(tmp_path / direction / "ct", as_stored=True), rtstruct)
        volume = read_series(tmp_path / direction / "ct")
        structures = read_structures(rtstruct, volume)
        dose = predict_dose(volume, structures, prescription, "hn_dose").dose
        means[direction] = {row["structure"]: row["value"] for row in evaluate(dose, structures, prescription,
                                                                              []).metric_rows
                            if row["metric"] == "Dmean[Gy]" and row["value"] is not None}
    for direction, most in (("sagittal", 0.1), ("oblique", 2.0)):
        assert means[direction].keys() == means["axial"].keys()
        for name, gray in means["axial"].items():
            assert abs(means[direction][name] - gray) < most, (direction, name)
