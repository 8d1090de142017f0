"""Progress, words, arrays, logs and warm models of the worker, each alone."""

import errno
import json
import sys

import numpy as np
import pytest

from radoncai.core import array_file, bug_log
from radoncai.core.errors import InputError, ModelError, PlatformError
from radoncai.models import runners
from radoncai.models.catalogue import find, read_folder
from radoncai.models.runners import warm
from radoncai.worker import typical
from radoncai.worker.arrays import load_array
from radoncai.worker.job_progress import JobProgress
from radoncai.worker.words import for_panel


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_known_steps_become_shares_of_the_whole_job():
    told, clock = [], Clock()
    progress = JobProgress({"a": 1.0, "b": 8.0, "c": 1.0}, lambda *report: told.append(report), clock)
    for at, step, fraction in ((0.0, "a", 0.0), (1.0, "b", 0.0), (5.0, "b", 0.5), (9.0, "c", 0.0), (10.0, "c", 1.0)):
        clock.now = at
        progress(step, fraction)
    assert [t[1] for t in told] == [0.0, 0.1, 0.5, 0.9, 0.99]
    assert [t[2] for t in told] == [None, None, 5.0, 1.0, pytest.approx(0.1, abs=0.05)]


def test_the_fraction_never_falls_and_unknown_steps_move_it_without_a_table():
    told, clock = [], Clock()
    progress = JobProgress({}, lambda *report: told.append(report), clock)
    for n in range(6):
        clock.now += 1.0
        progress(f"step {n}", 0.0)
    fractions = [t[1] for t in told]
    assert fractions[0] == 0.0 and fractions == sorted(fractions) and 0.4 < fractions[-1] < 1
    progress("step 0", 0.0)
    assert told[-1][1] >= fractions[-1]


def test_at_most_ten_reports_a_second_and_a_new_step_at_once():
    told, clock = [], Clock()
    progress = JobProgress({"a": 1.0, "b": 1.0}, lambda *report: told.append((clock.now, *report)), clock)
    for n in range(3000):
        clock.now = n / 1000
        progress("a" if n < 1500 else "b", (n % 1500) / 1500)
    times = np.array([t[0] for t in told])
    assert all(((times >= t) & (times < t + 1)).sum() <= 10 for t in times)
    assert next(t[0] for t in told if t[1] == "b") == 1.5
    for n in range(100):
        progress(f"many {n}", 0.0)
    assert len(told) <= 40


def test_a_silent_step_moves_on_by_its_usual_seconds_but_not_to_its_end():
    told, clock = [], Clock()
    progress = JobProgress({"a": 10.0, "b": 10.0}, lambda *report: told.append(report), clock)
    progress("a", 0.0)
    for n in range(1, 31):
        clock.now = float(n)
        progress.tick()
    fractions = [t[1] for t in told]
    assert fractions[:5] == [0.0, 0.05, 0.1, 0.15, 0.2] and fractions[-1] == pytest.approx(0.475)
    progress("b", 0.0)
    assert told[-1][1] == 0.5
    quiet = JobProgress({}, lambda *report: told.append(report), clock)
    quiet("x", 0.0)
    number = len(told)
    clock.now += 5
    quiet.tick()
    assert len(told) == number


@pytest.fixture
def own_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    typical._measured.cache_clear()
    yield tmp_path / "job_seconds.json"
    typical._measured.cache_clear()


def test_seconds_of_a_run_are_remembered_by_job_and_model(own_seconds):
    request = {"job": "dose", "model": "mine", "image": {"name": "Doe"}}
    typical.remember(request, {"starting": 3.0, "a": 1.0, "b": 2.5, "quick": 0.0001}, None)
    typical._measured.cache_clear()
    assert typical.seconds(request) == {"a": 1.0, "b": 2.5} and typical.expected_s("dose", "mine") == 3.5
    assert "Doe" not in own_seconds.read_text(encoding="utf-8")


@pytest.mark.parametrize("damaged", ["[", "[1]", '{"level:nobody": 3}', '{"level:nobody": {"seconds": {"a": "x"}}}'])
def test_damaged_seconds_are_none(own_seconds, damaged):
    own_seconds.write_text(damaged, encoding="utf-8")
    assert typical.expected_s("level", "nobody") is None


def test_expected_seconds_grow_with_the_image(own_seconds):
    small = typical.Size(1.0, 3.0)
    spent = {"loading the model": 1.0, "running the model": 2.0}
    typical.remember({"job": "contour", "model": "body"}, spent, small)
    assert typical.expected_s("contour", "body", typical.Size(10.0, 3.0)) == 21.0
    typical.remember({"job": "contour", "model": "hn_oar"}, spent, small)
    assert typical.expected_s("contour", "hn_oar", typical.Size(10.0, 3.0)) == 3.0
    assert typical.expected_s("contour", "hn_oar", typical.Size(1.0, 6.0)) == 5.0


