"""Presets, further images and registrations through a real worker process."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from data.drawn_mr import drawn_mr, planning_ct
from data.odd_dicom import ball_volume, edit, oriented_grid
from data.registrations import write_registration

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from worker_requests import body_request, image_of, run, trunk_volume, worker  # noqa: E402

from radoncai.contour.job import contour  # noqa: E402
from radoncai.core.grid import Grid  # noqa: E402
from radoncai.core.rigid import register  # noqa: E402
from radoncai.core.volume import Volume  # noqa: E402
from radoncai.dicom.series.ct_writer import write_ct_series  # noqa: E402
from radoncai.dicom.series.series import read_series  # noqa: E402

AXIAL = (1, 0, 0, 0, 1, 0)
CHEST = {"title": "Chest", "site": "thorax", "structures": [
    {"name": "External", "local_name": "Haut", "role": "external", "model": ["body"]},
    {"name": "Lungs", "model": ["body:Lung_L+Lung_R"]},
    {"name": "Heart", "local_name": "Herz", "model": ["totalsegmentator_moon"]}]}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / "templates" / "presets").mkdir(parents=True)
    (home / "templates" / "presets" / "chest.json").write_text(json.dumps(CHEST))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RADONCAI_HOME", str(home))
        with worker() as made:
            yield made


def registering(client, fixed, moving, method, **more):
    """A register request of two images, each a volume and its files."""
    folder = client.new_folder()
    image = image_of(fixed[0], folder, fixed[1])
    (folder / "ct.npy").rename(folder / "fixed.npy")
    other = {**image_of(moving[0], folder, moving[1]), "modality": "MR"}
    return {"folder": str(folder), "image": {**image, "array": "fixed.npy"}, "moving": other, "method": method, **more}


def test_presets_are_listed_with_what_can_run(client):
    event, _, job = run(client, "presets", {"folder": str(client.new_folder())})
    rows = {r["name"]: r for r in event["result"]["presets"]}
    assert {"thorax", "pelvis", "breast", "head_and_neck", "chest"} <= set(rows)
    assert (rows["chest"]["ready"], rows["chest"]["total"], rows["chest"]["own"]) == (2, 3, True)
    assert rows["chest"]["models"][0].startswith("body@") and rows["chest"]["install"]
    heart = rows["chest"]["structures"][2]
    assert heart["why_not"] == "The model totalsegmentator_moon is not installed."
    job.close()


def test_a_preset_gives_one_set_and_names_what_is_not_available(client):
    request = body_request(client, preset="chest")
    del request["model"]
    event, heard, job = run(client, "contour", request)
    result = event["result"]
    alone = contour(trunk_volume(), "body", override=True).structures
    assert [s["name"] for s in result["structures"]] == ["Haut", "Lungs"]
    lungs = result["structures"][1]
    both = alone.find("Lung_L").full(trunk_volume().grid.shape) | alone.find("Lung_R").full(trunk_volume().grid.shape)
    assert np.load(job.folder / lungs["array"]).sum() == both.sum()
    assert result["not_available"] == [{"name": "Herz", "reason": "The model totalsegmentator_moon is not installed."}]
    assert result["not_found"] == [] and result["model"]["preset"] and result["models"][0]["name"] == "body"
    assert result["provenance"]["models"][0]["structures"] == ["Haut", "Lungs"] and result["entropy"] is None
    job.close()


def test_a_further_image_that_is_not_read_or_lies_nowhere_is_said(client):
    request = body_request(client)
    folder = Path(request["folder"])
    np.save(folder / "mr.npy", trunk_volume().array)
    other = {**request["image"], "array": "mr.npy", "modality": "MR"}
    event, _, _ = run(client, "contour", {**request, "images": {"MR": other}})
    assert event["kind"] == "input" and "The image MR is not read by body; leave it out." in event["text"]
    request = body_request(client)
    np.save(Path(request["folder"]) / "mr.npy", trunk_volume().array[1:])
    event, _, _ = run(client, "contour", {**request, "images": {"MR": other}})
    assert event["text"].endswith("; register it first.") and "--" not in event["text"]
    request = body_request(client)
    np.save(Path(request["folder"]) / "mr.npy", trunk_volume().array)
    event, _, _ = run(client, "contour", {**request, "images": {"MR": {**other, "to_planning": [2.0] * 16}}})
    assert event["kind"] == "input" and "no shift and turn" in event["text"]


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A ball as CT and as MR, 7 mm apart in two frames of reference: their volumes and files."""
    folder = tmp_path_factory.mktemp("pair")
    out = []
    for name, place in (("ct", (6.0, -20.0, 40.0)), ("mr", (-1.0, -20.0, 40.0))):
        grid = oriented_grid(AXIAL, (12, 30, 31), (4.0, 2.0, 2.0), place)
        write_ct_series(ball_volume(grid, place, 12.0), folder / name, patient_id="P1", seed=name)
        if name == "mr":
            edit(folder / name, lambda data, n: setattr(data, "Modality", "MR"))
        out.append((read_series(folder / name), sorted((folder / name).iterdir())))
    return folder, *out


def test_find_says_whether_a_registration_is_needed_and_there(client, series):
    folder, ct, mr = series
    event, _, job = run(client, "register", registering(client, ct, ct, "find"))
    assert event["result"]["relation"] == "same_frame"
    event, _, _ = run(client, "register", registering(client, ct, mr, "find"))
    assert event["result"]["relation"] == "none" and event["result"]["matrix"] is None
    shift = np.eye(4)
    shift[0, 3] = 7.0
    frames = ct[0].source.frame_uid, mr[0].source.frame_uid
    path = write_registration(folder / "reg.dcm", frames[0], {frames[0]: [np.eye(4)], frames[1]: [shift]})
    event, _, _ = run(client, "register", registering(client, ct, mr, "find"))
    found = event["result"]
    assert found["relation"] == "dicom" and found["path"] == str(path) and found["checkerboard"] is None
    assert np.allclose(np.reshape(found["matrix"], (4, 4)), shift)
    event, _, job = run(client, "register", registering(client, ct, mr, "file", path=str(path)))
    board = event["result"]["checkerboard"]
    array = np.load(job.folder / board["array"])
    grid = Grid(array.shape, np.reshape(board["ijk_to_lps"], (4, 4)))
    assert array.dtype == np.uint8 and array[tuple(np.rint(grid.to_index(np.array([[6.0, -20.0, 40.0]]))[0, ::-1])
                                                   .astype(int))] == 255
    assert event["result"]["figures"]["shift_l_mm"] == pytest.approx(7.0, abs=0.01)
    path.unlink()
    job.close()


@pytest.mark.slow
def test_the_registration_of_the_worker_is_that_of_the_library(client):
    mr, truth = drawn_mr((4, -3, 6), (8, -12, 15))
    ct = planning_ct()
    event, heard, job = run(client, "register", registering(client, (ct, None), (mr, None), "run"), 300.0)
    result = event["result"]
    matrix = np.reshape(result["matrix"], (4, 4))
    assert result["relation"] == "rigid" and np.abs(matrix - truth)[:3, 3].max() < 1.0
    assert np.array_equal(matrix, register(ct, Volume(mr.array, mr.grid, "MR", "1")).matrix)
    assert any(e.get("step") == "registering" for e in heard.events)
    assert np.load(job.folder / result["checkerboard"]["array"]).max() == 255
    assert result["record"]["by"] == "registered here"
    assert [w.split(":")[0] for w in result["warnings"]] == [
        f"Whether both images {what} could not be compared" for what in ("are of one patient",
                                                                         "have one frame of reference")]
    job.close()
