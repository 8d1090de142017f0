"""`radoncai demo`: what a newcomer gets, judged by the phantom's truth and by other people's programs."""

import csv
import json
import re

import numpy as np
import pytest
from programs import errors, plastimatch_masks

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    from radoncai.cli.main import main

    folder = tmp_path_factory.mktemp("demo") / "out"
    assert main(["demo", "-o", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def volume(demo):
    from radoncai.dicom.image import read_image

    return read_image(demo / "patient" / "ct")


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_everything_lies_in_one_folder(demo):
    expected = {"contour": ("rtstruct.dcm", "structures.seg.nrrd", "structures.csv", "provenance.json"),
                "dose": ("rtdose.dcm", "rtplan.dcm", "dvh.csv", "dvh_metrics.csv", "goals.csv", "provenance.json"),
                "bodycomp": ("result.json", "bodycomp.csv", "l3.png", "tissue.nrrd", "provenance.json")}
    for folder, names in expected.items():
        for name in names:
            assert (demo / folder / name).is_file(), f"{folder}/{name}"


def test_the_report_is_one_file_that_asks_the_network_for_nothing(demo):
    page = (demo / "report.html").read_text(encoding="utf-8")
    assert len(page) < 5_000_000
    assert not re.findall(r"""(?:src|href)=["']https?:""", page)
    assert "not approved" in page and "not a medical device" in page.lower()


def test_contours_lie_on_what_was_drawn(demo, volume):
    from radoncai.dicom.rtstruct.reader import read_rtstruct

    truth = read_rtstruct(demo / "patient" / "truth.dcm", volume)
    found = read_rtstruct(demo / "contour" / "rtstruct.dcm", volume)
    for name, least in (("External", 0.97), ("Lung_L", 0.9), ("Lung_R", 0.9), ("PTV_7000", 1.0), ("SpinalCord", 0.5),
                        ("Brainstem", 0.5), ("Bone_Mandible", 0.5)):
        a, b = truth.find(name).full(volume.grid.shape), found.find(name).full(volume.grid.shape)
        assert 2 * (a & b).sum() / (a.sum() + b.sum()) >= least, name


def test_the_dose_covers_the_target_and_spares_what_lies_far(demo):
    metrics = {(r["structure"], r["metric"]): r for r in rows(demo / "dose" / "dvh_metrics.csv")}
    assert 60 < float(metrics["PTV_7000", "D95%[Gy]"]["value"]) < 73
    assert 66 < float(metrics["PTV_7000", "Dmean[Gy]"]["value"]) < 75
    assert float(metrics["Brainstem", "D0.03cc[Gy]"]["value"]) < 60
    assert all(r["low"] and r["high"] for r in metrics.values() if r["metric"] == "D95%[Gy]" and r["value"])


def test_muscle_and_fat_lie_near_what_was_drawn_at_l3(demo):
    from radoncai.phantom.patient import sample_patient

    result = json.loads((demo / "bodycomp" / "result.json").read_text())
    phantom = sample_patient()
    assert abs(result["level_mm"] - phantom.vertebrae["L3"]) < 15
    pixel_cm2 = np.prod(phantom.ct.grid.spacing_mm[1:]) / 100
    for column, label in (("muscle_cm2", 1), ("sat_cm2", 2), ("vat_cm2", 3)):
        assert result[column] == pytest.approx((phantom.tissue == label).sum() * pixel_cm2, rel=0.25), column


@pytest.mark.parametrize("name", ["contour/rtstruct.dcm", "dose/rtdose.dcm", "dose/rtplan.dcm", "patient/truth.dcm"])
@pytest.mark.parametrize("program", ["dciodvfy", "drtdump"])
def test_other_programs_accept_the_files(demo, name, program):
    assert errors(program, demo / name) == []


def test_a_ct_slice_is_a_valid_ct_image(demo):
    assert errors("dciodvfy", sorted((demo / "patient" / "ct").iterdir())[100]) == []


def test_plastimatch_reads_the_contours_as_they_were_drawn(demo, volume, tmp_path):
    from radoncai.dicom.masks.labels import read_labels
    from radoncai.dicom.rtstruct.reader import read_rtstruct

    ours = read_rtstruct(demo / "contour" / "rtstruct.dcm", volume)
    masks = plastimatch_masks(demo / "contour" / "rtstruct.dcm", demo / "patient" / "ct", tmp_path / "masks")
    for s in ours:
        if ours.volume_cc(s) < 1:
            continue
        theirs = read_labels(masks / f"{s.name}.nrrd")
        a, b = s.full(volume.grid.shape), theirs.structures[0].full(theirs.grid.shape)
        assert 2 * (a & b).sum() / (a.sum() + b.sum()) >= 0.99, s.name