def test_the_size_of_a_request(tmp_path):
    matrix = np.diag([2.0, -3.0, 5.0, 1.0]).ravel().tolist()
    np.save(tmp_path / "ct.npy", np.zeros((10, 100, 50), np.int16))
    image = {"array": "ct.npy", "ijk_to_lps": matrix}
    size = typical.size_of({"folder": str(tmp_path), "image": image})
    assert size.megavoxels == pytest.approx(0.05) and size.litres == pytest.approx(1.5)
    assert typical.size_of({"image": {"shape": [10, 100, 50], "ijk_to_lps": matrix}}) == size
    for bad in ({}, {"image": 3}, {"image": {"shape": ["x"], "ijk_to_lps": matrix}}):
        assert typical.size_of(bad) is None


@pytest.mark.parametrize("sentence, said", [
    ("No L3; give the level with --level-mm S (patient coordinate, mm upwards).", "No L3; give the level."),
    ("They differ: check the files, or add --same-patient if you are sure.", "They differ: check the files."),
    ("3 are missing; find the files, or add --gaps interpolate.", "3 are missing; find the files."),
    ("Uneven; add --gaps interpolate, or resample it first.", "Uneven; resample it first."),
    ("Head does not apply: 80 Gy; --override predicts all the same and records it.", "Head does not apply: 80 Gy."),
    ("They differ, R.dcm relates them; add --registration R.dcm to use it.", "They differ, R.dcm relates them."),
    ("Cannot write to X; choose another folder with -o.", "Cannot write to X; choose another folder."),
])
def test_sentences_lose_options_of_the_command_line(sentence, said):
    assert for_panel(sentence) == said


def test_arrays_round_trip_and_refuse_what_is_damaged(tmp_path):
    values = np.arange(5 * 7 * 11, dtype=np.int16).reshape(5, 7, 11)
    array_file.write_array(tmp_path / "a.npy", values[:, ::-1])
    assert np.array_equal(load_array(tmp_path, "a.npy"), values[:, ::-1])
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:300])
    np.save(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    for name in ("cut.npy", "pickled.npy", "gone.npy", None, "../a.npy"):
        with pytest.raises(InputError):
            load_array(tmp_path, name)


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as Unix does")
def test_a_full_disk_is_told_apart_from_a_locked_one_and_leaves_no_part(tmp_path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(PlatformError, match="full"):
            array_file.write_array(tmp_path / "a.npy", np.zeros((40, 40, 40)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    assert "another folder" in array_file.disk_sentence(tmp_path, OSError(errno.EROFS, "Read-only file system"))


def test_the_log_keeps_places_and_loses_names(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    try:
        try:
            {}["Doe^Jane"]
        except KeyError as error:
            raise ValueError("could not read /data/Doe Jane/ct.dcm of Miller as 'float', shape (3, 4)") from error
    except ValueError as error:
        place = bug_log.log_bug(error, "test", ["Miller", "Jane"])
    text = place.read_text(encoding="utf-8")
    assert "ValueError" in text and "KeyError" in text and "shape (3, 4)" in text and "test_worker_parts" in text
    message = [line for line in text.splitlines() if line.startswith(("ValueError", "KeyError"))]
    assert not any(name in line for line in message for name in ("Doe", "Miller", "Jane"))


def test_a_model_is_loaded_once_while_kept_and_a_changed_file_is_not_taken_for_it(tmp_path):
    folder = find("l3_tissue")
    assert runners.open(folder, "cpu") is not runners.open(folder, "cpu")
    warm.keep(1)
    try:
        first = runners.open(folder, "cpu")
        assert runners.open(folder, "cpu") is first
        runners.open(find("hn_oar"), "cpu")
        assert runners.open(folder, "cpu") is not first
        for file in (p for p in folder.path.iterdir() if p.is_file()):
            (tmp_path / file.name).write_bytes(file.read_bytes())
        copy = read_folder(tmp_path)
        runners.open(copy, "cpu")
        with (tmp_path / "model.onnx").open("ab") as file:
            file.write(b"\0")
        with pytest.raises(ModelError, match="changed"):
            runners.open(copy, "cpu")
    finally:
        warm.keep(0)


def test_the_shipped_seconds_name_steps():
    from radoncai.core.resources import resources

    table = json.loads((resources() / "Templates" / "job_seconds.json").read_text(encoding="utf-8"))
    assert all(typical._is_entry(entry) for entry in table.values())
