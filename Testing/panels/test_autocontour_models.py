"""Any model and preset in Auto Contour: versions, agreements, what is lacking; results beside each other."""

import json
import shutil
from pathlib import Path

import host
import pytest
from panels import autocontour_clicks
from panels.autocontour_clicks import HOLD_S, cells, choose, contour, finish, load_ct, segmentations

from radoncai.core.resources import resources, user_folder
from radoncai.models.install import environments

database_folder, panel, ready = autocontour_clicks.FIXTURES

SMALL = Path(__file__).parents[1] / "data" / "models"


@pytest.fixture
def add(panel):
    """Put a model into the user's folder, changed as said, and list the models anew."""
    place = user_folder() / "models"

    def add(source, **changes):
        name = changes.get("name", source.name)
        folder = shutil.copytree(source, place / f"{name}-{changes.get('version', '')}")
        file = folder / "model.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
        panel.model.load()
        host.wait_until(lambda: any(r["name"] == name for r in panel.model.models), HOLD_S)
        listed(panel)

    yield add
    shutil.rmtree(place, ignore_errors=True)
    panel.model.load()
    listed(panel)


def listed(panel):
    host.wait_until(lambda: not panel.model._question.waiting and not panel.model._preset_question.waiting, HOLD_S)
    host.pump(0.05)


def models_of(node):
    from RadOncAILib.scene import segmentation

    return [(m["name"], m["version"]) for m in segmentation.attribute(node, "provenance")["models"]]


def test_two_models_and_two_versions_end_as_results_beside_each_other(ready, add):
    """One click each; every result has its own name and provenance, and is shown again when it is chosen."""
    add(SMALL / "unet_onnx")
    add(resources() / "Models" / "body", version="0.0.9")
    made = []
    for model in ("body@0.1.0", "body@0.0.9", "unet_onnx"):
        ready.model.select(model)
        host.wait_until(lambda: ready.input.verdict and ready.run.button.enabled, HOLD_S)
        host.pump(0.05)
        made.append(contour(ready))
    assert segmentations() == made and len(set(made)) == 3
    assert [models_of(node) for node in made] == [[("body", "0.1.0")], [("body", "0.0.9")], [("unet_onnx", "0.1.0")]]
    assert [node.GetName().rsplit(" ", 1)[0] for node in made] == ["body 0.1.0", "body 0.0.9", "unet_onnx 0.1.0"]
    assert [bool(node.GetDisplayVisibility()) for node in made] == [False, False, True]
    ready.ui.contoursSelector.nodeActivated(made[0])
    ready.node.contours = made[0]
    host.pump(0.1)
    assert [bool(node.GetDisplayVisibility()) for node in made] == [True, False, False]
    assert "body 0.1.0" in ready.ui.contoursSelector.toolTip
    menu = {action.text: action for action in ready.beside.menu.actions()}
    menu[made[1].GetName()].trigger()
    host.pump(0.1)
    assert made[1].GetDisplayVisibility() and made[1].GetDisplayNode().GetSliceIntersectionThickness() == 1
    assert made[0].GetDisplayVisibility() and ready.ui.besideButton.text == "Beside: 1"


def test_a_version_stays_chosen_in_a_saved_scene_and_falls_back_where_it_is_gone(ready, add):
    add(resources() / "Models" / "body", version="0.0.9")
    choose(ready, "body@0.1.0")
    assert ready.node.model == "body@0.1.0"
    ready.model.select("body@7.7.7")
    assert ready.model.current["id"] == "body@0.0.9", "the plain name stands for the user's own"


def test_a_preset_runs_its_models_and_names_what_is_lacking(ready):
    listed(ready)
    ready.model.select("preset:head_and_neck")
    host.wait_until(lambda: ready.input.verdict, HOLD_S)
    host.pump(0.1)
    assert ready.run.button.enabled, ready.run.message.text
    lacking = [s["label"] for s in ready.model.current["lacking"]]
    assert lacking and lacking[0] in ready.run.message.text and ready.run.message.symbol == "!"
    assert not set(lacking) & set(ready.picker.chosen) and not ready.picker.left_out
    count = len(ready.picker.chosen)
    assert ready.run.button.text == f"Contour {count} structures" and not ready.model.card_button.enabled
    node = contour(ready)
    assert segmentations() == [node] and {name for name, _ in models_of(node)} == {"body", "hn_oar"}
    status = dict(zip(cells(ready, 1), cells(ready, 3), strict=True))
    assert {name for name, word in status.items() if word == "– no model"} == set(lacking)
    assert {"External", "Brainstem", "SpinalCord"} <= {name for name, word in status.items() if word == "to review"}
    assert f"{len(lacking)} without a model" in ready.run.message.text and node.GetName().startswith("head_and_neck ")


