"""The catalogue: parsing, finding, hashes."""

import hashlib
import json

import pytest

from radoncai.core.errors import ModelError
from radoncai.models.catalogue import catalogue, find, read_folder, verify

CARD = dict.fromkeys(("title", "intended_use", "not_intended", "training_data", "method", "metrics", "limits",
                      "licence", "contact", "date"), "said")


def make(place, name="hn_demo", version="0.1.0", weights=b"weights", **changes):
    folder = place / f"{name}-{version}" if changes.pop("versioned", False) else place / name
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(weights)
    model = {"name": name, "version": version, "task": "contour", "runner": "onnx", "spacing_mm": [3, 2, 2],
             "patch": [16, 32, 32], "inputs": [{"name": "CT", "normalisation": {"clip": [-1000, 500], "std": 500}}],
             "outputs": [{"name": "Brainstem"}],
             "weights": {"model.onnx": hashlib.sha256(weights).hexdigest()}, **changes}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "card.json").write_text(json.dumps(CARD))
    return folder


def test_the_bundled_models_are_whole():
    models = catalogue()
    assert models["body"].model.names == ("External", "Lung_L", "Lung_R")
    assert [problem for folder in models.values() for problem in verify(folder)] == []


def test_a_folder_is_parsed(tmp_path):
    make(tmp_path)
    spec = find("hn_demo", (tmp_path,)).model
    assert spec.spacing_mm == (3.0, 2.0, 2.0)
    assert spec.patch == (16, 32, 32)
    assert spec.inputs[0].clip == (-1000.0, 500.0)
    assert spec.inputs[0].outside == -1000.0
    assert spec.outputs[0].role == "oar"


def test_an_unknown_name_gets_close_ones(tmp_path):
    make(tmp_path)
    with pytest.raises(ModelError, match=r"did you mean hn_demo\?$"):
        find("hn_dem", (tmp_path,))
    with pytest.raises(ModelError, match="there are hn_demo"):
        find("zzz", (tmp_path,))


@pytest.mark.parametrize(("key", "value"), [
    ("runner", "magic"), ("spacing_mm", [1, 2]), ("patch", "big"), ("overlap", 1.5), ("modality", "CT"),
    ("inputs", [{"normalisation": {}}]), ("inputs", [{"name": "CT", "normalisation": {"std": 0}}]),
    ("network", "unet"), ("version", 1), ("further_spacings_mm", [3, 2, 2])])
def test_a_wrong_value_names_file_and_key(tmp_path, key, value):
    folder = make(tmp_path, **{key: value})
    with pytest.raises(ModelError, match=f"model.json.*'{key}'"):
        read_folder(folder)


def test_several_grids_are_for_contouring_networks(tmp_path):
    grids = [[3, 2, 2.5], [4, 3, 3]]
    assert read_folder(make(tmp_path, further_spacings_mm=grids)).model.further_spacings_mm == ((3, 2, 2.5), (4, 3, 3))
    for number, wrong in enumerate(({"task": "tissue"}, {"spacing_mm": None}, {"runner": "nnunet"})):
        with pytest.raises(ModelError, match="'further_spacings_mm' is for networks .* take it out"):
            read_folder(make(tmp_path / str(number), further_spacings_mm=grids, **wrong))


def test_a_broken_model_does_not_hide_the_others(tmp_path):
    make(tmp_path)
    broken = make(tmp_path, "broken")
    (broken / "model.json").write_text("{")
    assert list(catalogue((tmp_path,))) == ["hn_demo"]
    with pytest.raises(ModelError, match="cannot be read as JSON"):
        find("broken", (tmp_path,))


def test_the_newest_version_and_the_users_own_come_first(tmp_path):
    make(tmp_path / "a", version="0.9.0", versioned=True)
    make(tmp_path / "a", version="0.10.0", versioned=True)
    assert find("hn_demo", (tmp_path / "a",)).version == "0.10.0"
    assert find("hn_demo@0.9.0", (tmp_path / "a",)).version == "0.9.0"
    make(tmp_path / "b", version="0.1.0")
    assert find("hn_demo", (tmp_path / "a", tmp_path / "b")).version == "0.1.0"


def test_changed_missing_and_unlisted_weights_are_found(tmp_path):
    folder = make(tmp_path)
    assert verify(read_folder(folder)) == []
    (folder / "other.pt").write_bytes(b"x")
    (folder / "model.onnx").write_bytes(b"changed")
    (folder / "card.json").write_text("{}")
    text = " ".join(verify(read_folder(folder)))
    assert "wrong sha256" in text
    assert "other.pt has no hash" in text
    assert "lacks the field limits" in text
    (folder / "model.onnx").unlink()
    assert "is missing" in " ".join(verify(read_folder(folder)))


def test_weights_outside_the_folder_are_refused(tmp_path):
    (tmp_path / "secret.onnx").write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    folder = make(tmp_path / "models")
    model = json.loads((folder / "model.json").read_text())
    model["weights"] = {"../../secret.onnx": digest}
    (folder / "model.json").write_text(json.dumps(model))
    assert "outside" in " ".join(verify(read_folder(folder)))
