"""Whatever becomes of the worker process, a job ends once, in a sentence, and the next one runs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from worker_requests import Heard, alive, body_request, image_of, launcher, run, trunk, trunk_volume, worker  # noqa: E402

from radoncai.core.volume import Volume  # noqa: E402
from radoncai.dicom.series.ct_writer import write_ct_series  # noqa: E402

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="uses signals and a shell")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def long_request(client):
    """A body contour that takes some seconds."""
    folder = client.new_folder()
    hu = trunk((120, 240, 270))
    grid = trunk_volume().grid
    volume = Volume(hu, type(grid).axial(hu.shape, (2.0, 1.0, 1.0)), "CT", "HU")
    return {"folder": str(folder), "image": image_of(volume, folder), "model": "body", "override": True}


def started(client, job, heard, step=""):
    assert client.wait_until(lambda: any(e["event"] == "progress" and e["step"] == step for e in heard.events), 20)
    return client.pid


def test_progress_while_running_then_one_result():
    with worker() as client:
        event, heard, job = run(client, "contour", long_request(client))
        assert event["event"] == "result" and len(heard.ends) == 1
        told = [e for e in heard.events if e["event"] == "progress"]
        fractions = [e["fraction"] for e in told]
        assert len(told) > 3 and fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] <= 1
        job.close()


def test_cancel_in_the_middle_is_heard_and_the_process_stays():
    with worker() as client:
        heard = Heard()
        job = client.run("contour", long_request(client), heard)
        pid = started(client, job, heard, "finding the body")
        job.cancel()
        assert client.wait(job, 10)["kind"] == "cancelled" and len(heard.ends) == 1
        assert not job.folder.exists()
        event, _, after = run(client, "contour", body_request(client))
        assert event["event"] == "result"
        assert client.pid == pid or not alive(pid)


@POSIX
def test_a_worker_that_does_not_hear_is_killed_with_its_launcher_and_the_next_job_runs(tmp_path):
    with worker(python=launcher(tmp_path)) as client:
        heard = Heard()
        job = client.run("contour", long_request(client), heard)
        pid = started(client, job, heard, "finding the body")
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        assert parent != os.getpid()
        os.kill(pid, signal.SIGSTOP)
        job.cancel()
        assert client.wait(job, 5)["kind"] == "cancelled" and len(heard.ends) == 1
        assert client.wait_until(lambda: not alive(pid) and not alive(parent), 2)
        assert not job.folder.exists()
        assert run(client, "contour", body_request(client))[0]["event"] == "result"


@POSIX
def test_a_killed_worker_is_one_failure_and_the_job_behind_it_runs_in_a_new_one():
    with worker() as client:
        first, second = Heard(), Heard()
        job = client.run("contour", long_request(client), first)
        behind = client.run("contour", body_request(client), second)
        pid = started(client, job, first, "finding the body")
        os.kill(pid, signal.SIGKILL)
        event = client.wait(job, 10)
        assert event["kind"] == "platform" and "Apply again" in event["text"] and len(first.ends) == 1
        assert not job.folder.exists()
        assert client.wait(behind, 20)["event"] == "result" and len(second.ends) == 1
        assert client.pid != pid


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false", "/bin/true"])
def test_a_worker_that_cannot_start_is_a_sentence_and_leaves_no_folder(python):
    with worker(python=python) as client:
        event, heard, job = run(client, "models", {"task": None})
        assert event["kind"] == "platform" and python in event["text"] and "could not start" in event["text"]
        assert len(heard.ends) == 1 and not job.folder.exists()
        assert run(client, "models", {"task": None})[0]["kind"] == "platform"


@POSIX
def test_a_worker_that_is_slow_to_start_can_be_cancelled(tmp_path):
    with worker(python=launcher(tmp_path, "sleep 4")) as client:
        heard = Heard()
        job = client.run("models", {"task": None}, heard)
        job.cancel()
        assert client.wait(job, 4)["kind"] == "cancelled" and len(heard.ends) == 1 and not job.folder.exists()


@POSIX
def test_a_full_disk_is_said_and_the_next_job_runs(tmp_path):
    with worker(python=launcher(tmp_path, "ulimit -f 16", "exec")) as client:
        event, _, job = run(client, "contour", body_request(client))
        assert event["kind"] == "platform" and "full" in event["text"] and not job.folder.exists()
        assert run(client, "models", {"task": None})[0]["event"] == "result"


def test_bad_input_is_the_librarys_own_sentence():
    with worker() as client:
        event, _, _ = run(client, "contour", body_request(client, model="no_such_model"))
        assert event["kind"] == "model" and "no model named no_such_model" in event["text"]
        event, _, _ = run(client, "contour", body_request(client, structures=["Heart"]))
        assert event["kind"] == "input" and "has no Heart" in event["text"]
        request = body_request(client)
        del request["image"]["array"]
        assert run(client, "contour", request)[0]["kind"] == "input"
        assert run(client, "no_such_job", {})[0]["kind"] == "input"
        outside = body_request(client)
        outside["image"]["array"] = "../../etc/passwd"
        event, _, _ = run(client, "contour", outside)
        assert event["kind"] == "input" and "outside its folder" in event["text"]


def test_a_bug_names_the_log_and_the_log_names_nobody(home):
    with worker() as client:
        request = body_request(client, structures=[["Doe^Jane"]])
        request["image"]["name"] = "Doe^Jane"
        event, _, _ = run(client, "contour", request)
        assert event["kind"] == "bug" and str(home / "radoncai.log") in event["text"]
        text = (home / "radoncai.log").read_text(encoding="utf-8")
        assert "TypeError" in text and "worker contour" in text and "naming.py" in text
        assert "Doe" not in text and request["folder"] not in text
        assert run(client, "models", {"task": None})[0]["event"] == "result"


def test_no_identity_in_what_the_worker_says_or_keeps(home, tmp_path):
    volume = write_ct_series(trunk_volume(), tmp_path / "ct", patient_id="SECRET-1", patient_name="Secret^Jane")
    with worker() as client:
        folder = client.new_folder()
        image = image_of(volume, folder, sorted((tmp_path / "ct").iterdir()))
        request = {"folder": str(folder), "image": image, "model": "body", "override": True}
        said = [run(client, "describe", request)[1].events, run(client, "contour", request)[1].events]
        text = json.dumps(said)
        assert '"result"' in text and "SECRET" not in text and "Secret" not in text
    kept = "".join(p.read_text(encoding="utf-8") for p in home.rglob("*") if p.is_file())
    assert "SECRET" not in kept and "Secret" not in kept


def test_an_idle_worker_ends_and_the_next_job_starts_another():
    with worker(idle_s=0.2) as client:
        run(client, "models", {"task": None})
        pid = client.pid
        assert client.wait_until(lambda: client.pid is None, 5) and not alive(pid)
        assert run(client, "models", {"task": None})[0]["event"] == "result"


def test_two_jobs_wait_for_each_other_and_a_waiting_one_can_be_cancelled():
    with worker() as client:
        order, heard = [], [Heard() for _ in range(3)]
        jobs = [client.run("contour", body_request(client), h) for h in heard]
        jobs[1].cancel()
        for number, job in enumerate(jobs):
            order.append((number, client.wait(job, 20)))
        assert [e["event"] for _, e in order] == ["result", "failed", "result"]
        assert order[1][1]["kind"] == "cancelled"
        assert all(len(h.ends) == 1 for h in heard)


def test_a_job_that_waits_hears_how_many_are_before_it():
    with worker() as client:
        heard = [Heard() for _ in range(3)]
        jobs = [client.run("contour", long_request(client), h) for h in heard]
        for job in jobs:
            client.wait(job, 60)
        places = [[e["ahead"] for e in h.events if e["event"] == "waiting"] for h in heard]
        assert places[0] == [] and set(places[1]) == {1} and set(places[2]) == {2, 1}
        assert places[2] == sorted(places[2], reverse=True)
        assert [e["event"] for e in heard[2].events].index("progress") > places[2].index(1)


def test_a_second_run_uses_the_same_process():
    with worker() as client:
        run(client, "contour", body_request(client))
        pid = client.pid
        run(client, "contour", body_request(client))
        assert pid is not None and client.pid == pid


def test_folders_go_with_the_result_and_with_the_client():
    with worker() as client:
        _, _, job = run(client, "contour", body_request(client))
        assert job.folder.exists()
        job.close()
        assert not job.folder.exists()
        kept = run(client, "contour", body_request(client))[2].folder
        unused = client.new_folder()
        assert kept.exists() and unused.exists()
    assert not kept.exists() and not unused.exists()


def test_stopping_in_the_middle_of_a_job_ends_it_and_its_process():
    with worker() as client:
        heard = Heard()
        job = client.run("contour", long_request(client), heard)
        pid = started(client, job, heard, "finding the body")
        client.stop()
        assert job.ended and heard.ends[0]["kind"] == "cancelled" and len(heard.ends) == 1
        end = time.monotonic() + 2
        while alive(pid) and time.monotonic() < end:
            time.sleep(0.02)
        assert not alive(pid) and not job.folder.exists()


def test_an_error_in_a_panel_does_not_stop_the_worker(caplog):
    def broken(event):
        raise ValueError("a panel's mistake")

    with worker() as client:
        job = client.run("models", {"task": None}, broken)
        assert client.wait(job, 10)["event"] == "result"
        assert run(client, "models", {"task": None})[0]["event"] == "result"


def bare(*arguments):
    return subprocess.Popen([sys.executable, "-m", "radoncai.worker", *arguments], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT / "RadOncAI")


def test_the_end_of_the_input_ends_the_worker_even_in_a_job(tmp_path):
    process = bare()
    assert json.loads(process.stdout.readline())["pid"] == process.pid
    volume = trunk_volume()
    request = {"do": "run", "id": "1", "job": "contour", "folder": str(tmp_path), "model": "body", "override": True,
               "image": image_of(Volume(trunk((120, 240, 270)), volume.grid, "CT", "HU"), tmp_path)}
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["event"] == "progress"
    process.stdin.close()
    assert process.wait(10) == 0


def test_damaged_lines_are_answered_and_stdout_belongs_to_the_protocol():
    process = bare()
    lines = b'no json\n\n{"do":"dance"}\n{"do":"run","id":"1","job":"models"}\n{"do":"quit"}\n'
    out, _ = process.communicate(lines, 20)
    events = [json.loads(line) for line in out.decode().splitlines()]
    assert events[0]["event"] == "started"
    assert [e["kind"] for e in events[1:3]] == ["input", "input"]
    assert np.isfinite(events[0]["pid"])


def test_starting_imports_nothing_heavy():
    code = ("import sys, radoncai.worker.__main__; "
            "print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=ROOT / "RadOncAI")
    assert not set(out.stdout.split()) & {"scipy", "SimpleITK", "pydicom", "onnxruntime", "torch", "PIL", "matplotlib"}
