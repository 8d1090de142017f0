"""TorchScript and MONAI's network classes as runners of tiles: the labels of the other forms of the same network."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from make_models import CHEST, CHEST_MM, MODELS  # noqa: E402

from radoncai.contour.job import contour  # noqa: E402
from radoncai.core.errors import ModelError  # noqa: E402
from radoncai.models import agreements, runners  # noqa: E402
from radoncai.models.catalogue import read_folder  # noqa: E402
from radoncai.models.weights import sha256  # noqa: E402
from radoncai.phantom.patient import sample_patient  # noqa: E402

# Dice that a minute of training reaches on another drawing of the chest; the cord is one voxel wide there
LEAST = (0.85, 0.85, 0.2)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def chest():
    return sample_patient(seed=3, spacing_mm=(6.0, 4.0, 4.0), z_range_mm=CHEST_MM)


def masks(chest, name):
    result = contour(chest.ct, read_folder(MODELS / name), device="cpu")
    return {n: result.structures.find(n).full(chest.ct.grid.shape) for n in CHEST}


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def assert_same(first, second):
    """Design 3: at most 0.1 % of the labelled voxels differ, every structure has Dice 0.995 or more."""
    differ = sum(np.count_nonzero(first[n] != second[n]) for n in CHEST)
    assert differ <= 0.002 * sum(np.count_nonzero(first[n]) for n in CHEST)
    assert all(dice(first[n], second[n]) >= 0.995 for n in CHEST)


def test_onnx_torch_and_torchscript_give_the_same_labels(chest):
    agreements.record(read_folder(MODELS / "unet_torchscript"), ["code"])
    onnx, state, script = (masks(chest, name) for name in ("unet_onnx", "unet_torch", "unet_torchscript"))
    assert_same(onnx, state)
    assert_same(onnx, script)
    for name, least in zip(CHEST, LEAST, strict=True):
        assert dice(onnx[name], chest.truth.find(name).full(chest.ct.grid.shape)) > least, name


def test_a_network_class_of_monai(chest):
    pytest.importorskip("monai", reason="monai is not installed")
    found = masks(chest, "unet_monai")
    for name, least in zip(CHEST, LEAST, strict=True):
        assert dice(found[name], chest.truth.find(name).full(chest.ct.grid.shape)) > least, name


def test_torchscript_waits_for_an_agreement_and_for_one_to_these_weights(tmp_path):
    folder = read_folder(MODELS / "unet_torchscript")
    with pytest.raises(ModelError, match="radoncai models agree unet_torchscript@0.1.0"):
        runners.open(folder, "cpu")
    agreements.record(folder, ["code"])
    assert runners.open(folder, "cpu").weights == folder.model.weights["model.ts"]
    other = shutil.copytree(folder.path, tmp_path / "other")
    with (other / "model.ts").open("ab") as file:
        file.write(b"more")
    model = json.loads((other / "model.json").read_text())
    model["weights"] = {"model.ts": sha256(other / "model.ts")}
    (other / "model.json").write_text(json.dumps(model))
    with pytest.raises(ModelError, match="radoncai models agree"):
        runners.open(read_folder(other), "cpu")


def test_what_is_no_torchscript_is_said(tmp_path):
    folder = shutil.copytree(MODELS / "unet_torchscript", tmp_path / "other")
    (folder / "model.ts").write_bytes(b"no network")
    model = json.loads((folder / "model.json").read_text())
    model["weights"] = {"model.ts": sha256(folder / "model.ts")}
    for content, said in ((model, "no TorchScript file"), ({**model, "weights": {}}, "names no .ts file")):
        (folder / "model.json").write_text(json.dumps(content))
        agreements.record(read_folder(folder), ["code"])
        with pytest.raises(ModelError, match=said):
            runners.open(read_folder(folder), "cpu")


@pytest.mark.parametrize("network, said", [
    ({"class": "monai.networks.nets.UNet", "arguments": {"spatial_dims": 3}}, "does not take these arguments"),
    ({"class": "monai.bundle.scripts.run", "arguments": {}}, "is not run from a model's files"),
    ({"class": "monai.networks.nets.os.system", "arguments": {}}, "is not run from a model's files"),
    ({"class": "monai.networks.nets.MILModel", "arguments": {"num_classes": 2}}, "would fetch other weights"),
])
def test_other_classes_of_monai_are_refused(tmp_path, network, said):
    pytest.importorskip("monai", reason="monai is not installed")
    folder = shutil.copytree(MODELS / "unet_monai", tmp_path / "other")
    model = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**model, "network": network}))
    with pytest.raises(ModelError, match=said) as told:
        runners.open(read_folder(folder), "cpu")
    assert ". " not in str(told.value).removesuffix(".")
