"""`radoncai models` as a person types it."""

import io
import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from radoncai.cli.main import main

REAL = Path(__file__).parents[1] / "data" / "models"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def said(capsys, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["models", *words])
    out, err = capsys.readouterr()
    return code, out, err.strip().splitlines()[-1] if err.strip() else ""


def test_a_model_is_installed_listed_shown_and_removed(capsys):
    code, out, _ = said(capsys, "install", str(REAL / "unet_onnx"))
    assert code == 0 and "installed as unet_onnx@0.1.0" in out and "licence: Apache-2.0" in out
    assert said(capsys, "install", str(REAL / "unet_onnx"), "--version", "0.2.0")[0] == 0
    out = said(capsys, "list", "--structure", "left lung", "--text", "onnx")[1]
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [["unet_onnx", "0.2.0"], ["unet_onnx", "0.1.0"]]
    assert "0.1.0 (older)" in out and "own" in out
    assert "unet_onnx@0.2.0" in said(capsys, "show", "unet_onnx")[1]
    assert said(capsys, "remove", "unet_onnx")[0] == 3
    assert said(capsys, "remove", "unet_onnx@0.2.0")[0] == 0
    assert "unet_onnx@0.1.0" in said(capsys, "show", "unet_onnx")[1]


def test_an_onnx_file_with_another_number_of_outputs_is_a_finding(capsys, tmp_path):
    shutil.copytree(REAL / "unet_onnx", tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "outputs": [*content["outputs"], {"name": "Heart"}]}))
    assert said(capsys, "install", str(tmp_path / "model"))[0] == 0
    code, _, error = said(capsys, "verify", "unet_onnx")
    assert code == 3 and f"channels out, by model.json it would have {len(content['outputs']) + 2}" in error


def test_an_onnx_file_that_cannot_be_read_hides_no_other_finding(capsys, tmp_path, home):
    shutil.copytree(REAL / "unet_onnx", tmp_path / "model")
    (tmp_path / "model" / "model.onnx").write_bytes(b"no network")
    path = tmp_path / "model" / "model.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "weights": {"model.onnx": sha256(b"no network").hexdigest()}}))
    shutil.copytree(tmp_path / "model", home / "models" / "unet_onnx")
    content["weights"] = {"model.onnx": "0" * 64}
    (home / "models" / "other").mkdir()
    (home / "models" / "other" / "model.json").write_text(json.dumps({**content, "name": "other"}))
    code, _, error = said(capsys, "verify")
    assert code == 3 and "cannot be loaded" in error and "other@0.1.0" in error


def test_a_program_is_agreed_to_by_a_person(capsys, monkeypatch):
    out = said(capsys, "install", str(REAL / "unet_torchscript"))[1]
    assert "radoncai models agree unet_torchscript@0.1.0" in out
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, _, error = said(capsys, "agree", "unet_torchscript")
    assert code == 3 and "Nobody is here to be asked" in error and "--yes" in error
    code, out, _ = said(capsys, "agree", "unet_torchscript", "--yes")
    assert code == 0 and "agreed to code" in out
    assert "asks for nothing" in said(capsys, "agree", "unet_torchscript")[1]


def test_a_restricted_licence_needs_agree(capsys, tmp_path):
    shutil.copytree(REAL / "unet_onnx", tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "licence": "CC BY-NC-SA 4.0"}))
    code, _, error = said(capsys, "install", str(tmp_path / "model"))
    assert code == 3 and "not free for every use" in error and "--agree" in error
    assert said(capsys, "install", str(tmp_path / "model"), "--agree")[0] == 0


def test_damage_is_found_and_a_thin_card_of_ones_own_is_only_remarked(capsys, home):
    said(capsys, "install", str(REAL / "unet_onnx"), "--as", "thin")
    folder = home / "models" / "thin-0.1.0"
    (folder / "card.json").write_text('{"title": "Thin"}')
    code, out, _ = said(capsys, "verify")
    assert code == 0 and "thin@0.1.0: card.json lacks the field limits" in out
    code, _, error = said(capsys, "verify", "thin")
    assert code == 3 and "lacks the field limits" in error
    (folder / "model.onnx").write_bytes(b"changed")
    code, _, error = said(capsys, "verify")
    assert code == 3 and "wrong sha256" in error


@pytest.mark.parametrize("action", ["show", "card", "install", "add", "remove", "agree", "keep"])
def test_an_action_without_a_name_says_how_it_goes_on(capsys, action):
    code, _, error = said(capsys, action)
    assert code == 3 and f"radoncai models {action} NAME" in error


def test_nothing_that_fits_is_said(capsys):
    assert "No model fits" in said(capsys, "list", "--text", "appendix")[1]


def test_a_reason_why_models_cannot_run_is_said_once(capsys, home):
    for number in range(5):
        said(capsys, "install", str(REAL / "unet_onnx"), "--as", f"lost_{number}")
        (home / "models" / f"lost_{number}-0.1.0" / "model.onnx").unlink()
    out = said(capsys, "list", "--text", "lost")[1]
    assert out.count("install it again") == 1 and "and 2 more: Its weights model.onnx are missing" in out
    assert out.count("(cannot run here)") == 5


def test_a_model_nobody_agreed_to_is_listed_with_the_reason(capsys):
    said(capsys, "install", str(REAL / "unet_torchscript"))
    if "needs torch" not in (out := said(capsys, "list", "--text", "torchscript")[1]):
        assert "nobody agreed to yet; radoncai models agree unet_torchscript@0.1.0" in out
        assert "agreements: code open" in said(capsys, "show", "unet_torchscript")[1]
        said(capsys, "agree", "unet_torchscript", "--yes")
        assert "nobody agreed" not in said(capsys, "list", "--text", "torchscript")[1]
        assert "agreements: code agreed" in said(capsys, "show", "unet_torchscript")[1]


def test_show_says_what_goes_in_and_comes_out_and_what_is_not_known(capsys, home):
    said(capsys, "install", str(REAL / "unet_onnx"))
    out = said(capsys, "show", "unet_onnx")[1]
    assert "images: image (CT)" in out and "structures: Lung_L, Lung_R, SpinalCord" in out
    assert "spacing: 8 x 6 x 6 mm" in out and "agreements: none needed" in out and "of its use" not in out
    (home / "models" / "unet_onnx-0.1.0" / "card.json").write_text('{"title": "Thin"}')
    assert "Nothing is known of its use, limits and figures." in said(capsys, "show", "unet_onnx")[1]


def test_a_name_may_stand_behind_a_flag_and_too_many_words_point_to_the_right_help(capsys):
    code, out, _ = said(capsys, "verify", "--device", "cpu", "body")
    assert code == 0 and out.startswith("body")
    code, _, error = said(capsys, "verify", "body", "hn_oar")
    assert code == 2 and "hn_oar; see radoncai models --help" in error


def test_a_far_name_is_not_guessed_at_and_an_absent_folder_is_said(capsys, tmp_path, home):
    (home / "models" / "nc").mkdir(parents=True)
    said(capsys, "install", str(REAL / "unet_onnx"), "--as", "nc")
    assert "did you mean" not in said(capsys, "show", "nosuch")[2]
    assert main(["install", "nnunet", "--from", str(tmp_path / "nofolder")]) == 2
    assert f"There is no folder {tmp_path / 'nofolder'}" in capsys.readouterr().err
