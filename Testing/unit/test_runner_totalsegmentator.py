"""TotalSegmentator's tasks: tables, weights folder, and real runs with a tiny network in the place of its weights."""

import csv
import http.server
import json
import shutil
import subprocess
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from radoncai.core.errors import Cancelled, InputError, ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.core.resources import resources
from radoncai.core.templates import structure_templates
from radoncai.models import agreements, runners
from radoncai.models.catalogue import read_folder
from radoncai.models.install import environments
from radoncai.models.options import RunOptions
from radoncai.models.ready import why_not
from radoncai.models.runners import child, totalsegmentator, totalsegmentator_weights
from radoncai.models.runners import totalsegmentator_tasks as known
from radoncai.phantom.patient import sample_patient

DATA = Path(__file__).parents[1] / "data"
SMALL = "Dataset300_body_6mm_1559subj"
real = pytest.mark.skipif(not environments.installed("totalsegmentator"),
                          reason="TotalSegmentator is not installed here (radoncai install totalsegmentator brings it)")


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "theirs"))
    monkeypatch.delenv("TOTALSEG_WEIGHTS_PATH", raising=False)
    return tmp_path


def model(name, tmp_path):
    known.write_models(tmp_path / "models")
    return read_folder(tmp_path / "models" / name)


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory):
    """The 3d test network, cut to two structures, under the name of the weights of the task body at 6 mm."""
    torch = pytest.importorskip("torch", reason="torch is not installed, it cuts the test's network")
    source = next((DATA / "models" / "nnunet_3d").glob("nnUNet*"))
    place = tmp_path_factory.mktemp("weights")
    target = place / SMALL / source.name
    (target / "fold_0").mkdir(parents=True)
    shutil.copyfile(source / "plans.json", target / "plans.json")
    dataset = json.loads((source / "dataset.json").read_text())
    dataset["labels"] = {"background": 0, "body_trunc": 1, "body_extremities": 2}
    (target / "dataset.json").write_text(json.dumps(dataset))
    content = torch.load(source / "fold_0" / "checkpoint_final.pth", weights_only=False)
    last = max(k for k in content["network_weights"] if k.startswith("decoder.seg_layers"))
    for name, value in content["network_weights"].items():
        if "seg_layers" in name:
            content["network_weights"][name] = value[[0, 5, 4]].clone()
    content["network_weights"][last.rpartition(".")[0] + ".bias"][1] += 4.0
    torch.save(content, target / "fold_0" / "checkpoint_final.pth")
    return place


@pytest.fixture(scope="module")
def head():
    part = slice(0, 25), slice(20, 75), slice(33, 73)
    return sample_patient(3, (6.0, 4.5, 4.5), z_range_mm=(-90.0, 60.0)).ct.crop(part)


def run(folder, ct, names=None, progress=None):
    runner = runners.open(folder, "cpu")
    return runner.run({"CT": ct}, names or folder.model.names, progress or Progress(), RunOptions())


@real
@pytest.mark.slow
def test_labels_equal_those_of_a_plain_call_and_nothing_is_sent(places, small_weights, head, monkeypatch):
    import SimpleITK as sitk

    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(small_weights))
    answers = []
    ask = child.Child.ask
    monkeypatch.setattr(child.Child, "ask", lambda *a, **k: answers.append(ask(*a, **k)) or answers[-1])
    result = run(model("totalsegmentator_body_fast", places), head)
    image = sitk.GetImageFromArray(head.array)
    image.SetSpacing(head.grid.spacing_mm[::-1])
    image.SetOrigin(tuple(head.grid.origin_lps))
    sitk.WriteImage(image, str(places / "ct.nii.gz"))
    env = environments.environment("totalsegmentator")
    command = [env.python, DATA / "totalsegmentator_reference.py", "body", places / "ct.nii.gz", places / "own.npy"]
    variables = environments.variables(env) | totalsegmentator.settings()
    subprocess.run(command, check=True, capture_output=True, env=variables)
    own = np.load(places / "own.npy").transpose(2, 1, 0)
    ours = np.zeros(own.shape, own.dtype)
    for label, name in ((1, "body_trunc"), (2, "body_extremities")):
        if name in result.found:
            ours[result.found[name].box][result.found[name].mask] = label
    assert np.count_nonzero(own) > 100, "the network draws something"
    assert np.count_nonzero(ours != own) <= 0.001 * np.count_nonzero(own)
    assert answers[0]["network"] == 0
    assert not (places / "theirs" / "config.json").exists(), "its own settings are not touched"
    assert json.loads((places / "home" / "totalsegmentator" / "config.json").read_text())["send_usage_stats"] is False


