"""Rigid registration of a drawn MR onto the CT of the same head, with known motion."""

import json
from functools import cache

import numpy as np
import pytest
from data.drawn_mr import drawn_mr, planning_ct
from PIL import Image

from radoncai.cli.main import main
from radoncai.contour.images.placed import place
from radoncai.core.errors import Cancelled, InputError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.rigid import motion, register
from radoncai.dicom.image import read_image, write_image

pytestmark = pytest.mark.slow


def miss_mm(found, truth, grid):
    """Largest distance over the corners of the inner 70 % of the moving image: a target registration error."""
    middle = grid.corners().mean(axis=0)
    points = middle + 0.7 * (grid.corners() - middle)
    away = points @ (found - truth)[:3, :3].T + (found - truth)[:3, 3]
    return float(np.linalg.norm(away, axis=1).max())


@cache
def registered(degrees, shift):
    return register(planning_ct(), drawn_mr(degrees, shift)[0])


@pytest.mark.parametrize("degrees, shift", [
    ((4, -3, 6), (8, -12, 15)), ((-8, 5, 12), (-20, 10, -25))])
def test_an_mr_finds_its_place_on_the_ct(degrees, shift):
    mr, truth = drawn_mr(degrees, shift)
    result = registered(degrees, shift)
    assert miss_mm(result.matrix, truth, mr.grid) < 1.0
    assert np.allclose(result.matrix[:3, :3] @ result.matrix[:3, :3].T, np.eye(3), atol=1e-9)
    assert result.figures["turn_degrees"] == pytest.approx(motion(truth, mr.grid)["turn_degrees"], abs=0.3)
    assert result.warnings == ()


def test_the_same_images_give_the_same_registration():
    mr, _ = drawn_mr((4, -3, 6), (8, -12, 15))
    assert np.array_equal(registered((4, -3, 6), (8, -12, 15)).matrix, register(planning_ct(), mr).matrix)


def test_figures_say_what_moved_and_what_it_gained():
    """An MR that lies 6 mm too far to the left in the frame of the CT."""
    mr, truth = drawn_mr((0, 0, 0), (0, 0, 0))
    truth[0, 3] += 6.0
    moving = mr.with_array(mr.array, Grid(mr.grid.shape, truth @ mr.grid.index_to_lps))
    figures = register(planning_ct(), moving).figures
    assert figures["shift_l_mm"] == pytest.approx(-6.0, abs=0.5) and abs(figures["shift_s_mm"]) < 0.5
    assert figures["information_after"] > figures["information_before"] + 0.1
    assert figures["overlap"] > 0.8


def test_images_without_contrast_or_depth_are_refused():
    ct = planning_ct()
    mr, _ = drawn_mr((0, 0, 0), (0, 0, 0))
    with pytest.raises(InputError, match="without contrast"):
        register(ct, mr.with_array(np.zeros_like(mr.array)))
    with pytest.raises(InputError, match="too thin"):
        register(ct, mr.crop((slice(0, 2), slice(0, 110), slice(0, 100))))


def test_a_registration_stops_when_asked():
    class Stopping(Progress):
        def step(self, name, fraction=0.0):
            if name == "registering" and fraction > 0:
                self.cancel()
            super().step(name, fraction)
    with pytest.raises(Cancelled):
        register(planning_ct(), drawn_mr((0, 0, 0), (0, 0, 0))[0], Stopping())


def test_the_command_writes_a_matrix_and_a_picture_that_contours_accept(tmp_path, capsys):
    ct, (mr, truth) = planning_ct(), drawn_mr((4, -3, 6), (8, -12, 15))
    write_image(ct, tmp_path / "ct.nrrd")
    write_image(mr, tmp_path / "mr.nrrd")
    assert main(["register", str(tmp_path / "ct.nrrd"), str(tmp_path / "mr.nrrd"), "-o", str(tmp_path / "reg"),
                 "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == ["checkerboard.png", "registration.json", "registration.tfm"]
    assert miss_mm(np.array(said["matrix"]), truth, mr.grid) < 1.0 and said["figures"]["overlap"] > 0.8
    with Image.open(tmp_path / "reg" / "checkerboard.png") as picture:
        assert picture.width > 2 * picture.height and np.ptp(np.asarray(picture.convert("L"))) == 255
    fixed, moving = (read_image(tmp_path / f"{name}.nrrd") for name in ("ct", "mr"))
    placed = place("MR", moving, fixed, tmp_path / "reg" / "registration.json")
    assert np.array_equal(placed.to_planning, np.array(said["matrix"])) and len(placed.record["sha256"]) == 64
    assert json.loads((tmp_path / "reg" / "registration.json").read_text())["accepted"] is False
