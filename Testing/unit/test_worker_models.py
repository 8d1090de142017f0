"""What the panels ask of the catalogue, through a real worker: rows, cards, agreements, installing."""

import shutil
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
sys.path.insert(0, str(DATA))
from worker_requests import run, worker  # noqa: E402


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("home")
        patch.setenv("RADONCAI_HOME", str(place))
        yield place


@pytest.fixture(scope="module")
def client(home):
    with worker() as made:
        yield made


def rows(client) -> dict[str, dict]:
    return {m["id"]: m for m in run(client, "models", {"task": None})[0]["result"]["models"]}


def test_two_versions_are_two_rows_and_the_newer_is_the_default(client, home, tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    for version in ("0.1.0", "0.2.0"):
        request = {"path": str(DATA / "models" / "unet_onnx"), "facts": {"version": version}}
        event, _, _ = run(client, "install_model", request)
        assert event["result"]["models"][0]["id"] == f"unet_onnx@{version}"
    found = rows(client)
    assert [found[f"unet_onnx@{v}"]["default"] for v in ("0.1.0", "0.2.0")] == [False, True]
    assert found["unet_onnx@0.1.0"]["place"] == "own" and found["unet_onnx@0.1.0"]["usable"]
    assert "lung" in found["unet_onnx@0.1.0"]["search"] and len(found["unet_onnx@0.1.0"]["images"]) == 1


def test_code_is_agreed_to_once(client, home):
    run(client, "install_model", {"path": str(DATA / "models" / "unet_torchscript")})
    name = "unet_torchscript@0.1.0"
    assert [a["kind"] for a in rows(client)[name]["agreements"]] == ["code"]
    event, _, _ = run(client, "agree", {"model": name, "kinds": ["code"]})
    assert event["result"]["agreed"] == ["code"]
    assert rows(client)[name]["agreements"] == []


def test_a_folder_that_stays_is_added(client, home, tmp_path):
    shutil.copytree(DATA / "models" / "unet_torch", tmp_path / "shelf" / "unet_torch")
    event, _, _ = run(client, "install_model", {"path": str(tmp_path / "shelf"), "stay": True})
    assert event["result"]["models"][0]["place"] == "added"


def test_a_failed_installation_says_why_and_leaves_nothing(client, home, tmp_path):
    before = sorted((home / "models").iterdir())
    event, _, _ = run(client, "install_model", {"path": str(tmp_path)})
    assert event["event"] == "failed" and event["kind"] == "model" and "is no model that is known here" in event["text"]
    assert sorted((home / "models").iterdir()) == before


def test_a_card_comes_in_sections_and_as_a_page(client):
    event, _, job = run(client, "card", {"model": "hn_oar"})
    card = event["result"]
    assert [s["title"] for s in card["sections"]][:4] == ["What it is for", "Trained on", "Not trained on", "Measured"]
    assert card["gaps"] == []
    assert any(r[0] == "Brainstem" for figures in card["figures"] for r in figures["rows"])
    assert "Not trained on" in (job.folder / card["file"]).read_text(encoding="utf-8")
    job.close()