@real
@pytest.mark.slow
def test_what_it_would_send_is_refused_and_counted(places, small_weights, head, monkeypatch):
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(small_weights))
    private = known.private_home

    def talkative():
        place = private()
        content = json.loads((place / "config.json").read_text())
        (place / "config.json").write_text(json.dumps({**content, "send_usage_stats": True, "totalseg_id": "x"}))
        return place
    monkeypatch.setattr(known, "private_home", talkative)
    answers = []
    ask = child.Child.ask
    monkeypatch.setattr(child.Child, "ask", lambda *a, **k: answers.append(ask(*a, **k)) or answers[-1])
    assert run(model("totalsegmentator_body_fast", places), head).found
    assert answers[0]["network"] > 0, "with statistics on it tries to, and the process does not let it"


@real
@pytest.mark.slow
def test_cancel_ends_it_within_two_seconds(places, small_weights, head, monkeypatch):
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(small_weights))
    asked = []

    def stop(step, _):
        if step == "running the model" and not asked:
            asked.append(time.monotonic())
            progress.cancel()
    progress = Progress(stop)
    with pytest.raises(Cancelled):
        run(model("totalsegmentator_body_fast", places), head, progress=progress)
    assert time.monotonic() - asked[0] < 2.0


@real
@pytest.mark.slow
def test_a_checkpoint_that_is_a_program_is_not_loaded(places, small_weights, head, monkeypatch):
    torch = pytest.importorskip("torch")
    shutil.copytree(small_weights, places / "weights")
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(places / "weights"))
    file = next((places / "weights").rglob("*.pth"))
    torch.save({**torch.load(file, weights_only=False), "note": Path("a path is an object")}, file)
    with pytest.raises(ModelError, match="holds more than weights, which could be a program; it was not loaded"):
        run(model("totalsegmentator_body_fast", places), head)


@real
def test_the_tables_say_what_the_installed_package_says(places):
    env = environments.environment("totalsegmentator")
    code = ("import json; from totalsegmentator.registry import task_registry; "
            "from totalsegmentator.map_tasks_config import TASK_ID_WEIGHTS_CONFIGS as w; "
            "print(json.dumps([task_registry(), [v['foldername'] for v in w.values()]]))")
    done = subprocess.run([env.python, "-c", code], capture_output=True, text=True, check=True,
                          env=environments.variables(env))
    registry, folders = json.loads(done.stdout.splitlines()[-1])
    assert registry["totalsegmentator_version"] == known.VERSION
    for task in known.tasks().values():
        theirs = registry["tasks"][task.task]
        assert {str(n): kind for n, kind, _ in task.classes} == theirs["classes"]
        assert (task.licence == "number") == theirs["license_required"] and task.modality == theirs["modality"]
        assert set(task.weights + task.rough_weights) <= set(folders)


