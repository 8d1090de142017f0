"""What a person must agree to before a model runs: once, by name, for these weights."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from radoncai.core.errors import ModelError, PlatformError
from radoncai.models import agreements
from radoncai.models.catalogue import ModelFolder
from radoncai.models.spec import ModelSpec

OPEN = ModelSpec("organs", "1.0.0", "contour", "onnx", weights={"model.onnx": "a" * 64}, licence="Apache-2.0")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    return tmp_path


def folder(**changes) -> ModelFolder:
    model = replace(OPEN, **changes)
    return ModelFolder(model.name, model.version, Path("nowhere"), model, {"title": "Organs"})


def test_an_open_model_asks_for_nothing():
    assert agreements.needed(folder()) == ()
    agreements.require(folder(), kinds=agreements.KINDS)


@pytest.mark.parametrize("model", [{"runner": "torchscript"},
                                   {"runner": "nnunet", "network": {"custom_trainer": "nnUNetTrainerOurs"}}])
def test_code_runs_only_after_a_person_agreed(model):
    asked = folder(**model)
    with pytest.raises(ModelError, match=r"agree only if you trust.*radoncai models agree organs@1\.0\.0"):
        agreements.require(asked)
    assert agreements.record(asked, ["code"]) == ("code",)
    agreements.require(asked)
    assert agreements.needed(asked) == ()


def test_an_agreement_holds_for_one_version_and_its_weights():
    asked = folder(runner="torchscript")
    agreements.record(asked, ["code"])
    for other in (replace(asked.model, version="1.0.1"), replace(asked.model, weights={"model.onnx": "b" * 64})):
        with pytest.raises(ModelError):
            agreements.require(replace(asked, model=other, version=other.version))


def test_a_licence_is_asked_for_but_does_not_stop_a_run():
    asked = folder(licence="CC BY-NC-SA 4.0")
    agreements.require(asked)
    assert [a.kind for a in agreements.needed(asked)] == ["licence"]
    with pytest.raises(ModelError, match="not free for every use"):
        agreements.require(asked, kinds=("licence",))


@pytest.mark.parametrize(("licence", "restricted"), [
    ("CC BY-NC 4.0", True), ("non-commercial use", True), ("research only", True), ("MIT", False), ("CC BY 4.0", False),
    ("", False)])
def test_what_restricts(licence, restricted):
    assert agreements.is_restricted(licence) is restricted


def test_agreeing_to_the_licence_keeps_the_agreement_to_the_code():
    asked = folder(runner="torchscript", licence="CC BY-NC 4.0")
    agreements.record(asked, ["code"])
    assert set(agreements.record(asked, ["licence"])) == {"code", "licence"}
    assert agreements.needed(asked) == ()


def test_what_a_runner_sees_itself_is_asked_for_too():
    seen = agreements.Agreement("code", "The checkpoint names a trainer of its own.")
    with pytest.raises(ModelError, match="names a trainer of its own"):
        agreements.require(folder(), seen)


def test_an_unknown_kind_and_a_damaged_file_are_refused(home):
    with pytest.raises(ModelError, match="not to 'everything'"):
        agreements.record(folder(), ["everything"])
    (home / "agreements.json").write_text("{")
    with pytest.raises(PlatformError, match="agreements.json cannot be read"):
        agreements.needed(folder(licence="research"))
    (home / "agreements.json").write_text(json.dumps({"organs@1.0.0": "yes"}))
    assert [a.kind for a in agreements.needed(folder(licence="research"))] == ["licence"]


@pytest.mark.parametrize(("model", "card", "said"), [
    ("CC-BY-NC-4.0", "Apache-2.0", r"licence: CC-BY-NC-4\.0 \(model\.json; card\.json contradicts it: Apache-2\.0\)"),
    ("Apache-2.0", "CC-BY-NC-4.0", r"licence: CC-BY-NC-4\.0 \(card\.json; model\.json contradicts it: Apache-2\.0\)"),
    ("CC-BY-NC-4.0", "CC BY-NC 4.0, no clinical use", r"licence: CC BY-NC 4\.0, no clinical use\.$")])
def test_the_restricting_licence_is_shown_and_a_contradiction_said(model, card, said):
    asked = replace(folder(licence=model), card={"title": "Organs", "licence": card})
    with pytest.raises(ModelError, match=said.removesuffix(r"\.$")):
        agreements.require(asked, kinds=("licence",))
