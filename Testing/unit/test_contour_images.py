"""Further images: how they lie, which image of a model they are, and contours brought from one to the other."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data.drawn_mr import drawn_mr, planning_ct
from data.odd_dicom import ball_volume, edit, oriented_grid
from data.registrations import write_registration
from scipy.spatial.transform import Rotation

from radoncai.cli.main import main
from radoncai.contour.images.carry import onto
from radoncai.contour.images.placed import PLANNING, Placed, assigned, place, relation
from radoncai.contour.images.registered import matrix_of_file
from radoncai.contour.images.registered import write_registration as write_rigid
from radoncai.contour.presets.choose import Share
from radoncai.contour.several import Images, run_shares
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.resample import resample_array
from radoncai.core.rigid import Rigid
from radoncai.core.structures import Structure
from radoncai.core.volume import Source, Volume
from radoncai.dicom.masks.labels import read_labels
from radoncai.dicom.rtstruct.reader import read_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series
from radoncai.models.catalogue import read_folder
from radoncai.models.runners import classical
from radoncai.models.spec import ImageSpec, ModelSpec

AXIAL = (1, 0, 0, 0, 1, 0)
PLACE, RADIUS = (6.0, -20.0, 40.0), 15.0


def motion():
    """From the MR's frame of reference to the CT's."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", (8, -5, 12), degrees=True).as_matrix()
    matrix[:3, 3] = (7.0, -11.0, 3.5)
    return matrix


def back(point):
    inverse = np.linalg.inv(motion())
    return tuple(inverse[:3, :3] @ point + inverse[:3, 3])


def ball_mask(grid, centre, radius):
    index = np.indices(grid.shape)[::-1].reshape(3, -1).T
    return (np.linalg.norm(grid.to_lps(index) - np.array(centre), axis=1) < radius).reshape(grid.shape)


@pytest.fixture
def pair(tmp_path):
    """CT and MR of one ball in two frames of reference, as DICOM series, and the clinic's registration of them."""
    ct_grid = oriented_grid(AXIAL, (25, 41, 43), (2.5, 2.0, 2.0), PLACE)
    mr_grid = oriented_grid(AXIAL, (21, 37, 45), (3.0, 2.2, 1.8), back(PLACE))
    ct = write_ct_series(ball_volume(ct_grid, PLACE, RADIUS), tmp_path / "ct", patient_id="P1", seed="ct")
    mr = write_ct_series(ball_volume(mr_grid, back(PLACE), RADIUS), tmp_path / "mr", patient_id="P1", seed="mr")
    edit(tmp_path / "mr", lambda data, n: setattr(data, "Modality", "MR"))
    (tmp_path / "reg").mkdir()
    write_registration(tmp_path / "reg" / "reg.dcm", ct.source.frame_uid, {
        ct.source.frame_uid: [np.eye(4)], mr.source.frame_uid: [motion()]})
    return tmp_path, read_series(tmp_path / "ct"), read_series(tmp_path / "mr")


@pytest.fixture
def mr_model(tmp_path, monkeypatch):
    """A model that draws what is bright on an MR."""
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "models" / "mr_ball"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps({
        "name": "mr_ball", "version": "1.0.0", "task": "contour", "runner": "classical", "title": "Bright on MR",
        "modality": ["MR"], "outputs": [{"name": "Brain"}], "inputs": [{"name": "MR"}], "licence": "Apache-2.0"}))
    monkeypatch.setitem(classical._functions, "mr_ball",
                        lambda volume, progress: {"Brain": volume.array > volume.array.max() / 2 - 250})
    return folder


