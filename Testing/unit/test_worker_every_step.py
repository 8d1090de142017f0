"""Cancel, kill and lack of memory at each step of a contour job: one sentence, nothing left, the next job works."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from held_worker import POSIX, Held  # noqa: E402
from worker_requests import Heard, alive, image_of, run, trunk, trunk_volume, worker  # noqa: E402

from radoncai.core.grid import Grid  # noqa: E402
from radoncai.core.volume import Volume  # noqa: E402

pytestmark = [pytest.mark.skipif(not POSIX, reason="steers the worker by a shell and /proc"), pytest.mark.slow]
MODELS = Path(__file__).parents[1] / "data" / "models"
BODY = ["reading the image", "checking the image", "loading the model", "finding the body", "checking the contours",
        "handing the contours over", "writing files"]
NETWORK = ["reading the image", "checking the image", "loading the model", "preparing the image", "running the model",
           "bringing the contours to the image", "checking the contours", "handing the contours over", "writing files"]
WAIT = 90


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    (tmp_path / "private").mkdir()
    models = tmp_path / "home" / "models"
    models.mkdir(parents=True)
    for name in ("unet_onnx", "unet_torch", "bundle"):
        shutil.copytree(MODELS / name, models / name)
    return tmp_path / "home"


@pytest.fixture
def held(tmp_path):
    return Held(tmp_path)


def request(client, model, volume=None, **more):
    folder = client.new_folder()
    return {"folder": str(folder), "image": image_of(volume or trunk_volume(), folder), "model": model,
            "device": "cpu", "override": True, "keep": True, **more}


def large():
    hu = trunk((100, 220, 240))
    return Volume(hu, Grid.axial(hu.shape, (2.0, 1.2, 1.2)), "CT", "HU")


def files_of(home):
    """What the worker keeps, but for the seconds that jobs took."""
    return sorted(str(p) for p in home.rglob("*") if p.is_file() and p.name != "job_seconds.json")


def assert_one_sentence(event, heard, kind):
    assert event["event"] == "failed" and event["kind"] == kind, event
    assert event["text"].endswith(".") and ". " not in event["text"] and len(heard.ends) == 1


def start_held(client, held, step, model, **more):
    held.at(step)
    heard = Heard()
    job = client.run("contour", request(client, model, **more), heard)
    assert client.wait_until(held.is_held, WAIT), f"the job never came to {step}"
    return job, heard


@pytest.mark.parametrize("model, steps", [("body", BODY), ("unet_onnx", NETWORK)])
def test_cancel_is_heard_at_every_step_and_the_process_goes_on(home, held, model, steps):
    with worker(python=held.python, folder=home.parent / "private") as client:
        event, _, job = run(client, "contour", request(client, model), WAIT)
        assert event["event"] == "result"
        assert [s for s in held.steps() if s in steps] == steps, "the job has other steps than this test knows"
        job.close()
        before, pid = files_of(home), client.pid
        for step in steps:
            job, heard = start_held(client, held, step, model)
            job.cancel()
            time.sleep(0.1)  # the line is on its way
            held.go()
            assert_one_sentence(client.wait(job, WAIT), heard, "cancelled")
            assert not job.folder.exists() and client.pid == pid, step
        assert files_of(home) == before
        assert run(client, "contour", request(client, model), WAIT)[0]["event"] == "result"


def test_a_step_that_hears_nothing_is_ended_within_two_seconds(home, held):
    with worker(python=held.python, folder=home.parent / "private") as client:
        for step in ("loading the model", "running the model", "writing files"):
            job, heard = start_held(client, held, step, "unet_onnx")
            pid, asked = client.pid, time.monotonic()
            job.cancel()
            assert_one_sentence(client.wait(job, WAIT), heard, "cancelled")
            assert 1.4 < time.monotonic() - asked < 2.5, step
            assert client.wait_until(lambda pid=pid: not alive(pid), 10)
            assert not job.folder.exists()
        assert run(client, "contour", request(client, "unet_onnx"), WAIT)[0]["event"] == "result"


@pytest.mark.parametrize("model, steps", [("body", BODY[1::2]), ("unet_onnx", NETWORK)])
def test_a_worker_killed_at_any_step_is_one_sentence_and_the_next_job_works(home, held, model, steps):
    with worker(python=held.python, folder=home.parent / "private") as client:
        before = files_of(home)
        for step in steps:
            job, heard = start_held(client, held, step, model)
            pid = client.pid
            os.kill(pid, signal.SIGKILL)
            event = client.wait(job, WAIT)
            assert event["kind"] == "platform" and "Apply again" in event["text"] and len(heard.ends) == 1, step
            assert not job.folder.exists() and not alive(pid), step
        event, _, job = run(client, "contour", request(client, model), WAIT)
        assert event["event"] == "result"
        job.close()
        assert files_of(home) == before
    assert not [p for p in (home.parent / "private").rglob("*") if p.is_file()]


@pytest.mark.parametrize("model", ["body", "unet_onnx", "unet_torch"])
def test_too_little_memory_is_said_and_the_next_job_works(home, held, model):
    if model == "unet_torch":
        pytest.importorskip("torch", reason="torch is not installed")
    steps = ["finding the body"] if model == "body" else ["preparing the image", "running the model"]
    with worker(python=held.python, folder=home.parent / "private") as client:
        assert run(client, "contour", request(client, model), WAIT)[0]["event"] == "result"
        for step in steps:
            held.at(step, "memory")
            event, heard, job = run(client, "contour", request(client, model, large()), WAIT)
            assert_one_sentence(event, heard, "platform")
            assert "memory" in event["text"] and not job.folder.exists(), step
            held.plenty()
            assert run(client, "contour", request(client, model), WAIT)[0]["event"] == "result", step
    assert not (home / "radoncai.log").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1.5 MB of its own; needs the right to mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("this user may not mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_fills_up_is_named_and_the_next_job_works(home, small_disk):
    hu = trunk((20, 80, 100))
    volume = Volume(hu, Grid.axial(hu.shape, (6.0, 4.0, 4.0)), "CT", "HU")
    with worker(folder=small_disk) as client:
        asked = request(client, "body", volume)
        with (small_disk / "others").open("wb") as file:
            free = os.statvfs(small_disk)
            file.write(bytes(free.f_bavail * free.f_bsize - (8 << 10)))
        event, heard, job = run(client, "contour", asked, WAIT)
        assert_one_sentence(event, heard, "platform")
        assert "full" in event["text"] and str(small_disk) in event["text"] and not job.folder.exists()
        (small_disk / "others").unlink()
        pid = client.pid
        assert run(client, "contour", request(client, "body", volume), WAIT)[0]["event"] == "result"
        assert client.pid == pid


def test_the_image_may_be_damaged_on_the_way(home):
    """A file cut short in the private folder is bad input, not a crash."""
    with worker(folder=home.parent / "private") as client:
        asked = request(client, "body")
        path = Path(asked["folder"]) / "ct.npy"
        content = path.read_bytes()
        for damaged in (content[:len(content) // 2], b"", b"\x93NUMPY" + bytes(20)):
            asked = request(client, "body")
            (Path(asked["folder"]) / "ct.npy").write_bytes(damaged)
            event, heard, _ = run(client, "contour", asked, WAIT)
            assert_one_sentence(event, heard, "input")
        assert np.isfinite(client.pid)
        assert run(client, "contour", request(client, "body"), WAIT)[0]["event"] == "result"
