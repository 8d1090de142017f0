"""Kept cases: what a model gave is kept small and exact, and after an update each change is named."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[1] / "data"
sys.path.insert(0, str(DATA))
from worker_requests import trunk_volume  # noqa: E402

from radoncai.cases.case import Case, Kept, load, read, write  # noqa: E402
from radoncai.cases.repeat import changes  # noqa: E402
from radoncai.cli.main import main  # noqa: E402
from radoncai.core.errors import ModelError  # noqa: E402
from radoncai.core.resources import resources  # noqa: E402
from radoncai.dicom.series.ct_writer import write_ct_series  # noqa: E402
from radoncai.models.catalogue import find  # noqa: E402
from radoncai.models.install.installing import install, remove  # noqa: E402


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(trunk_volume(), folder, patient_id="P-1", patient_name="Doe^Jane")
    return folder


def block(k0: int, k1: int, cc: float = 0.01) -> Kept:
    """A block of 10 x 10 voxels from slice k0 to k1, 1 mm apart."""
    mask = np.ones((k1 - k0, 10, 10), bool)
    return Kept(mask.sum() * cc, "cc", "", (4.5, 4.5, (k0 + k1 - 1) / 2), mask,
                (slice(k0, k1), slice(0, 10), slice(0, 10)))


def test_a_case_comes_back_from_its_file_as_it_was(tmp_path):
    rng = np.random.default_rng(0)
    mask = rng.random((5, 7, 9)) > 0.5
    kept = {"Organ": Kept(12.5, "cc", "", (1.25, -2.5, 3.0), mask, (slice(1, 6), slice(0, 7), slice(20, 29))),
            "Larynx": Kept(None, "cc", "nothing above the threshold"), "muscle_cm2": Kept(118.4, "cm2")}
    case = Case("mine", {"image": "/ct"}, "ab", "organs@1.0.0", "cd", "0.1.0", "2026-11-21", kept)
    back = read(write(case, tmp_path))
    assert np.array_equal(back.results["Organ"].mask, mask) and back.results["Organ"].box == kept["Organ"].box
    assert back.results["Larynx"].reason == "nothing above the threshold" and back.results["Larynx"].value is None
    assert (back.input, back.image, back.model, back.made) == (case.input, "ab", "organs@1.0.0", "2026-11-21")


@pytest.mark.parametrize("text", ["{}", '{"input": {}, "results": {"A": {"value": 1, "unit": "cc", "box": [[0, 9]], '
                                        '"mask": "AAAA"}}}', "[]"])
def test_a_file_that_is_no_case_is_named(tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ModelError, match="odd.json"):
        read(tmp_path / "odd.json")


def test_a_shifted_structure_is_named_with_dice_volume_and_shift():
    change, = changes({"Organ": block(0, 10)}, {"Organ": block(2, 12)})
    assert change.dice == 0.8
    assert "Dice 0.800" in change.text and "(+0.0 %)" in change.text and "moved by 2.0 mm" in change.text


def test_what_two_runtimes_may_differ_by_is_no_change():
    before = block(0, 100)
    now = block(0, 100)
    now.mask[0, 0, :5] = False
    assert changes({"Organ": before}, {"Organ": now}) == ()
    assert changes({"level": Kept(-210.5, "mm")}, {"level": Kept(-210.2, "mm")}) == ()
    assert changes({"muscle_cm2": Kept(118.4, "cm2")}, {"muscle_cm2": Kept(118.9, "cm2")}) == ()


def test_gone_new_and_moved_numbers_are_named():
    before = {"Organ": block(0, 10), "Larynx": Kept(None, "cc", "nothing"), "Cord": Kept(30.0, "Gy")}
    now = {"Organ": Kept(None, "cc", "nothing above the threshold"), "Larynx": block(0, 5), "Cord": Kept(31.0, "Gy")}
    told = {c.name: c.text for c in changes(before, now)}
    assert told == {"Organ": "is gone (nothing above the threshold); it was 10 cc", "Larynx": "is new, 5 cc",
                    "Cord": "30 to 31 Gy"}


def said(capsys, *words: str) -> tuple[int, dict]:
    code = main(["models", *words, "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out) if out.strip() else {}


def test_a_kept_case_is_repeated_and_a_changed_image_is_told(series, capsys, tmp_path):
    place = tmp_path / "ct"
    volume = trunk_volume()
    write_ct_series(volume, place, patient_id="P-1", patient_name="Doe^Jane")
    code, kept = said(capsys, "keep", "body", "--case", str(place))
    assert code == 0 and set(kept["kept"][0]["results"]) == {"External", "Lung_L", "Lung_R"}
    assert "Doe" not in Path(kept["kept"][0]["file"]).read_text()
    code, result = said(capsys, "verify", "body", "--run")
    runs = {c["case"]: c for c in result["cases"]}
    assert runs["ct"]["unchanged"] == 3 and runs["ct"]["changes"] == []
    for path in place.iterdir():
        path.unlink()
    volume.array[0, 0, 0] += 1
    write_ct_series(volume, place, patient_id="P-1", patient_name="Doe^Jane")
    code, result = said(capsys, "verify", "body", "--run")
    assert code == 3 and "its image has changed" in {c["case"]: c["problem"] for c in result["cases"]}["ct"]


def test_an_update_that_draws_otherwise_is_told_and_can_be_accepted(series, capsys):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    source = DATA / "models" / "unet_onnx"
    install(source)
    assert said(capsys, "keep", "unet_onnx", "--case", str(series), "--as", "trunk")[0] == 0
    assert said(capsys, "verify", "unet_onnx", "--run")[0] == 0
    remove("unet_onnx")
    install(source, facts={"version": "0.2.0", "spacing_mm": [10.0, 8.0, 8.0]})
    code, result = said(capsys, "verify", "unet_onnx", "--run")
    assert code == 3 and result["cases"][0]["model"] == "unet_onnx@0.2.0"
    assert result["changed"] and result["cases"][0]["changes"]
    assert said(capsys, "keep", "unet_onnx")[0] == 0
    assert said(capsys, "verify", "unet_onnx", "--run")[0] == 0


def test_a_model_without_a_case_says_how_to_keep_one(capsys):
    install(DATA / "models" / "unet_onnx")
    assert main(["models", "verify", "unet_onnx", "--run"]) == 0
    assert "radoncai models keep unet_onnx@0.1.0 --case sample" in capsys.readouterr().out
    assert main(["models", "keep", "unet_onnx"]) == 3
    assert "has no case yet" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(p.parent.name for p in (resources() / "Models").glob("*/model.json")))
def test_each_bundled_model_has_the_sample_patient_kept_with_its_own_weights(name):
    from radoncai.models.agreements import fingerprint
    folder = find(name)
    case, = load(folder)
    assert case.name == "sample" and "sample_patient" in case.input and case.results
    assert case.weights == fingerprint(folder), f"radoncai models keep {name} --case sample --in-model"


@pytest.mark.slow
def test_bundled_models_still_give_what_they_gave(capsys):
    code, result = said(capsys, "verify", "--run")
    assert result["cases"] and [c for c in result["cases"] if c["changes"] or c["problem"]] == []
    assert code == 0