@pytest.mark.parametrize("degrees", [(0, 0, 0), (20, -15, 30)])
def test_a_mask_keeps_place_and_volume_on_another_grid(degrees):
    """A ball drawn on 3 mm slices, seen on a finer and turned grid, against the ball drawn there."""
    coarse = Grid.axial((23, 40, 40), (3.0, 1.7, 1.7), (-33.0, -33.0, -33.0))
    matrix = np.diag([1.1, 1.1, 1.3, 1.0])
    matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() @ matrix[:3, :3]
    fine = Grid((50, 60, 60), matrix)
    fine = Grid(fine.shape, np.block([[matrix[:3, :3], -(matrix[:3, :3] @ [[29.5], [29.5], [24.5]])], [0, 0, 0, 1]]))
    moved = onto(Structure.from_full("Ball", ball_mask(coarse, (2, 1, -1), 20.0)), coarse, fine)
    truth = ball_mask(fine, (2, 1, -1), 20.0)
    mask = moved.full(fine.shape)
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.975
    assert mask.sum() * fine.voxel_cc == pytest.approx(4 / 3 * np.pi * 8.0, rel=0.02)
    assert onto(Structure.from_full("Ball", ball_mask(coarse, (2, 1, -1), 20.0)), coarse,
                Grid.axial((5, 5, 5), (2.0, 2.0, 2.0), (90.0, 90.0, 90.0))) is None


def test_a_mask_on_its_own_grid_stays_as_it_is():
    grid = Grid.axial((11, 30, 30), (3.0, 1.5, 1.5))
    mask = np.random.default_rng(0).random(grid.shape) > 0.7
    same = onto(Structure.from_full("Noise", mask), grid, grid)
    assert np.array_equal(same.full(grid.shape), mask)


