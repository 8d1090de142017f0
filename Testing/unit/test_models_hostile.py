"""Models that mean harm or are simply wrong: one sentence each, nothing of theirs runs, and the next job works."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from worker_requests import image_of, run, trunk_volume, worker  # noqa: E402

from radoncai.contour.job import contour  # noqa: E402
from radoncai.core.errors import InputError, ModelError, PlatformError  # noqa: E402
from radoncai.models.catalogue import read_folder  # noqa: E402
from radoncai.models.install.installing import install  # noqa: E402
from radoncai.models.weights import sha256  # noqa: E402

MODELS = Path(__file__).parents[1] / "data" / "models"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def model(home):
    """Copies one of the small real models into the user's folder, changed, with hashes made anew."""
    def copy(name, act=None, rehash=True, **changes):
        folder = home / "models" / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(MODELS / name, folder)
        if act:
            act(folder)
        content = json.loads((folder / "model.json").read_text())
        if rehash:
            content["weights"] = {n: sha256(folder / n) for n in content["weights"] if (folder / n).is_file()}
        (folder / "model.json").write_text(json.dumps({**content, **changes}))
        return folder
    return copy


class Hostile:
    """A pickle that would write a file."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return open, (self.place, "w")


def settings(change):
    """Changes configs/inference.json of a bundle."""
    def act(folder):
        path = folder / "configs" / "inference.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    return act


def said_once(error):
    """One sentence: no full stop before the end but in names and numbers."""
    text = str(error.value)
    assert text.endswith(".") and ". " not in text and "\n" not in text, text
    return text


def refused(folder, words, kind=ModelError, **more):
    with pytest.raises(kind, match=words) as error:
        contour(trunk_volume(), read_folder(folder), device="cpu", **more)
    return said_once(error)


def needs(*names):
    for name in names:
        pytest.importorskip(name, reason=f"{name} is not installed")


@pytest.mark.parametrize("name, file", [("unet_torch", "model.pt"), ("bundle", "models/model.pt")])
def test_code_in_a_pickle_does_not_run(model, tmp_path, name, file):
    needs("torch", "monai")
    import torch
    marker = tmp_path / "written"
    folder = model(name, lambda f: torch.save({"weight": Hostile(marker)}, f / file))
    refused(folder, "holds more than weights, such as code, and was not opened")
    import pickle
    plain = model(name, lambda f: (f / file).write_bytes(pickle.dumps(Hostile(marker))))
    refused(plain, "was not opened")
    assert not marker.exists()


TARGETS = ["os.system", "subprocess.Popen", "builtins.eval", "monai.bundle.scripts.run", "scripts.network.Net",
           "monai.apps.utils.download_url", "monai.transforms.Lambdad", "Lambda", "torch.load", "torch.nn.os.system",
           "monai.networks.nets.torch.load", "monai.transforms.TorchVision", "monai.transforms.io.array.LoadImage",
           "monai.inferers.PatchInferer"]


@pytest.mark.parametrize("target", TARGETS)
def test_only_classes_of_monai_and_torch_are_made(model, target):
    needs("monai")
    folder = model("bundle", settings(lambda c: c.update(network_def={"_target_": target, "command": "true"})))
    text = refused(folder, "in its entry network_def")
    assert target in text and "is not run from a model's files" in text or "does not take these" in text


EXPRESSIONS = ["$import os", "$__import__('os').system('touch MARK')", "$open('MARK', 'w')", "$().__class__.__bases__",
               "$torch.load('x')", "$@network_def.eval()", "$[x for x in (1, 2)]", "$lambda: 1", "$'a' * 10**9",
               "$9**9**9", "$(1).__class__", "$f'{1}'", "$@bundle_root % 3", "@#sibling", "$(" * 200,
               "$[0] * 10**8", "$monai.__version__", "$print(1)"]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_are_arithmetic_or_refused(model, tmp_path, monkeypatch, text):
    needs("monai")
    monkeypatch.chdir(tmp_path)
    folder = model("bundle", settings(lambda c: c["inferer"].update(overlap=text)))
    refused(folder, "in its entry inferer::overlap")
    assert not (tmp_path / "MARK").exists()


@pytest.mark.parametrize("change, words", [
    (lambda c: c.update(spacing="@spacing"), "refers to itself"),
    (lambda c: c.update(spacing="%spacing"), "refers to itself"),
    (lambda c: c.update(inferer="@evaluator::inferer", evaluator={"inferer": "@inferer"}), "refers to itself"),
    (lambda c: c.update(a="@b", b="@a", inferer="@a::x"), "refers to itself"),
    (lambda c: c["inferer"].update(roi_size="@nowhere::at::all"), "has no entry nowhere"),
    (lambda c: c["inferer"].update(_mode_="debug"), "the mode 'debug' is not run"),
    (lambda c: c["evaluator"].update(prepare_batch="$scripts.mine"), "evaluator has a prepare_batch of its own"),
    (lambda c: c["network_def"].update(channels="many"), "does not take these arguments"),
    (lambda c: c.update(network_def={"_target_": "MILModel", "num_classes": 3}), "would fetch other weights"),
    (lambda c: c.update(network_def={"_target_": "torch.nn.Identity"}), "does not fit the network"),
    (lambda c: c.update(network_def=3), "defines no network"),
    (lambda c: c.pop("inferer"), "has no entry inferer"),
])
def test_settings_that_cannot_work_are_said(model, change, words):
    needs("monai")
    refused(model("bundle", settings(change)), words)


def test_what_nobody_asks_for_is_not_looked_at(model, tmp_path, monkeypatch):
    """Bundles import os and glob for their own program; here that is data like any other."""
    needs("monai")
    monkeypatch.chdir(tmp_path)

    def act(content):
        content["imports"] = ["$import os", "$__import__('os').system('touch MARK')"]
        content["initialize"] = ["$open('MARK', 'w')"]
        content["handlers"] = [{"_target_": "os.system", "command": "touch MARK"}]
    result = contour(trunk_volume(), read_folder(model("bundle", settings(act))), device="cpu")
    assert result.structures.grid.shape == trunk_volume().grid.shape
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_a_bundle_writes_nothing_while_it_runs(model, tmp_path, monkeypatch):
    needs("monai")
    monkeypatch.chdir(tmp_path)
    folder = model("bundle")
    before = sorted(p for p in folder.rglob("*"))
    contour(trunk_volume(), read_folder(folder), device="cpu")
    assert sorted(p for p in folder.rglob("*")) == before and not (tmp_path / "eval").exists()


@pytest.mark.parametrize("name", ["unet_onnx", "unet_torch", "bundle"])
def test_wrong_hashes_stop_every_runner(model, name):
    needs(*{"unet_onnx": [], "unet_torch": ["torch"], "bundle": ["monai"]}[name])

    def touch(folder):
        for file in json.loads((folder / "model.json").read_text())["weights"]:
            with (folder / file).open("ab") as stream:
                stream.write(b" ")
    refused(model(name, touch, rehash=False), "has changed since the model was made .wrong sha256.")


def test_settings_of_a_bundle_have_hashes_too(model):
    needs("monai")
    change = settings(lambda c: c["inferer"].update(overlap=0.1))
    refused(model("bundle", change, rehash=False), "inference.json has changed since the model was made")
    without = json.loads((MODELS / "bundle" / "model.json").read_text())["weights"]
    without.pop("configs/inference.json")
    refused(model("bundle", rehash=False, weights=without), "names no hash for configs/inference.json")


@pytest.mark.parametrize("name", ["../outside.onnx", "/outside.onnx", "link.onnx"])
def test_weights_outside_the_folder_are_not_opened(model, home, name):
    source = MODELS / "unet_onnx" / "model.onnx"
    outside = home / "models" / "outside.onnx"

    def act(folder):
        shutil.copy(source, outside)
        (folder / "link.onnx").symlink_to(outside)
    named = str(outside) if name.startswith("/") else name
    folder = model("unet_onnx", act, rehash=False, weights={named: sha256(source)})
    refused(folder, "lies outside the model's folder")


def onnx_with_external_data(path, location):
    """A network whose only weight lies in another file."""
    needs("onnx")
    from onnx import TensorProto, helper
    weight = TensorProto(name="w", data_type=1, dims=[4, 1, 1, 1, 1], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        weight.external_data.add(key=key, value=value)
    shape = ["n", "c", "k", "j", "i"]
    graph = helper.make_graph([helper.make_node("Conv", ["input", "w"], ["output"])], "g",
                              [helper.make_tensor_value_info("input", 1, shape)],
                              [helper.make_tensor_value_info("output", 1, shape)], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("location", ["../../secret.bin", "SECRET", "link.bin", "inside.bin"])
def test_an_onnx_file_reads_no_other_file_without_a_hash(model, home, location):
    secret = home / "secret.bin"

    def act(folder):
        np.ones(4, np.float32).tofile(secret)
        np.ones(4, np.float32).tofile(folder / "inside.bin")
        (folder / "link.bin").symlink_to(secret)
        onnx_with_external_data(folder / "model.onnx", str(secret) if location == "SECRET" else location)
    refused(model("unet_onnx", act), "wants to read other files")


def test_a_lone_onnx_file_reads_no_other_file_while_it_is_installed(tmp_path, home):
    onnx_with_external_data(tmp_path / "lone.onnx", "beside.bin")
    np.ones(4, np.float32).tofile(tmp_path / "beside.bin")
    with pytest.raises(ModelError, match="wants to read other files"):
        install(tmp_path / "lone.onnx", facts={"outputs": [{"name": "SpinalCord"}], "spacing_mm": [3, 3, 3]})


def test_external_data_with_a_hash_belong_to_the_model(model):
    def act(folder):
        np.array([0, 8, 0, -8], np.float32).tofile(folder / "inside.bin")
        onnx_with_external_data(folder / "model.onnx", "inside.bin")
        content = json.loads((folder / "model.json").read_text())
        content["weights"]["inside.bin"] = ""
        (folder / "model.json").write_text(json.dumps(content))
    folder = model("unet_onnx", act)
    found = contour(trunk_volume(), read_folder(folder), device="cpu", structures=["SpinalCord"]).structures
    lungs = trunk_volume().array == -800
    mask = found.find("SpinalCord").full(lungs.shape)
    assert np.count_nonzero(mask & lungs) > 0.9 * np.count_nonzero(lungs)
    (folder / "inside.bin").write_bytes(bytes(16))
    refused(folder, "inside.bin has changed since the model was made")


def test_torchscript_without_agreement(model):
    needs("torch")
    refused(model("unet_torchscript"), "radoncai models agree unet_torchscript")


def test_labels_that_are_missing_are_said(model):
    refused(model("unet_onnx", outputs=[{"name": "Lung_L"}]), "outputs")
    needs("monai")

    def unnamed(folder):
        path = folder / "configs" / "metadata.json"
        content = json.loads(path.read_text())
        content["network_data_format"]["outputs"]["pred"].pop("channel_def")
        path.write_text(json.dumps(content))
    refused(model("bundle", unnamed), "does not name the labels of 'pred'")


def test_a_model_for_mr_on_a_ct(model):
    text = refused(model("unet_onnx", modality=["MR"]), "The image is CT; the model unet_onnx is made for MR",
                   InputError)
    assert "override" in text


def test_more_memory_than_there_is(model):
    refused(model("unet_onnx", memory_mb=10_000_000), "needs 9765.6 GB of memory", PlatformError)
    result = contour(trunk_volume(), read_folder(model("unet_onnx", memory_mb=10_000_000)), device="cpu", override=True)
    assert any(w.startswith("Overridden") and "memory" in w for w in result.warnings)


@pytest.mark.parametrize("file", ["model.json", "configs/metadata.json", "configs/inference.json"])
@pytest.mark.parametrize("content, words", [(b'{"a": "' + b"x" * (9 << 20) + b'"}', "is bigger than"),
                                            (b"[" * 200_000, "cannot be read|nested too deeply"),
                                            (b"\xff\xfe{}", "cannot be read"),
                                            (b"[]", "must hold one"), (b"", "cannot be read")])
def test_json_that_is_none_or_too_much(model, file, content, words):
    folder = model("bundle")
    if file != "model.json":
        needs("monai")
        (folder / file).write_bytes(content)
        weights = {n: sha256(folder / n) for n in json.loads((folder / "model.json").read_text())["weights"]}
        described = {**json.loads((folder / "model.json").read_text()), "weights": weights}
        (folder / "model.json").write_text(json.dumps(described))
    else:
        (folder / file).write_bytes(content)
    refused(folder, words)


def test_an_archive_with_path_tricks_installs_nothing(home, tmp_path):
    archive = tmp_path / "tricks.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted((MODELS / "unet_onnx").iterdir()):
            file.write(path, f"unet_onnx/{path.name}")
        file.writestr("../../evil.py", "print('hello')")
    before = sorted(p for p in tmp_path.rglob("*"))
    with pytest.raises(ModelError, match="outside its folder") as error:
        install(archive)
    said_once(error)
    assert sorted(p for p in tmp_path.rglob("*")) == before


def request(client, name, **more):
    folder = client.new_folder()
    return {"folder": str(folder), "image": image_of(trunk_volume(), folder), "model": name, "device": "cpu", **more}


def test_through_the_worker_each_is_one_sentence_and_the_next_job_works(model, home):
    needs("monai")
    import torch
    marker = home / "MARK"
    bad = {
        "unet_torch": model("unet_torch", lambda f: torch.save({"w": Hostile(marker)}, f / "model.pt")),
        "bundle": model("bundle", settings(lambda c: c["inferer"].update(overlap=f"$open('{marker}', 'w')"))),
        "unet_torchscript": model("unet_torchscript"),
        "unet_monai": model("unet_monai", memory_mb=10_000_000),
        "bundle_two_images": model("bundle_two_images"),
    }
    model("unet_onnx")
    with worker() as client:
        for name in bad:
            event, heard, job = run(client, "contour", request(client, name), 120)
            assert event["event"] == "failed" and event["kind"] in ("model", "platform", "input"), event
            assert event["text"].endswith(".") and ". " not in event["text"] and len(heard.ends) == 1
            assert not job.folder.exists()
            pid = client.pid
        event, _, _ = run(client, "contour", request(client, "unet_onnx"), 120)
        assert event["event"] == "result" and client.pid == pid
    assert not marker.exists() and not (home / "radoncai.log").exists()


