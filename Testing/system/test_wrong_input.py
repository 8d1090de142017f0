"""Wrong input ends in one sentence, the exit code of the design, and no file left behind."""

import numpy as np
import pytest

from radoncai.cli.main import main
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series

GRID = Grid.axial((24, 48, 48), (3.0, 4.0, 4.0), (-96.0, -96.0, 0.0))


def head(grid=GRID) -> Volume:
    """A cylinder of water, as wide as a neck."""
    k, j, i = np.indices(grid.shape)
    water = np.hypot(j - 24, i - 24) * 4 < 70
    return Volume(np.where(water, 20, -1000).astype(np.int16), grid, "CT", "HU")


def ball(name, centre, radius_mm, role="oar"):
    k, j, i = np.indices(GRID.shape)
    distance = np.sqrt(((k - centre[0]) * 3) ** 2 + ((j - centre[1]) * 4) ** 2 + ((i - centre[2]) * 4) ** 2)
    return Structure.from_full(name, distance < radius_mm, role=role)


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patient")
    volume = write_ct_series(head(), folder / "ct", patient_id="A")
    structures = StructureSet(GRID, (ball("PTV_7000", (12, 24, 24), 20, "ptv"), ball("SpinalCord", (12, 34, 24), 8)))
    write_rtstruct(structures, volume, folder / "rs.dcm")
    other = write_ct_series(head(), folder / "other_ct", patient_id="B")
    write_rtstruct(structures, other, folder / "other_rs.dcm")
    return folder


@pytest.fixture
def fails(capsys, tmp_path):
    """Run a command that must fail; returns its sentence."""

    def run(code, *arguments):
        out = tmp_path / "out"
        assert main([*map(str, arguments), "-o", str(out)]) == code
        captured = capsys.readouterr()
        assert captured.out == ""
        assert not out.exists() and not list(tmp_path.glob(".radoncai*")), "something was left behind"
        last = captured.err.strip().splitlines()[-1]
        assert last.startswith("radoncai: error: ") and last.endswith((".", "?"))
        return last

    return run


def contour(folder):
    return "contour", folder, "--model", "body"


def test_empty_folder(fails, tmp_path):
    (tmp_path / "in").mkdir()
    assert "DICOM" in fails(2, *contour(tmp_path / "in"))


def test_folder_that_is_not_there(fails, tmp_path):
    assert "nowhere" in fails(2, *contour(tmp_path / "nowhere"))


def test_text_file_named_dcm(fails, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "image.dcm").write_text("no image at all, only words")
    assert "DICOM" in fails(2, *contour(tmp_path / "in"))


def test_truncated_dicom(fails, patient, tmp_path):
    (tmp_path / "in").mkdir()
    files = sorted((patient / "ct").iterdir())
    for number, file in enumerate(files):
        content = file.read_bytes()
        (tmp_path / "in" / file.name).write_bytes(content[: len(content) // 2] if number == 7 else content)
    fails(2, *contour(tmp_path / "in"))


def test_slices_missing_in_the_middle(fails, patient, tmp_path):
    (tmp_path / "in").mkdir()
    for number, file in enumerate(sorted((patient / "ct").iterdir())):
        if number not in (9, 10):
            (tmp_path / "in" / file.name).write_bytes(file.read_bytes())
    sentence = fails(2, *contour(tmp_path / "in"))
    assert "missing" in sentence and "--gaps interpolate" in sentence


def test_series_of_two_patients_are_listed(fails, patient, tmp_path):
    (tmp_path / "in").mkdir()
    for folder in ("ct", "other_ct"):
        for file in (patient / folder).iterdir():
            (tmp_path / "in" / f"{folder}{file.name}").write_bytes(file.read_bytes())
    assert "--series" in fails(2, *contour(tmp_path / "in"))


def test_unknown_model_offers_close_names(fails, patient):
    assert "hn_dose" in fails(3, "contour", patient / "ct", "--model", "hn_dos")


def test_unknown_structure_of_a_model(fails, patient):
    assert "Lung_L" in fails(2, *contour(patient / "ct"), "--structures", "Lungs_X")


def test_prescription_for_a_structure_that_is_not_there(fails, patient):
    sentence = fails(2, "dose", patient / "ct", "--structures", patient / "rs.dcm", "--prescription", "PTV_6300=63")
    assert "PTV_6300" in sentence and "PTV_7000" in sentence


def test_prescription_that_is_not_one(fails, patient):
    fails(2, "dose", patient / "ct", "--structures", patient / "rs.dcm", "--prescription", "PTV_7000")


def test_prescription_in_cgy_or_given_twice(fails, patient):
    dose = "dose", patient / "ct", "--structures", patient / "rs.dcm", "--prescription"
    assert "not cGy" in fails(2, *dose, "PTV_7000=7000")
    assert "twice" in fails(2, *dose, "PTV_7000=60,PTV_7000=70")


def test_prescription_for_an_organ(fails, patient):
    assert "target" in fails(
        2, "dose", patient / "ct", "--structures", patient / "rs.dcm", "--prescription", "SpinalCord=70"
    )


def test_prescription_outside_the_training(fails, patient):
    assert "50 Gy" in fails(
        2, "dose", patient / "ct", "--structures", patient / "rs.dcm", "--prescription", "PTV_7000=50"
    )


def test_structures_of_another_patient(fails, patient):
    sentence = fails(
        2, "dose", patient / "ct", "--structures", patient / "other_rs.dcm", "--prescription", "PTV_7000=70"
    )
    assert "--same-patient" in sentence


def test_ct_without_l3(fails, patient):
    assert "L3" in fails(2, "bodycomp", patient / "ct")


def test_option_that_does_not_exist(fails, patient):
    assert "--colour" in fails(2, *contour(patient / "ct"), "--colour", "red")