def test_contours_of_an_mr_model_reach_the_ct_through_the_registration(pair, mr_model, capsys):
    folder, ct, mr = pair
    assert main(["contour", str(folder / "ct"), "--model", "mr_ball", "--image", f"MR={folder / 'mr'}",
                 "--registration", str(folder / "reg" / "reg.dcm"), "-o", str(folder / "out"), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["structures"][0]
    assert np.allclose([row["center_l_mm"], row["center_p_mm"], row["center_s_mm"]], PLACE, atol=0.3)
    drawn = ball_volume(mr.grid, back(PLACE), RADIUS).array > 250
    assert row["volume_cc"] == pytest.approx(drawn.sum() * mr.grid.voxel_cc, rel=0.03)
    found = read_rtstruct(folder / "out" / "rtstruct.dcm", ct)
    assert found.source.frame_uid == ct.source.frame_uid and found.names == ("Brain",)
    record = json.loads((folder / "out" / "provenance.json").read_text())
    read = record["models"][0]["inputs"]["image"]
    assert read["series_uid"] == mr.source.series_uid
    assert read["registration"]["by"] == "file" and len(read["registration"]["sha256"]) == 64
    assert read["registration"]["accepted_at"] <= record["run"] and "accepted_by_account" in read["registration"]
    assert np.allclose(read["registration"]["to_planning"], motion(), atol=1e-5)
    assert any("brought to the planning image by its registration" in w for w in record["warnings"])


def test_a_registration_is_offered_and_never_used_unasked(pair, mr_model, capsys):
    folder, _, _ = pair
    command = ["contour", str(folder / "ct"), "--model", "mr_ball", "--image", f"MR={folder / 'mr'}",
               "-o", str(folder / "out")]
    assert main(command) == 2
    assert "register it with radoncai register" in capsys.readouterr().err
    (folder / "reg" / "reg.dcm").rename(folder / "reg.dcm")
    assert main(command) == 2
    assert "reg.dcm relates the two: use it with --registration dicom" in capsys.readouterr().err
    assert main([*command, "--registration", "dicom", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["structures"][0]
    assert np.allclose([row["center_l_mm"], row["center_p_mm"], row["center_s_mm"]], PLACE, atol=0.3)
    assert main([*command, "--registration", "none", "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert any("Overridden: the image MR was taken to lie as the planning image does" in w for w in warnings)


@pytest.mark.parametrize("options, words", [
    (["--image", "MR"], "--image needs NAME=PATH"), (["--image", "MR=nowhere"], "nowhere does not exist"),
    (["--image", "MR={mr}", "--image", "MR={mr}"], "names MR twice"),
    (["--registration", "none"], "name that image with --image"),
    (["--image", "MR={mr}", "--registration", "none", "--registration", "MR=dicom"], "says twice"),
    (["--image", "MR={mr}", "--registration", "nowhere.json"], "nowhere.json does not exist"),
    (["--image", "MR={mr}", "--image", "T2={mr}", "--registration", "none"], "The image T2 is not read by mr_ball"),
    ([], "The image is CT; the model mr_ball is made for MR"),
])
def test_what_is_missing_wrong_or_too_much_is_one_sentence(pair, mr_model, capsys, options, words):
    folder, _, _ = pair
    options = [o.format(mr=folder / "mr") for o in options]
    assert main(["contour", str(folder / "ct"), "--model", "mr_ball", *options, "-o", str(folder / "out")]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("radoncai: error:") == 1 and not (folder / "out").exists()


def test_what_radoncai_register_wrote_is_read_back_whichever_way_round(pair, tmp_path):
    _, ct, mr = pair
    write_rigid(Rigid(motion(), warnings=("Look closely.",)), ct, mr, tmp_path)
    assert place("MR", mr, ct, tmp_path / "registration.json").said == ("Look closely.",)
    for name in ("registration.json", "registration.tfm"):
        assert np.allclose(matrix_of_file(tmp_path / name, mr, ct, "both"), motion(), atol=1e-9)
    assert np.allclose(matrix_of_file(tmp_path / "registration.json", ct, mr, "both"), np.linalg.inv(motion()))
    stranger = replace(mr, source=Source(frame_uid="9.9"))
    with pytest.raises(InputError, match="about other images than both"):
        matrix_of_file(tmp_path / "registration.json", stranger, ct, "both")


def test_contour_says_on_the_terminal_and_in_provenance_that_a_file_overrides_a_shared_frame(pair, mr_model, capsys):
    folder, ct, _ = pair
    edit(folder / "mr", lambda data, n: setattr(data, "FrameOfReferenceUID", ct.source.frame_uid))
    write_rigid(Rigid(motion()), ct, read_series(folder / "mr"), folder / "reg")
    assert main(["contour", str(folder / "ct"), "--model", "mr_ball", "--image", f"MR={folder / 'mr'}",
                 "--registration", str(folder / "reg" / "registration.json"), "-o", str(folder / "out")]) == 0
    told = "Overridden: the image MR shares the frame of reference of the planning image, but the given registration"
    heard = capsys.readouterr()
    assert told in heard.out + heard.err
    record = json.loads((folder / "out" / "provenance.json").read_text())
    assert any(told in w for w in record["warnings"]) and any(told in w for w in record["overrides"])
    assert any("much between images of one frame of reference" in w for w in record["warnings"])


@pytest.mark.parametrize("content, words", [
    ("{", "is no registration of radoncai register"), ('{"matrix": [1]}', "is no registration of radoncai register"),
    ('{"matrix": [[1]], "inputs": {"fixed": {}, "moving": {}}}', "no 4 x 4 matrix")])
def test_files_that_are_no_registration_are_refused(pair, tmp_path, content, words):
    _, ct, mr = pair
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(InputError, match=words):
        matrix_of_file(tmp_path / "bad.json", mr, ct, "both")
    (tmp_path / "bad.tfm").write_text("nothing")
    with pytest.raises(InputError, match="cannot be read as an ITK transform"):
        matrix_of_file(tmp_path / "bad.tfm", mr, ct, "both")


def test_a_matrix_that_is_not_rigid_is_refused(pair, tmp_path):
    _, ct, mr = pair
    write_rigid(Rigid(np.diag([1.1, 1.0, 1.0, 1.0])), ct, mr, tmp_path)
    for name in ("registration.json", "registration.tfm"):
        with pytest.raises(InputError, match="only rigid registrations"):
            matrix_of_file(tmp_path / name, mr, ct, "both")


def test_images_of_one_frame_or_grid_need_no_registration(pair):
    _, ct, mr = pair
    beside = replace(mr, source=replace(mr.source, frame_uid=ct.source.frame_uid))
    assert relation(ct, beside) == "same_frame" and np.array_equal(place("MR", beside, ct).to_planning, np.eye(4))
    bare = Volume(ct.array, ct.grid, "MR", "1")
    assert relation(ct, bare) == "same_grid" and "has the grid of the planning image" in place("MR", bare, ct).said[0]
    elsewhere = Volume(mr.array, mr.grid, "MR", "1")
    with pytest.raises(InputError, match="does not say how it lies"):
        place("MR", elsewhere, ct)
    stranger = replace(beside, source=replace(beside.source, patient_id="P2"))
    with pytest.raises(InputError, match="patient IDs"):
        place("MR", stranger, ct)


def test_images_are_matched_by_name_then_by_modality():
    grid = Grid.axial((3, 3, 3), (1.0, 1.0, 1.0))
    kinds = {"ct": "CT", "t1": "MR", "t2": "MR", "pet": "PT"}
    given = {n: Placed(n, Volume(np.zeros(grid.shape), grid, k, "1")) for n, k in kinds.items()}
    planning = Placed(PLANNING, given["ct"].volume)

    def spec(*images):
        return ModelSpec("m", "1", "contour", "onnx", images=images)
    two = spec(ImageSpec("CT", "CT"), ImageSpec("PET", "PT"))
    assert assigned(two, planning, [given["pet"], given["t1"]])["PET"] is given["pet"]
    mr = spec(ImageSpec("T2", "MR"), ImageSpec("T1", "MR"), ImageSpec("CT", "CT"))
    found = assigned(mr, planning, [given["t1"], given["t2"]])
    assert found == {"T2": given["t2"], "T1": given["t1"], "CT": planning}
    with pytest.raises(InputError, match="needs the image PET .PT., but it was not given"):
        assigned(two, planning, [given["t1"]])
    with pytest.raises(InputError, match="several images fit it"):
        assigned(spec(ImageSpec("CT", "CT"), ImageSpec("MR", "MR")), planning, [given["t1"], given["t2"]])


def test_an_image_is_seen_from_another_by_its_grid_alone(pair):
    _, ct, mr = pair
    planning, placed = Placed(PLANNING, ct), Placed("MR", mr, motion())
    seen = placed.seen_from(planning)
    assert seen.array is mr.array
    centre = seen.grid.to_lps(mr.grid.to_index(np.array([back(PLACE)])))[0]
    assert np.allclose(centre, PLACE, atol=1e-6)
    assert np.allclose(planning.seen_from(placed).grid.index_to_lps, np.linalg.inv(motion()) @ ct.grid.index_to_lps)


def test_a_masks_file_holds_what_was_brought_over(pair, mr_model):
    folder, ct, _ = pair
    assert main(["contour", str(folder / "ct"), "--model", "mr_ball", "--image", f"MR={folder / 'mr'}",
                 "--registration", str(folder / "reg" / "reg.dcm"), "-o", str(folder / "out")]) == 0
    kept = read_labels(folder / "out" / "structures.seg.nrrd")
    assert kept.grid.same_as(ct.grid, 0.01) and kept.names == ("Brain",)


@pytest.mark.slow
def test_a_model_of_two_images_reads_the_mr_where_the_registration_puts_it():
    """The same labels as from an MR that lies on the CT's grid, and others from one put in the wrong place."""
    pytest.importorskip("monai")
    ct, (mr, matrix) = planning_ct(), drawn_mr((4, -3, 6), (8, -12, 15))
    on_ct = resample_array(mr.array, Grid(mr.grid.shape, matrix @ mr.grid.index_to_lps), ct.grid)
    astray = matrix.copy()
    astray[:3, 3] += 20.0
    share = Share(read_folder(Path(__file__).parents[1] / "data" / "models" / "bundle_two_images"))
    moved, there, wrong = (_brainstem(share, ct, placed) for placed in (
        Placed("MR", mr, matrix), Placed("MR", Volume(on_ct, ct.grid, "MR", "1")), Placed("MR", mr, astray)))
    assert _dice(moved, there) > 0.98 and _dice(wrong, there) < 0.8


def _brainstem(share, ct, mr):
    result = run_shares([share], Images(Placed(PLANNING, ct), (mr,)), Progress())[0]
    assert result.inputs["MR"].get("registration", {}) == mr.record
    return result.structures.find("Brainstem").full(ct.grid.shape)


def _dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())