def test_experimental_is_seen_where_the_narrow_selector_cuts_the_title(ready):
    """In words below it, all of them inside the label; also of a preset with such models."""
    listed(ready)
    top = ready.owner.parent
    top.setFixedWidth(380)
    try:
        for model, word in (("hn_oar", "{version}, experimental"), ("preset:head_and_neck", "partly experimental")):
            ready.model.select(model)
            word = word.format(version=ready.model.current["version"])
            host.wait_until(lambda: ready.input.verdict, HOLD_S)
            host.pump(0.2)
            host.grab(top)
            needs, button = ready.model.needs, ready.picker.button
            assert word in needs.text.replace("\N{NO-BREAK SPACE}", " ")
            assert needs.width >= needs.minimumSizeHint.width() and needs.height >= needs.heightForWidth(needs.width)
            assert button.width >= button.sizeHint.width(), "nor is its neighbour cut"
        ready.model.select("body")
        host.pump(0.2)
        assert "experimental" not in ready.model.needs.text
    finally:
        top.setMinimumWidth(0)
        top.setMaximumWidth(16777215)


def test_code_is_agreed_to_once_before_it_runs(ready, add, monkeypatch):
    """Cancel runs nothing and asks again; after OK this version is asked for no more."""
    pytest.importorskip("torch")

    add(SMALL / "unet_torchscript")
    ready.model.select("unet_torchscript")
    host.wait_until(lambda: ready.input.verdict and ready.run.button.enabled, HOLD_S)
    asked = refuse_then_agree(ready, monkeypatch)
    assert ready.run.message.symbol == "✓", ready.run.message.text
    assert models_of(ready.node.contours) == [("unet_torchscript", "0.1.0")]
    ready.model.load()
    listed(ready)
    ready.run.button.click()
    finish(ready)
    assert len(asked) == 2 and len(segmentations()) == 2


def refuse_then_agree(ready, monkeypatch):
    """Apply clicked twice: a no, then a yes and the run to its end; the questions that were asked."""
    import slicer

    asked, answers = [], [False, True]
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, **_: asked.append(text) or answers.pop(0))
    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda self: False)
    ready.run.button.click()
    host.pump(0.3)
    assert not ready.run.running and len(asked) == 1 and "TorchScript" in asked[0]
    ready.run.button.click()
    host.wait_until(lambda: ready.run.running, HOLD_S)
    finish(ready)
    return asked


def test_a_presets_model_that_waits_for_an_agreement_is_asked_for_and_runs(ready, add, monkeypatch):
    """In the panel it counts as there and Apply asks; the command refuses it as before."""
    pytest.importorskip("torch")

    import qt
    import slicer

    from radoncai.contour.presets.choose import choose as chosen
    from radoncai.contour.presets.preset import load_preset, own_folder

    rows = [{"name": "External", "role": "external", "model": ["body"]},
            {"name": "SpinalCord", "model": ["unet_torchscript"]}]
    own_folder().mkdir(parents=True, exist_ok=True)
    file = own_folder() / "asking.json"
    file.write_text(json.dumps({"title": "Asking", "site": "thorax", "structures": rows}))
    try:
        add(SMALL / "unet_torchscript", version="0.1.1")
        refused = chosen(load_preset("asking")).unavailable
        assert set(refused) == {"SpinalCord"}
        assert "radoncai models agree unet_torchscript@0.1.1" in refused["SpinalCord"]
        ready.model.select("preset:asking")
        host.wait_until(lambda: ready.input.verdict and ready.run.button.enabled, HOLD_S)
        host.pump(0.1)
        assert not ready.model.current["lacking"] and ready.run.button.text == "Contour 2 structures"
        ready.picker.list.item(1).setCheckState(qt.Qt.Unchecked)
        with monkeypatch.context() as asked_nothing:
            asked_nothing.setattr(type(slicer.app), "testingEnabled", lambda self: False)
            contour(ready)
        assert [name for name, _ in models_of(ready.node.contours)] == ["body"], "what is left out is not asked for"
        ready.picker.check_all()
        refuse_then_agree(ready, monkeypatch)
        assert {name for name, _ in models_of(ready.node.contours)} == {"body", "unet_torchscript"}
        assert "– no model" not in cells(ready, 3) and not chosen(load_preset("asking")).unavailable
    finally:
        file.unlink()


