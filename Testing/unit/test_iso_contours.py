"""Contours of probability maps at one half: finer than voxels, and on the right side of each voxel centre."""

import numpy as np
import pytest

from radoncai.cli.main import main
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.isolines import iso_rings
from radoncai.core.polygons import polygon_area, polygons_to_mask
from radoncai.core.volume import Volume
from radoncai.dicom.check.judge import check_rtstruct
from radoncai.dicom.convert import convert
from radoncai.dicom.image import write_image
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series

SHAPE, SPACING = (14, 48, 52), (2.0, 1.2, 1.1)
CENTRE = np.array((1.37, -2.71, 0.43))  # LPS mm, off every voxel centre
EDGE_MM = 0.7  # of the logistic fall


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """ct/ of an axial series, and sagittal/ one whose images lie along y and -z."""
    place = tmp_path_factory.mktemp("iso")
    grid = Grid.axial(SHAPE, SPACING, tuple(-(np.array(SHAPE[::-1]) - 1) / 2 * SPACING[::-1]))
    write_ct_series(Volume(np.zeros(SHAPE, np.int16), grid, "CT", "HU"), place / "ct", patient_id="P1")
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([(0, 0, 1.5), (1.1, 0, 0), (0, -1.2, 0)])
    shape = (26, 40, 48)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    sagittal = Volume(np.zeros(shape, np.int16), Grid(shape, matrix), "CT", "HU")
    write_ct_series(sagittal, place / "sagittal", patient_id="P1")
    return place


def probability(grid, radius, inner=0.0):
    """A ball with a logistic edge, hollow where `inner` is given."""
    axes = [np.arange(n) for n in grid.shape]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    away = np.linalg.norm(grid.to_lps(np.stack([i, j, k], axis=-1).reshape(-1, 3)) - CENTRE, axis=1)
    share = 1 / (1 + np.exp((away - radius) / EDGE_MM))
    if inner:
        share *= 1 / (1 + np.exp((inner - away) / EDGE_MM))
    return share.reshape(grid.shape).astype(np.float32)


def volumes(path, grid):
    """Area of contours times the slice distance, cc, holes taken off."""
    (roi,) = read_contours(path).rois
    areas = [polygon_area(grid.to_index(c.points)[:, :2]) for c in roi.contours]
    return sum(areas) * grid.voxel_cc


def truth_on_slices(grid, radius):
    """What exact circles on the slices enclose, cc."""
    z = grid.to_lps(np.column_stack([np.zeros((grid.shape[0], 2)), np.arange(grid.shape[0])]))[:, 2] - CENTRE[2]
    return np.pi * np.clip(radius**2 - z**2, 0, None).sum() * grid.spacing_mm[0] / 1000


@pytest.mark.parametrize("radius", [3.3, 5.2, 8.1, 11.4])
def test_a_balls_volume_is_far_nearer_than_its_masks(folder, tmp_path, radius):
    ct = read_series(folder / "ct")
    share = probability(ct.grid, radius)
    write_image(Volume(share, ct.grid), tmp_path / "Ball.nrrd")
    said = convert(tmp_path / "Ball.nrrd", tmp_path / "rs.dcm", ct, contours="iso")
    true = truth_on_slices(ct.grid, radius)
    drawn = volumes(tmp_path / "rs.dcm", ct.grid)
    assert drawn == pytest.approx(true, rel=0.02 if radius < 5 else 0.004)
    assert f"{drawn:.2f} cc inside its contours" in " ".join(said)
    assert "every voxel the same" in " ".join(said)
    assert np.array_equal(read_rtstruct(tmp_path / "rs.dcm", ct).find("Ball").full(SHAPE), share >= 0.5)
    assert check_rtstruct(tmp_path / "rs.dcm", ct) == ()


def test_volume_errors_are_less_than_a_third_of_the_masks(folder):
    grid = read_series(folder / "ct").grid
    drawn, voxels = [], []
    for radius in np.linspace(4, 11, 15):
        share, true = probability(grid, radius), truth_on_slices(grid, radius)
        drawn.append(sum(polygon_area(r) for plane in share for r in iso_rings(plane)) * grid.voxel_cc / true - 1)
        voxels.append((share >= 0.5).sum() * grid.voxel_cc / true - 1)
    assert np.std(voxels) > 0.004 and np.linalg.norm(drawn) < 0.3 * np.linalg.norm(voxels)


@pytest.mark.parametrize("holes", ["keyhole", "xor"])
def test_a_hollow_ball_on_another_grid_and_on_sagittal_images(folder, tmp_path, holes):
    fine = Grid.axial((40, 60, 60), (0.8, 0.9, 0.9), (-26.5, -26.5, -15.6))
    write_image(Volume(probability(fine, 10.0, 5.0), fine), tmp_path / "Shell.nii.gz")
    true = 4 / 3 * np.pi * (10.0**3 - 5.0**3) / 1000
    for series in ("ct", "sagittal"):
        ct = read_series(folder / series)
        planes = ct.source.planes.grid if ct.source.planes else ct.grid
        said = convert(tmp_path / "Shell.nii.gz", tmp_path / "rs.dcm", ct, contours="iso", holes=holes)
        assert any("was interpolated onto the images" in text for text in said)
        assert volumes(tmp_path / "rs.dcm", planes) == pytest.approx(true, rel=0.02)
        kinds = {c.kind for c in read_contours(tmp_path / "rs.dcm").rois[0].contours}
        assert kinds == {"CLOSEDPLANAR_XOR" if holes == "xor" else "CLOSED_PLANAR"}
        assert any("every voxel the same" in text for text in said), said


def test_single_pixels_corners_and_ties_stay_on_their_side():
    rng = np.random.default_rng(3)
    for share in (np.eye(1), np.full((4, 5), 0.5), rng.random((30, 33)).round(1), np.eye(6) * 0.51):
        assert np.array_equal(polygons_to_mask(iso_rings(share), share.shape), share >= 0.5)
    assert iso_rings(np.full((5, 5), 0.49)) == []


def test_a_folder_of_maps_by_command_and_what_is_no_probability(folder, tmp_path, capsys):
    grid = read_series(folder / "ct").grid
    for name, share in (("Ball", probability(grid, 8.0)), ("Faint", 0.4 * probability(grid, 8.0))):
        write_image(Volume(share, grid), tmp_path / "maps" / f"{name}.nii.gz")
    command = ["convert", str(tmp_path / "maps"), "--ct", str(folder / "ct"), "--contours", "iso", "-o"]
    assert main([*command, str(tmp_path / "rs.dcm")]) == 0
    assert "Faint was left out: its highest probability is 0.40." in capsys.readouterr().out
    ct = read_series(folder / "ct")
    write_image(Volume(100 * probability(grid, 8.0), grid), tmp_path / "percent.nrrd")
    for source, words in ((tmp_path / "percent.nrrd", "no map of probabilities"), (tmp_path / "rs.dcm", "is no NIfTI")):
        with pytest.raises(InputError, match=words):
            convert(source, tmp_path / "no.dcm", ct, contours="iso")
    assert main([*command, str(tmp_path / "out.nrrd")]) == 2