def test_every_name_is_a_known_structure_or_the_class_itself_and_unique_in_its_task():
    with (resources() / "Templates" / "totalsegmentator.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            assert not row["name"] or row["name"] in structure_templates(), row
    for task in known.tasks().values():
        names = [name for _, _, name in task.classes]
        assert len(set(names)) == len(names), task.name
    total = {kind: name for _, kind, name in known.tasks()["totalsegmentator_total"].classes}
    assert total["lung_upper_lobe_left"] == "Lung_LUL" and total["hip_left"] == "hip_left"


def test_missing_weights_are_named_with_their_address_and_place(places, monkeypatch):
    monkeypatch.setattr(environments, "installed", lambda _: True)
    said = why_not(model("totalsegmentator_head_glands_cavities", places))
    assert "Dataset775_head_glands_cavities_492subj and 1 more" in said and str(known.weights_folder()) in said
    assert "radoncai install totalsegmentator --weights head_glands_cavities fetches them, or unpack" in said
    assert "releases/download/v2.3.0-weights/Dataset775_head_glands_cavities_492subj.zip" in said


def test_a_task_with_a_licence_asks_for_the_number_and_for_agreement(places, monkeypatch):
    monkeypatch.setattr(environments, "installed", lambda _: True)
    folder = model("totalsegmentator_tissue_types", places)
    assert "needs a licence number, free for non-commercial use" in why_not(folder)
    assert [a.kind for a in agreements.needed(folder)] == ["licence"]
    (places / "theirs").mkdir()
    (places / "theirs" / "config.json").write_text(json.dumps({"license_number": "aca_ABCDEFGHIJKLMN"}))
    assert "weights Dataset481_tissue_1559subj are not in" in why_not(folder)
    assert not agreements.needed(model("totalsegmentator_total", places))


@real
def test_weights_that_changed_since_they_ran_first_are_refused(places, small_weights, monkeypatch):
    shutil.copytree(small_weights, places / "weights")
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(places / "weights"))
    folder = model("totalsegmentator_body_fast", places)
    first = runners.open(folder, "cpu").weights
    file = next((places / "weights").rglob("*.pth"))
    file.write_bytes(file.read_bytes() + b"?")
    with pytest.raises(ModelError, match="have changed since they ran here first"):
        runners.open(folder, "cpu")
    assert len(first) == 64


def archive(place, name=SMALL):
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place / f"{name}.zip", "w") as file:
        file.writestr(f"{name}/plans.json", "{}")
    return place


def test_archives_in_a_folder_become_weights(places):
    source = archive(places / "carried")
    assert totalsegmentator_weights.unpack(source, Progress()) == [SMALL]
    assert (known.weights_folder() / SMALL / "plans.json").is_file()
    assert [p.name for p in known.weights_folder().iterdir()] == [SMALL]


def test_a_damaged_archive_leaves_no_weights(places):
    source = archive(places / "carried")
    (source / f"{SMALL}.zip").write_bytes((source / f"{SMALL}.zip").read_bytes()[:40])
    with pytest.raises(ModelError, match="damaged"):
        totalsegmentator_weights.unpack(source, Progress())
    assert not list(known.weights_folder().glob("*"))


@pytest.fixture
def releases(places, monkeypatch):
    """A server on this machine in the place of the releases."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *rest, **more):
            super().__init__(*rest, directory=str(places / "server"), **more)

        def log_message(self, *rest):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(known, "RELEASES", f"http://127.0.0.1:{server.server_port}")
    yield places / "server"
    server.shutdown()
    server.server_close()


def test_weights_that_a_person_asked_for_are_fetched(places, releases):
    archive(releases / "v2.0.0-weights")
    steps = []
    files = totalsegmentator_weights.fetch(["totalsegmentator_body_fast"], places / "got",
                                           Progress(lambda step, _: steps.append(step)))
    assert [f.name for f in files] == [f"{SMALL}.zip"] and zipfile.is_zipfile(files[0])
    assert f"fetching {SMALL}" in steps


def test_what_cannot_be_fetched_is_named_and_leaves_nothing(places, releases):
    releases.mkdir()
    with pytest.raises(PlatformError, match="answered 404"):
        totalsegmentator_weights.fetch(["totalsegmentator_body_fast"], places / "got", Progress())
    with pytest.raises(ModelError, match="come with a licence number only"):
        totalsegmentator_weights.fetch(["tissue_types"], places / "got", Progress())
    with pytest.raises(InputError, match="no task brain_surgery"):
        totalsegmentator_weights.fetch(["brain_surgery"], places / "got", Progress())
    assert not list((places / "got").iterdir())