def test_what_cannot_run_is_grey_and_says_what_brings_it(ready, add):
    import qt

    if environments.installed("totalsegmentator"):
        pytest.skip("TotalSegmentator is installed here: nothing is lacking")
    add(SMALL / "unet_onnx", name="needy", runner="totalsegmentator", version="2.0")
    block = ready.model
    block.select("needy")
    host.pump(0.1)
    index = block.selector.currentIndex
    assert "(not installed)" in block.selector.itemText(index)
    grey = block.selector.palette.color(qt.QPalette.Disabled, qt.QPalette.Text)
    assert block.selector.itemData(index, qt.Qt.ForegroundRole).color() == grey
    assert not ready.run.button.enabled and ready.run.message.symbol == "✕"
    assert "totalsegmentator" in ready.run.message.text.lower()


def test_what_is_not_installed_comes_by_the_worker_from_a_folder(ready, tmp_path, monkeypatch):
    """An empty folder is no installation; the sentence says so, and the panel works on."""
    from RadOncAILib.widgets import install

    monkeypatch.setattr(install, "ask_where", lambda name, parent: str(tmp_path))
    ready.model.current.update(usable=False, needs="nnunet", why_not="It needs nnunet, which is not installed.")
    ready.refresh()
    assert "nnunet" in ready.run.message.text
    ready.run.message.follow()
    assert ready.run.running
    finish(ready)
    assert ready.run.message.symbol == "✕" and str(tmp_path) in ready.run.message.text
    ready.model.load()
    host.wait_until(lambda: ready.run.button.enabled, HOLD_S)


def test_uncertainty_is_a_map_over_the_image_and_a_number_a_structure(ready):
    from RadOncAILib.scene import uncertainty

    choose(ready, "hn_oar")
    ready.options.button.click()
    assert ready.options.widget.isVisibleTo(ready.ui.AutoContour) and not ready.ui.uncertaintyButton.enabled
    ready.options.uncertainty.click()
    assert ready.node.uncertainty and ready.options.button.text == "unsure map"
    node = contour(ready)
    found = uncertainty.map_of(node)
    import slicer

    values = slicer.util.arrayFromVolume(found)
    assert values.shape == slicer.util.arrayFromVolume(ready.node.volume).shape and values.max() > 128
    assert not ready.ui.structureTable.isColumnHidden(5)
    unsure = {name: text for name, text, row in zip(cells(ready, 1), cells(ready, 5), ready.table.rows, strict=True)
              if row.id}
    assert all(float(text) >= 0 for text in unsure.values())
    assert all(float(unsure[name]) <= 100 for name in ("Brainstem", "Parotid_L", "Bone_Mandible"))
    ready.ui.uncertaintyButton.click()
    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert all(view.GetForegroundVolumeID() == found.GetID() for view in views)
    assert all(view.GetBackgroundVolumeID() == ready.node.volume.GetID() for view in views)
    ready.ui.uncertaintyButton.click()
    assert not any(view.GetForegroundVolumeID() for view in views)


def test_a_refusal_is_overridden_openly_and_once(panel, add):
    """For one image and one model; the result says so."""
    add(resources() / "Models" / "body", version="0.0.8", applicability={"min_slices": 1000})
    load_ct(panel)
    choose(panel, "body")
    host.pump(0.1)
    assert panel.input.verdict == "refused" and not panel.run.button.enabled
    panel.options.button.click()
    panel.options.override.click()
    host.pump(0.1)
    assert panel.run.button.enabled and panel.run.message.symbol == "!" and "all the same" in panel.run.message.text
    contour(panel)
    assert "verridden" in panel.run.message.text
    choose(panel, "hn_oar")
    choose(panel, "body")
    host.wait_until(lambda: panel.input.verdict, HOLD_S)
    host.pump(0.1)
    assert not panel.options.override.checked and not panel.run.button.enabled
