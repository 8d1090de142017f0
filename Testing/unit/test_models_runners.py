"""Runners on small real models: the same network as ONNX and as torch weights gives the same labels."""

import hashlib
import json

import numpy as np
import pytest

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress
from radoncai.models import runners
from radoncai.models.catalogue import read_folder

ARGUMENTS = {"dimensions": 3, "inputs": 1, "outputs": 3, "widths": [4, 8, 8]}


def write(folder, **changes):
    weights = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.suffix != ".json"}
    model = {"name": "tiny", "version": "0.1.0", "task": "contour", "runner": "onnx", "inputs": [{"name": "CT"}],
             "outputs": [{"name": n} for n in ("Brain", "Brainstem", "SpinalCord")], "weights": weights,
             "network": {"class": "unet.UNet", "arguments": ARGUMENTS}, **changes}
    (folder / "model.json").write_text(json.dumps(model))
    return read_folder(folder)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed, it exports the test's model")
    from radoncai.models.networks.unet import UNet
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(1)
    network = UNet(**ARGUMENTS).half().float().eval()
    torch.save({k: v.half() for k, v in network.state_dict().items()}, folder / "model.pt")
    axes = {2: "k", 3: "j", 4: "i"}
    torch.onnx.export(network, (torch.zeros(1, 1, 8, 12, 16),), str(folder / "model.onnx"), opset_version=17,
                      input_names=["input"], output_names=["output"], dynamo=False,
                      dynamic_axes={"input": axes, "output": axes})
    return folder


def run(folder, **changes):
    image = np.random.default_rng(3).normal(size=(1, 8, 12, 20)).astype(np.float32)
    return runners.open(write(folder, **changes), "cpu").run(image, Progress())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_onnx_and_torch_give_the_same_labels(bundle):
    first, second = run(bundle, runner="onnx"), run(bundle, runner="torch")
    assert first.shape == (3, 8, 12, 20)
    assert first.dtype == np.float32
    assert np.abs(first - second).max() < 1e-3
    assert np.mean((first > 0) != (second > 0)) < 0.001


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_weights_are_checked_before_every_load(bundle):
    folder = write(bundle)
    runners.open(folder, "cpu")
    wrong = write(bundle, weights={"model.onnx": "0" * 64, "model.pt": "0" * 64})
    for kind in ("onnx", "torch"):
        with pytest.raises(ModelError, match="wrong sha256"):
            runners.open(write(bundle, weights=wrong.model.weights, runner=kind), "cpu")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_wrong_input_and_a_wrong_network_are_one_sentence(bundle):
    with pytest.raises(ModelError, match="failed on an input of shape"):
        runners.open(write(bundle), "cpu").run(np.zeros((2, 8, 8, 8), np.float32), Progress())
    for network in ({"class": "os.system", "arguments": {}}, {"class": "unet.UNet", "arguments": {"inputs": 1}}, {}):
        with pytest.raises(ModelError, match="radoncai.models.networks"):
            runners.open(write(bundle, runner="torch", network=network), "cpu")
    other = {"class": "unet.UNet", "arguments": {**ARGUMENTS, "widths": [4, 8]}}
    with pytest.raises(ModelError, match="does not fit the network"):
        runners.open(write(bundle, runner="torch", network=other), "cpu")


def test_a_pickle_is_not_opened(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")

    class Hostile:
        def __reduce__(self):
            return open, (str(tmp_path / "written"), "w")
    torch.save({"weight": Hostile()}, tmp_path / "model.pt")
    with pytest.raises(ModelError):
        runners.open(write(tmp_path, runner="torch"), "cpu")
    assert not (tmp_path / "written").exists()


def test_what_cannot_be_opened_is_said(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        runners.open(write(tmp_path), "cpu")
    with pytest.raises(PlatformError, match="tpu"):
        runners.open(write(tmp_path), "tpu")
    with pytest.raises(ModelError, match="names no .onnx"):
        runners.open(write(tmp_path, weights={}), "cpu")
    with pytest.raises(ModelError, match="no code"):
        runners.open(write(tmp_path, runner="classical"), "cpu")
