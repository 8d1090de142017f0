"""Trained nnU-Net folders against nnU-Net's own predictor, and what keeps a person's machine safe and responsive."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from radoncai.contour.job import contour
from radoncai.core.errors import Cancelled, InputError, ModelError, PlatformError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models import agreements, runners
from radoncai.models.catalogue import read_folder
from radoncai.models.install import environments
from radoncai.models.options import RunOptions
from radoncai.models.runners import child
from radoncai.models.runners.nnunet_folder import configurations, describe, stages
from radoncai.models.weights import sha256
from radoncai.phantom.patient import sample_patient

DATA = Path(__file__).parents[1] / "data"
MODELS = DATA / "models"
HEAD = (slice(0, 25), slice(20, 75), slice(33, 73))
real = pytest.mark.skipif(not environments.installed("nnunet"),
                          reason="nnU-Net is not installed here (make test or radoncai install nnunet brings it)")


@pytest.fixture(scope="module")
def head():
    """CT and a second image of the same head, 6 x 4.5 x 4.5 mm, so that both ways are resampled."""
    ct = sample_patient(3, (6.0, 4.5, 4.5), z_range_mm=(-90.0, 60.0)).ct.crop(HEAD)
    second = Volume(np.clip(300 - np.abs(ct.array), 0, 300).astype(np.int16), ct.grid, "MR", "1")
    return ct, second


def images_of(folder, head):
    return dict(zip([i.name for i in folder.model.images], head, strict=False))


def run(name, head, names=None, progress=None, **options):
    folder = read_folder(MODELS / name) if isinstance(name, str) else name
    runner = runners.open(folder, "cpu")
    return runner.run(images_of(folder, head), names or folder.model.names, progress or Progress(),
                      RunOptions(**options))


def full(found, shape):
    out = np.zeros(shape, bool)
    out[found.box] = found.mask
    return out


CASES = {
    "3d": ("nnunet_3d", (0,), False),
    "3d, two folds, mirrored": ("nnunet_3d", (0, 1), True),
    "2d, two images, regions, all cases": ("nnunet_2d", None, False),
    "cascade": ("nnunet_cascade", (0,), False),
}


@pytest.fixture(scope="module")
def own_labels(head, tmp_path_factory):
    """What nnU-Net itself says of every case, in one process."""
    place = tmp_path_factory.mktemp("own")
    cases = []
    for number, (name, folds, mirror) in enumerate(CASES.values()):
        spec = read_folder(MODELS / name).model
        image = place / f"image_{number}.npy"
        np.save(image, np.stack([v.array for v in head[:len(spec.images)]]).astype(np.float32))
        chain = [str(c.path) for c in stages(MODELS / name)]
        cases.append({"stages": chain, "folds": folds or "all", "mirror": mirror, "image": str(image),
                      "spacing": head[0].grid.spacing_mm, "labels": str(place / f"labels_{number}.npy")})
    (place / "cases.json").write_text(json.dumps(cases))
    env = environments.environment("nnunet")
    subprocess.run([env.python, DATA / "nnunet_reference.py", place / "cases.json"], check=True, capture_output=True,
                   env=environments.variables(env) | {"nnUNet_compile": "f"})
    return {case: np.load(place / f"labels_{n}.npy") for n, case in enumerate(CASES)}


@real
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_labels_equal_those_of_nnunets_own_predictor(case, head, own_labels):
    name, folds, mirror = CASES[case]
    result = run(name, head, folds=folds, flips=mirror)
    own, shape = own_labels[case], head[0].array.shape
    dataset = json.loads((stages(MODELS / name)[-1].path / "dataset.json").read_text())
    ours = np.zeros(shape, own.dtype)
    values = dataset.get("regions_class_order") or range(1, len(result.found) + len(result.missing) + 1)
    spec = read_folder(MODELS / name).model
    for value, structure in zip(values, spec.names, strict=True):
        if structure in result.found:
            ours[full(result.found[structure], shape)] = value
    assert np.count_nonzero(own) > 100, "the network draws something"
    assert np.count_nonzero(ours != own) <= 0.001 * np.count_nonzero(own)


@real
@pytest.mark.slow
def test_a_subset_of_structures_only_filters(head):
    everything = run("nnunet_3d", head, folds=(0,))
    name = next(iter(everything.found))
    one = run("nnunet_3d", head, names=(name,), folds=(0,))
    assert list(one.found) == [name] and not one.missing
    assert one.found[name].box == everything.found[name].box
    assert np.array_equal(one.found[name].mask, everything.found[name].mask)


@real
@pytest.mark.slow
def test_an_image_stored_the_other_way_round_gives_the_same_place(head):
    ct = head[0]
    turned = ct.grid.index_to_lps.copy()
    last = np.array(ct.grid.shape[::-1]) - 1
    turned[:3, 3] = ct.grid.to_lps(np.array([[last[0], 0, last[2]]]))[0]
    turned[:3, 0] *= -1
    turned[:3, 2] *= -1
    mirrored = Volume(np.ascontiguousarray(ct.array[::-1, :, ::-1]), Grid(ct.grid.shape, turned), "CT", "HU")
    straight, back = run("nnunet_3d", (ct,), folds=(0,)), run("nnunet_3d", (mirrored,), folds=(0,))
    assert straight.found and set(straight.found) == set(back.found)
    for name, found in straight.found.items():
        assert np.array_equal(full(found, ct.array.shape), full(back.found[name], ct.array.shape)[::-1, :, ::-1])


@real
@pytest.mark.slow
def test_entropy_lies_on_the_image_and_more_folds_are_counted(head):
    result = run("nnunet_3d", head, uncertainty=True)
    assert result.passes == 2 and result.entropy.dtype == np.uint8
    assert result.entropy.shape == head[0].array.shape and result.entropy.max() > 50
    for found in result.found.values():
        assert 0 < found.entropy < 1 and found.uncertainty > 0
    name, found = next(iter(result.found.items()))
    ring = full(found, result.entropy.shape)
    assert result.entropy[ring].mean() > result.entropy.mean(), "it is unsure at organs, not in the air"
    flipped = run("nnunet_3d", head, folds=(0,), flips=True)
    assert (flipped.passes, flipped.mirrored, result.mirrored) == (2, True, False)


@real
@pytest.mark.slow
def test_the_contour_job_runs_it_and_says_what_ran(head):
    result = contour(head[0], read_folder(MODELS / "nnunet_3d"), device="cpu", folds=(0,))
    folder = read_folder(MODELS / "nnunet_3d")
    checkpoint = next(name for name in folder.model.weights if "fold_0" in name)
    assert result.weights == folder.model.weights[checkpoint] and result.device == "cpu"
    assert len(result.structures) + len(result.structures.missing) == len(folder.model.names)
    assert result.seconds["running the model"] > 0


@real
@pytest.mark.slow
@pytest.mark.parametrize("step", ["loading the model", "preparing the image", "running the model",
                                  "bringing the contours to the image"])
def test_cancel_at_every_step_ends_the_process_within_two_seconds(step, head):
    child.end_all()
    asked = []

    def stop(name, _):
        if name == step and not asked:
            asked.append(time.monotonic())
            progress.cancel()
    progress = Progress(stop)
    before = child.shared("nnunet")
    with pytest.raises(Cancelled):
        run("nnunet_3d", head, progress=progress)
    assert time.monotonic() - asked[0] < 2.0
    answered = step == "bringing the contours to the image" and before.running
    assert answered or not before.folder.exists(), "only a process that had answered already may go on"


@real
@pytest.mark.slow
def test_after_a_killed_process_the_next_job_works(head):
    process = child.shared("nnunet")

    def kill(name, _):
        if name == "running the model" and process.running:
            os.kill(process._process.pid, signal.SIGKILL)
    with pytest.raises(PlatformError, match="ended in the middle"):
        run("nnunet_3d", head, progress=Progress(kill))
    assert not process.folder.exists()
    assert run("nnunet_3d", head, folds=(0,)).found


@real
def test_the_process_goes_when_its_parent_is_killed(tmp_path):
    code = ("import time; from radoncai.models.runners import child; c = child.shared('nnunet'); "
            "print(c._process.pid, c.folder, flush=True); time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid, folder = parent.stdout.readline().split()
    while not child_says_ready(int(pid)):
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    while time.monotonic() < end and (Path(folder).exists() or Path(f"/proc/{pid}").exists()):
        time.sleep(0.05)
    assert not Path(folder).exists()
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]


def child_says_ready(pid):
    """Its second thread, which watches the input, has begun."""
    return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1


def copied(tmp_path, name="nnunet_3d"):
    shutil.copytree(MODELS / name, tmp_path / name)
    return tmp_path / name


def hashed(folder):
    model = json.loads((folder / "model.json").read_text())
    model["weights"] = {name: sha256(folder / name) for name in model["weights"]}
    (folder / "model.json").write_text(json.dumps(model))
    return read_folder(folder)


@real
def test_a_changed_checkpoint_is_refused_before_it_is_loaded(tmp_path):
    folder = copied(tmp_path)
    file = next(folder.rglob("fold_0/checkpoint_final.pth"))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="has changed since the model was made"):
        runners.open(read_folder(folder), "cpu")


@real
@pytest.mark.slow
def test_a_checkpoint_that_is_a_program_is_refused_until_a_person_agrees(tmp_path, head, monkeypatch):
    torch = pytest.importorskip("torch", reason="torch is not installed, it writes the test's checkpoint")
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    folder, ran = copied(tmp_path), tmp_path / "ran"
    file = next(folder.rglob("fold_0/checkpoint_final.pth"))
    content = torch.load(file, weights_only=False)
    torch.save({**content, "note": Program(ran)}, file)
    model = hashed(folder)
    with pytest.raises(ModelError, match="more than weights.*radoncai models agree"):
        run(model, head, folds=(0,))
    assert not ran.exists()
    agreements.record(model, ["code"])
    assert run(model, head, folds=(0,)).found and ran.exists()


class Program:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@real
@pytest.mark.slow
@pytest.mark.parametrize("key, name", [("network_class_name", "os.system"), ("conv_op", "subprocess.Popen")])
def test_plans_that_name_something_else_than_a_network_are_refused(tmp_path, head, key, name):
    folder = copied(tmp_path)
    file = next(folder.rglob("plans.json"))
    plans = json.loads(file.read_text())
    architecture = plans["configurations"]["3d_fullres"]["architecture"]
    (architecture if key in architecture else architecture["arch_kwargs"])[key] = name
    file.write_text(json.dumps(plans))
    with pytest.raises(ModelError, match=f"names {name}, which is no network or layer"):
        run(hashed(folder), head, folds=(0,))


@real
@pytest.mark.slow
def test_weights_of_another_network_are_refused_with_what_is_missing(tmp_path, head):
    folder = copied(tmp_path)
    file = next(folder.rglob("plans.json"))
    plans = json.loads(file.read_text())
    plans["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]["features_per_stage"] = [4, 8, 12]
    file.write_text(json.dumps(plans))
    with pytest.raises(ModelError, match="do not fit the network of its plans: the trainer nnUNetTrainer"):
        run(hashed(folder), head, folds=(0,))


@real
@pytest.mark.slow
def test_a_trainer_that_the_model_brings_runs_only_after_agreement(tmp_path, head, monkeypatch):
    torch = pytest.importorskip("torch", reason="torch is not installed, it writes the test's checkpoint")
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    source = copied(tmp_path)
    for file in source.rglob("checkpoint_final.pth"):
        torch.save({**torch.load(file, weights_only=False), "trainer_name": "OurTrainer"}, file)
    place = next(source.rglob("plans.json")).parent
    renamed = place.rename(place.with_name(place.name.replace("nnUNetTrainer__", "OurTrainer__")))
    (renamed / "our_trainer.py").write_text(TRAINER.format(mark=tmp_path / "built"))
    (source / "model.json").unlink()
    content = describe(source)
    assert content.pop("card") and content["network"]["custom_trainer"] == "OurTrainer"
    (source / "model.json").write_text(json.dumps(content))
    model = hashed(source)
    with pytest.raises(ModelError, match="OurTrainer.*radoncai models agree"):
        runners.open(model, "cpu")
    agreements.record(model, ["code"])
    assert run(model, head, folds=(0,)).found and (tmp_path / "built").exists()


@pytest.mark.parametrize("trainer", ["nnUNetTrainer", "OurTrainer"])
def test_a_program_in_the_folder_needs_agreement_even_where_model_json_is_silent(tmp_path, monkeypatch, trainer):
    """A hand-made model.json may vouch for the file and not say that it is run; a usual name changes nothing."""
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    source = copied(tmp_path)
    (source / "model.json").unlink()
    place = next(source.rglob("plans.json")).parent
    place = place.rename(place.with_name(place.name.replace("nnUNetTrainer__", f"{trainer}__")))
    (place / "trainer.py").write_text(f"class {trainer}(object):\n    pass\n")
    content = describe(source)
    del content["card"]
    content["network"].pop("custom_trainer", None)
    (source / "model.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="trainer.py.*radoncai models agree"):
        runners.open(hashed(source), "cpu")


TRAINER = '''
from pathlib import Path
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


class OurTrainer(nnUNetTrainer):
    @staticmethod
    def build_network_architecture(plans_manager, configuration, channels, heads, enable_deep_supervision=True):
        Path("{mark}").touch()
        return nnUNetTrainer.build_network_architecture(plans_manager, configuration, channels, heads,
                                                        enable_deep_supervision)
'''


@real
def test_a_fold_that_is_not_there_is_named(head):
    with pytest.raises(InputError, match="has no fold 7; it has 0, 1"):
        run("nnunet_3d", head, folds=(7,))


def test_a_folder_is_described_from_its_own_files():
    content = describe(MODELS / "nnunet_3d")
    assert [o["name"] for o in content["outputs"]] == ["Brainstem", "SpinalCord", "Parotid_L", "Parotid_R",
                                                       "Bone_Mandible"]
    assert content["modality"] == ["CT"] and content["spacing_mm"] == [4.0, 4.0, 4.0] and content["flips"]
    assert sum(name.endswith(".pth") for name in content["weights"]) == 2
    two = describe(MODELS / "nnunet_2d")
    assert [(i["name"], i["modality"]) for i in two["images"]] == [("CT", "CT"), ("MR", "MR")]
    assert [o["name"] for o in two["outputs"]] == ["Parotids", "Parotid_R", "Bone_Mandible"]


def test_a_cascade_has_two_stages_and_needs_both(tmp_path):
    assert [c.name for c in stages(MODELS / "nnunet_cascade")] == ["3d_lowres", "3d_cascade_fullres"]
    second = next((MODELS / "nnunet_cascade").glob("*cascade*"))
    shutil.copytree(second, tmp_path / second.name)
    with pytest.raises(ModelError, match="second stage of a cascade; give the folder that also holds 3d_lowres"):
        describe(tmp_path)


def test_a_folder_that_is_no_trained_nnunet_says_what_is_missing(tmp_path):
    with pytest.raises(ModelError, match="holds no trained nnU-Net"):
        configurations(tmp_path)
    source = next((MODELS / "nnunet_3d").glob("nnUNet*"))
    shutil.copytree(source, tmp_path / source.name)
    shutil.rmtree(tmp_path / source.name / "fold_0")
    shutil.rmtree(tmp_path / source.name / "fold_1")
    with pytest.raises(ModelError, match="no fold with a checkpoint"):
        describe(tmp_path)
