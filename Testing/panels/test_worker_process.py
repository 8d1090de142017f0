"""The worker behind a QProcess on the host's event loop: the transport that Slicer uses."""

import os
import signal
import sys
import time
from pathlib import Path

import host
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from worker_requests import Heard, alive, body_request, launcher  # noqa: E402


@pytest.fixture
def client(scene, tmp_path, monkeypatch):
    """A client of its own over QProcess, through a launcher as PythonSlicer is one."""
    from RadOncAILib.worker.client import Client
    from RadOncAILib.worker.qt_process import QtProcess

    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    made = Client(QtProcess, python=launcher(tmp_path))
    yield made
    made.stop()


def finish(heard, seconds=20.0):
    host.wait_until(lambda: heard.ends, seconds)
    return heard.ends[0]


def test_events_arrive_on_the_event_loop_and_the_process_stays(client):
    first, second = Heard(), Heard()
    job = client.run("contour", body_request(client), first)
    assert not first.ends
    assert finish(first)["event"] == "result" and any(e["event"] == "progress" for e in first.events)
    pid = client.pid
    client.run("contour", body_request(client), second)
    assert finish(second)["event"] == "result" and client.pid == pid
    job.close()
    assert not job.folder.exists()


def test_a_deaf_worker_is_killed_within_two_seconds_and_the_next_job_runs(client):
    heard = Heard()
    client.run("models", {"task": None}, heard)
    finish(heard)
    pid, heard = client.pid, Heard()
    os.kill(pid, signal.SIGSTOP)
    job = client.run("contour", body_request(client), heard)
    began = time.monotonic()
    job.cancel()
    assert finish(heard)["kind"] == "cancelled" and len(heard.ends) == 1
    assert time.monotonic() - began < 3.0
    host.wait_until(lambda: not alive(pid), 2)
    assert not job.folder.exists()
    again = Heard()
    client.run("models", {"task": None}, again)
    assert finish(again)["event"] == "result"


def test_a_killed_worker_is_one_failure(client):
    heard = Heard()
    client.run("models", {"task": None}, heard)
    finish(heard)
    pid, heard = client.pid, Heard()
    os.kill(pid, signal.SIGSTOP)
    client.run("contour", body_request(client), heard)
    os.kill(pid, signal.SIGKILL)
    host.wait_until(lambda: client.pid != pid, 5)
    assert finish(heard)["event"] in ("result", "failed") and len(heard.ends) == 1


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_a_python_that_does_not_start_is_one_sentence(scene, python):
    from RadOncAILib.worker.client import Client
    from RadOncAILib.worker.qt_process import QtProcess

    client, heard = Client(QtProcess, python=python), Heard()
    client.run("models", {"task": None}, heard)
    event = finish(heard)
    assert event["kind"] == "platform" and python in event["text"] and len(heard.ends) == 1
    client.stop()


def test_the_shared_client_is_one_and_stops(scene):
    from RadOncAILib.worker import shared_client, stop_shared_client

    stop_shared_client()
    heard = Heard()
    assert shared_client() is shared_client()
    shared_client().run("models", {"task": None}, heard)
    finish(heard)
    pid = shared_client().pid
    stop_shared_client()
    host.wait_until(lambda: not alive(pid), 3)
