"""A person's own model from the panel: folder, archive or file; what is wrong with it, and what it asks for."""

import json
import shutil
from pathlib import Path

import host
import pytest
from panels import autocontour_clicks
from panels.autocontour_clicks import HOLD_S, contour, finish, load_ct

from radoncai.core.resources import user_folder
from radoncai.models.catalogue import find
from radoncai.models.install.installing import remove

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
database_folder, panel, ready = autocontour_clicks.FIXTURES

SMALL = Path(__file__).parents[1] / "data" / "models"
LUNGS = {"structures": "Lung_L,Lung_R,SpinalCord", "spacing_mm": "8,6,6", "clip": "-1000,1000", "name": "my_lungs"}


@pytest.fixture
def window(panel):
    """The open window; what it added is gone afterwards."""
    panel.model.add_button.click()
    yield panel.adding
    panel.run.abandon()
    shutil.rmtree(user_folder() / "models", ignore_errors=True)
    panel.model.load()
    host.wait_until(lambda: not panel.model._question.waiting, HOLD_S)
    panel.model.select("body")
    panel.run.block("…", "the next test begins")  # else what was said last stays


@pytest.fixture
def lone(tmp_path):
    """A network in a file of its own."""
    return Path(shutil.copy(SMALL / "unet_onnx" / "model.onnx", tmp_path / "lungs.onnx"))


@pytest.fixture
def bound(tmp_path):
    """A model whose licence forbids some use."""
    folder = tmp_path / "bound"
    shutil.copytree(SMALL / "unet_onnx", folder)
    said = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**said, "name": "bound", "licence": "CC BY-NC-SA 4.0"}))
    return folder


def add(panel):
    panel.adding.add_button.click()
    finish(panel)
    host.wait_until(lambda: not panel.model._question.waiting, HOLD_S)
    host.pump(0.1)


def test_a_lone_file_is_added_with_what_it_does_not_say_itself(panel, window, lone):
    """Add is off with the reason until all is said; then the model is chosen, runs, and its thin card is named."""
    assert window.dialog.isVisible() and not window.add_button.enabled
    window.path.text = str(lone)
    assert window.about_file.isVisible() and not window.stay.enabled and not window.add_button.enabled
    assert "tructures" in window.message.text and "pacing" in window.message.text
    for key, text in {**LUNGS, "spacing_mm": "8,6"}.items():
        window.facts[key].text = text
    assert not window.add_button.enabled and "8,6" in window.message.text
    window.facts["spacing_mm"].text = LUNGS["spacing_mm"]
    assert window.add_button.enabled
    add(panel)
    assert panel.model.name == "my_lungs" and panel.model.current["place"] == "own"
    assert tuple(panel.picker.names) == ("Lung_L", "Lung_R", "SpinalCord")
    spec = find("my_lungs").model
    assert tuple(spec.spacing_mm) == (8.0, 6.0, 6.0) and spec.inputs[0].clip == (-1000.0, 1000.0)
    assert window.message.text.startswith("Added my_lungs 1.0.0") and "training_data" in window.message.text
    assert window.dialog.isVisible() and not window.path.text and not window.add_button.enabled
    load_ct(panel)
    assert panel.run.button.enabled, panel.run.message.text
    contour(panel)


def test_a_folder_stays_where_it_is(panel, window, tmp_path):
    folder = shutil.copytree(SMALL / "unet_onnx", tmp_path / "shelf" / "unet_onnx")
    window.path.text = str(folder.parent)
    assert not window.about_file.isVisible() and window.stay.enabled
    window.stay.checked = True
    add(panel)
    try:
        assert not window.dialog.isVisible() and not window.stay.checked, "nothing is left to say"
        assert panel.model.name == "unet_onnx" and panel.model.current["place"] == "added"
        assert find("unet_onnx").path == folder and not (user_folder() / "models").exists()
    finally:
        remove(str(folder.parent))


def test_what_cannot_be_added_is_said_in_window_and_panel_and_can_be_mended(panel, window, lone):
    window.path.text = str(lone.parent / "nowhere")
    assert not window.add_button.enabled and "nothing" in window.message.text
    window.path.text = str(lone)
    for key, text in {**LUNGS, "structures": "Lung_L"}.items():
        window.facts[key].text = text
    add(panel)
    for row in (panel.run.message, window.message):
        assert row.symbol == "✕" and "gives 4 channels and 1 structures" in row.text
    assert window.add_button.enabled and not any((user_folder() / "models").glob("*"))


def test_a_restricting_licence_is_asked_for_and_nothing_is_kept_after_a_no(panel, window, bound, monkeypatch):
    import slicer

    asked, answers = [], [False, True]
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, **_: asked.append(text) or answers.pop(0))
    window.path.text = str(bound)
    add(panel)
    assert not asked, "a test is never asked"
    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda self: False)
    add(panel)
    assert len(asked) == 1 and "CC BY-NC-SA 4.0" in asked[0]
    assert "not added" in window.message.text.lower() and "--agree" not in panel.run.message.text
    assert not any((user_folder() / "models").glob("*")) and panel.model.name != "bound"
    window.add_button.click()
    host.wait_until(lambda: panel.model.name == "bound", HOLD_S)
    assert len(asked) == 2 and panel.model.current["agreements"] == []


def test_a_model_of_another_task_is_added_and_said_to_be_elsewhere(panel, window):
    before = panel.model.name
    window.path.text = str(SMALL / "denoise")
    add(panel)
    assert panel.model.name == before and "image" in window.message.text and find("denoise").model.task == "image"


def test_the_window_is_narrow_and_says_what_its_buttons_do(panel, window, lone):
    window.path.text = str(lone)
    import qt

    assert window.dialog.minimumSizeHint.width() <= 460
    assert all(button.toolTip for button in window.dialog.findChildren(qt.QPushButton))
    panel.owner.exit()
    assert not window.dialog.isVisible()
