"""What a person is told of a registration that is not needed, cannot be checked, or has little to go by."""

import json

import numpy as np
import pytest
from data.odd_dicom import ball_volume

from radoncai.cli.main import main
from radoncai.contour.images.placed import NEEDLESS, place
from radoncai.contour.images.registered import matrix_of_file, write_registration
from radoncai.core import rigid
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.rigid import Rigid, motion, register
from radoncai.core.volume import Source, Volume
from radoncai.dicom.image import write_image
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series

GRID = Grid.axial((14, 32, 32), (4.0, 4.0, 4.0), (-62.0, -62.0, -26.0))


def ball(series, patient="P1", frame="1.1", centre=(0, 0, 0)):
    """A ball of 20 mm with a noise of some HU."""
    source = Source(patient_id=patient, frame_uid=frame, series_uid=series, sha256=series)
    array = ball_volume(GRID, centre, 20.0).array + np.random.default_rng(0).integers(-15, 15, GRID.shape)
    return Volume(array, GRID, "CT", "HU", source)


def moved(shift_mm):
    matrix = np.eye(4)
    matrix[0, 3] = shift_mm
    return matrix


def wrote(matrix, fixed, moving, folder):
    write_registration(Rigid(matrix, motion(matrix, moving.grid)), fixed, moving, folder)
    return folder / "registration.json"


@pytest.mark.parametrize("shift, far", [(5.0, False), (12.0, True)])
def test_a_file_that_overrides_a_shared_frame_says_so(tmp_path, shift, far):
    ct, mr = ball("2.1"), ball("2.2")
    said = place("MR", mr, ct, wrote(moved(shift), ct, mr, tmp_path)).said
    assert said[0] == ("Overridden: the image MR shares the frame of reference of the planning image, but the given "
                       f"registration moves it by {shift:.1f} mm and turns it by 0.0 degrees.")
    assert any("much between images of one frame of reference" in text for text in said) is far


def test_in_one_frame_the_series_say_which_image_is_moved(tmp_path):
    ct, mr = ball("2.1"), ball("2.2")
    path = wrote(moved(5.0), ct, mr, tmp_path)
    assert np.allclose(matrix_of_file(path, mr, ct, "both"), moved(5.0))
    assert np.allclose(matrix_of_file(path, ct, mr, "both"), moved(-5.0))
    with pytest.raises(InputError, match="about other images"):
        matrix_of_file(path, ball("2.3"), ct, "both")


@pytest.mark.parametrize("how", ["file", "none"])
@pytest.mark.parametrize("planning, further, who", [
    ("P1", "", "the further image states no patient ID."), ("", "P1", "the planning image states no patient ID."),
    ("", "", "neither image states a patient ID."), ("P1", "P1", None)])
def test_patients_that_cannot_be_compared_are_named(tmp_path, how, planning, further, who):
    ct, mr = ball("2.1", planning), ball("2.2", further, "1.2")
    path = wrote(moved(5.0), ct, mr, tmp_path)
    said = [s for s in place("MR", mr, ct, path if how == "file" else how).said if "one patient" in s]
    assert said == ([f"Whether both images are of one patient could not be compared: {who}"] if who else [])


def test_two_patients_are_refused_whatever_the_registration(tmp_path):
    ct, mr = ball("2.1"), ball("2.2", "P2", "1.2")
    path = wrote(moved(5.0), ct, mr, tmp_path)
    for how in (path, "none"):
        with pytest.raises(InputError, match="patient IDs .* differ"):
            place("MR", mr, ct, how)


def test_the_command_keeps_its_doubts_and_contour_repeats_them(tmp_path, capsys):
    """A CT series and an NRRD of the same ball: nothing says whose the NRRD is."""
    write_ct_series(ball("2.1"), tmp_path / "ct", patient_id="P1", seed="a")
    write_image(ball("2.2", centre=(4, 0, 0)), tmp_path / "other.nrrd")
    assert main(["register", str(tmp_path / "ct"), str(tmp_path / "other.nrrd"), "-o", str(tmp_path / "reg")]) == 0
    doubt = "Whether both images are of one patient could not be compared: the further image states no patient ID."
    assert doubt in capsys.readouterr().out
    kept = json.loads((tmp_path / "reg" / "registration.json").read_text())
    assert doubt in kept["warnings"]
    assert kept["matrix_maps"] == "moving image LPS mm to planning image LPS mm"
    assert kept["shift_at"].startswith("middle of the moving image")


def test_the_command_keeps_that_no_registration_was_needed(tmp_path, capsys):
    for name in ("a", "b"):
        write_ct_series(ball("2.1"), tmp_path / name, patient_id="P1", seed=name, frame_uid="1.2.3")
    assert main(["register", str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(tmp_path / "reg")]) == 0
    assert NEEDLESS in capsys.readouterr().out
    path = tmp_path / "reg" / "registration.json"
    assert NEEDLESS in json.loads(path.read_text())["warnings"]
    placed = place("MR", read_series(tmp_path / "b"), read_series(tmp_path / "a"), path)
    assert placed.said[0].startswith("Overridden: the image MR shares the frame") and NEEDLESS in placed.said


@pytest.mark.parametrize("values", [2, 7])
def test_a_mask_is_no_image(values):
    ct = ball("2.1")
    levels = np.arange(GRID.shape[0] * 32 * 32).reshape(GRID.shape) % values
    with pytest.raises(InputError, match=f"The moving image holds only {values} values; it is a mask, not an image"):
        register(ct, Volume(levels.astype(np.int16), GRID, "MR", "1"))


def test_images_that_hardly_meet_are_refused(monkeypatch):
    monkeypatch.setattr(rigid, "_overlap", lambda *_: 0.04)
    with pytest.raises(InputError, match="Only 4 % of the body .*choose images of the same part of the body"):
        register(ball("2.1"), ball("2.2"))


@pytest.mark.parametrize("content", ["{", "[]", '{"matrix": [[1]], "inputs": {"fixed": "a", "moving": "b"}}', "\0"])
def test_a_damaged_file_is_refused_in_plain_words(tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(InputError) as problem:
        matrix_of_file(tmp_path / "bad.json", ball("2.2"), ball("2.1"), "both")
    assert str(problem.value).endswith("is no registration of radoncai register, or it is damaged; register the images "
                                       "again.")
