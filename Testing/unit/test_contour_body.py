"""Body and lungs against drawn anatomy and, where the data folder is there, a real CT."""

from pathlib import Path

import numpy as np
import pytest

from radoncai.contour.body import couch_row, external
from radoncai.contour.classical import body
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real_ct"
SHAPE, SPACING = (40, 120, 170), (5.0, 3.1, 2.9)


def coordinates(shape=SHAPE, spacing=SPACING):
    k, j, i = (n * s for n, s in zip(np.indices(shape), spacing, strict=True))
    return k, j - 180.0, i - 245.0


def chest(couch=True, touching=False, arms=True, noise=0.0):
    """Trunk with two lungs, windpipe and arms on a couch; HU and the true masks."""
    z, y, x = coordinates()
    hu = np.full(SHAPE, -1000.0, np.float32)
    trunk = (x / 170) ** 2 + (y / 110) ** 2 < 1
    arm = (((np.abs(x) - 212) / 28) ** 2 + ((y - 20) / 40) ** 2 < 1) & arms
    gap = 0.0 if touching else 12.0
    lungs = {"Lung_L": ((x - 75 + gap / 2) / 76) ** 2 + (y / 80) ** 2 + ((z - 70) / 80) ** 2 < 1,
             "Lung_R": ((x + 75 - gap / 2) / 76) ** 2 + (y / 80) ** 2 + ((z - 70) / 80) ** 2 < 1}
    if not touching:
        lungs = {n: m & (np.abs(x) > 6) for n, m in lungs.items()}
    pipe = (x / 10) ** 2 + ((y - 10) / 10) ** 2 < 1
    pipe &= z > 110
    hu[trunk | arm] = 20.0
    for mask in lungs.values():
        hu[mask] = -800.0
    hu[pipe] = -990.0
    if couch:
        hu[(y > 118) & (y < 150) & (np.abs(x) < 230)] = -150.0
    hu += np.random.default_rng(0).normal(0, noise, SHAPE).astype(np.float32) if noise else 0
    return hu, {"External": trunk | arm, **{n: m & ~pipe for n, m in lungs.items()}}


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.mark.parametrize("noise", [0.0, 40.0])
def test_the_outline_has_arms_and_no_couch(noise):
    hu, truth = chest(noise=noise)
    mask = external(hu, Grid.axial(SHAPE, SPACING), Progress())
    assert dice(mask, truth["External"]) > 0.985
    y = coordinates()[1]
    assert np.count_nonzero(mask & (y > 118)) < 0.002 * np.count_nonzero(mask)


def test_a_flat_couch_is_seen_and_a_body_is_not_taken_for_one():
    hu, _ = chest()
    row = couch_row(hu > -300, SPACING)
    assert abs(row * SPACING[1] - 180.0 - 118) < 2 * SPACING[1]
    assert couch_row(chest(couch=False)[0] > -300, SPACING) is None


@pytest.mark.parametrize("touching", [False, True])
def test_lungs_are_told_apart_and_the_windpipe_is_out(touching):
    hu, truth = chest(touching=touching, noise=20.0)
    found = body(Volume(hu, Grid.axial(SHAPE, SPACING), "CT", "HU"), Progress())
    for name in ("Lung_L", "Lung_R"):
        assert dice(found[name], truth[name]) > 0.95
    assert not (found["Lung_L"] & found["Lung_R"]).any()


def test_without_a_chest_there_are_no_lungs_even_with_gas():
    hu, truth = chest()
    hu[truth["Lung_L"] | truth["Lung_R"]] = 20.0
    z, y, x = coordinates()
    hu[((x - 60) / 30) ** 2 + ((y + 40) / 30) ** 2 + ((z - 90) / 40) ** 2 < 1] = -1000.0
    found = body(Volume(hu, Grid.axial(SHAPE, SPACING), "CT", "HU"), Progress())
    assert isinstance(found["Lung_L"], str)
    assert isinstance(found["Lung_R"], str)
    assert found["External"].any()


def test_an_image_of_air_has_no_body():
    found = body(Volume(np.full((5, 7, 11), -1000.0), Grid.axial((5, 7, 11), (3.0, 1.1, 0.9)), "CT", "HU"), Progress())
    assert all(isinstance(part, str) for part in found.values())


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/real_ct is not there")
def test_lung_bases_on_a_real_ct_agree_with_its_labels():
    import SimpleITK as sitk
    image = sitk.ReadImage(str(REAL / "abdomen_3mm" / "ct.nrrd"))
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(REAL / "abdomen_3mm" / "labels_total117.nrrd")))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    array = sitk.GetArrayFromImage(image)
    found = body(Volume(array, Grid(array.shape, matrix), "CT", "HU"), Progress())
    rows = [line.split(",") for line in (REAL / "labels_total117.csv").read_text().splitlines()[1:]]
    for side, name in (("left", "Lung_L"), ("right", "Lung_R")):
        lung = [int(row[0]) for row in rows if row[1].startswith("lung") and row[1].strip().endswith(side)]
        assert dice(found[name], np.isin(labels, lung)) > 0.9
