"""A person's clicks in Dose Predict until the dose is there, what refuses it and what ends a run; real worker."""

import os
import signal
import time

import host
import pytest
from panels import dosepredict_clicks
from panels.dosepredict_clicks import (
    HOLD_S,
    PRESCRIPTION,
    charts,
    doses,
    load,
    load_beside,
    predict,
    segment,
    settle,
)

folder, command, panel, ready = dosepredict_clicks.FIXTURES

CANCEL_S = 2.0


def test_prescription_is_guessed_and_the_map_is_shown(scene, ready):
    assert ready.targets.doses == PRESCRIPTION and ready.node.fractions == 35
    assert ready.approval.symbol == "!" and ready.approval.text == "11 of 11 structures are not approved"
    assert ready.channels.row.symbol == "✓" and "inside" in ready.channels.row.text
    shown = {ready.channels.list.topLevelItem(n).text(0): ready.channels.list.topLevelItem(n).text(1)
             for n in range(ready.channels.list.topLevelItemCount)}
    assert shown["PTV_7000"] == "70 Gy" and shown["Parotid_L"] == "Parotid_L" and shown["External"] == "body"
    assert ready.run.button.enabled and ready.run.button.text == "Predict dose"
    assert not doses(scene) and not ready.ui.writeButton.enabled


def test_a_target_of_another_name_must_be_confirmed(scene, ready):
    segment(ready, "PTV_7000").SetName("PTV70")
    ready.node.prescribed = None
    host.pump(0.1)
    settle(ready)
    assert ready.targets.doses == {"PTV70": 70.0, "PTV_5600": 56.0}
    assert not ready.run.button.enabled and "Confirm" in ready.run.message.text and "PTV70" in ready.run.message.text
    box = ready.targets.box_of("PTV70")
    assert box.isVisibleTo(ready.ui.prescriptionTable) and not box.checked
    box.click()
    settle(ready)
    assert ready.run.button.enabled and ready.node.confirmed == ["PTV70=70 Gy"]
    ready.targets.spin_of("PTV70").value = 68.0
    settle(ready)
    assert not ready.run.button.enabled, "what was confirmed was another dose"


def test_targets_are_added_and_taken_out(scene, ready):
    ready.targets.table.setCurrentCell(1, 0)
    ready.ui.removeTargetButton.click()
    settle(ready)
    assert ready.targets.doses == {"PTV_7000": 70.0}
    menu = ready.ui.addTargetButton.menu()
    assert menu.actions()[0].text == "PTV_5600"
    menu.actions()[0].trigger()
    settle(ready)
    assert ready.targets.doses == PRESCRIPTION and ready.run.button.enabled
    next(a for a in menu.actions() if a.text == "Larynx").trigger()
    settle(ready)
    assert not ready.run.button.enabled and "Larynx has no dose" in ready.run.message.text


def test_a_target_that_was_removed_is_named_once(scene, ready):
    content = ready.node.structures.GetSegmentation()
    content.RemoveSegment(content.GetSegmentIdBySegmentName("PTV_7000"))
    settle(ready)
    assert ready.targets._words["PTV_7000"].text == "–"
    assert not ready.run.button.enabled and "PTV_7000 is not among the structures" in ready.run.message.text
    assert ready.channels.row.text == ""
    ready.targets.table.setCurrentCell(0, 0)
    ready.ui.removeTargetButton.click()
    settle(ready)
    assert "PTV_7000" not in ready.run.message.text and ready.channels.row.text


def test_an_input_that_is_removed_during_the_run_is_one_sentence(scene, ready):
    ready.run.button.click()
    host.pump(0.05)
    scene.mrmlScene.RemoveNode(ready.node.volume)
    settle(ready)
    host.pump(0.3)
    assert ready.run.message.text.endswith("were removed during the prediction; nothing was added.")
    assert not doses(scene) and not charts(scene)


def test_no_ptv_is_refused_in_a_sentence(scene, ready):
    for name in list(ready.targets.doses):
        ready.targets.table.setCurrentCell(list(ready.targets.doses).index(name), 0)
        ready.ui.removeTargetButton.click()
        settle(ready)
    assert not ready.run.button.enabled and ready.run.message.symbol == "✕"
    assert "give at least one PTV its dose" in ready.run.message.text
    ready.targets.add("Larynx")
    settle(ready)
    ready.targets.spin_of("Larynx").value = 70.0
    settle(ready)
    assert not ready.run.button.enabled and "is not a target" in ready.run.message.text


def test_a_target_outside_head_and_neck_is_refused_in_a_sentence(scene, panel):
    load(panel, "Trunk")
    load_beside(panel, "structures")
    assert panel.targets.doses == {"PTV_7000": 70.0}
    if panel.run.button.enabled:
        panel.run.button.click()
        settle(panel)
    assert panel.run.message.symbol == "✕" and "head and neck" in panel.run.message.text
    assert not doses(scene) and not charts(scene)


@pytest.fixture
def running(ready):
    """In the middle of a prediction."""
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 0, HOLD_S)
    assert ready.run.button.text == "Cancel"
    return ready


def nothing_stays(slicer):
    return not doses(slicer) and not charts(slicer) and not slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")


def test_cancel_in_the_middle(scene, running):
    began = time.monotonic()
    running.run.button.click()
    host.wait_until(lambda: not running.run.running, HOLD_S)
    assert time.monotonic() - began < CANCEL_S + 1.0
    assert running.run.message.text == "Cancelled." and nothing_stays(scene)
    host.wait_until(lambda: running.run.button.enabled, HOLD_S)


def test_a_killed_worker_is_one_sentence_and_the_next_apply_works(scene, running):
    from RadOncAILib.worker import shared_client

    os.kill(shared_client().pid, signal.SIGKILL)
    host.wait_until(lambda: not running.run.running, HOLD_S)
    assert running.run.message.symbol == "✕" and "press Apply again" in running.run.message.text
    assert nothing_stays(scene)
    predict(running)
    assert len(doses(scene)) == 1


def test_scene_closed_during_a_run(scene, running):
    host.close_scene()
    host.pump(0.3)
    assert not running.run.running and nothing_stays(scene) and running.node is not None
    assert "scene" in running.run.message.text or not running.run.button.enabled
    assert running.ui.goalsTable.rowCount == 0


def test_another_module_cancels_the_run(scene, running):
    scene.util.selectModule("SegmentEditor")
    assert not running.run.running and nothing_stays(scene)
    scene.util.selectModule("DosePredict")
    settle(running)
    assert running.run.button.enabled, running.run.message.text


def test_reload_keeps_what_was_chosen(scene, ready):
    again = host.reload_module("DosePredict").panel
    host.wait_until(lambda: again.model.models, HOLD_S)
    settle(again)
    assert again is not ready and again.targets.doses == PRESCRIPTION
    assert again.node.volume is not None and again.model.name == "hn_dose"


def test_it_fits_380_px_and_every_button_says_what_it_does(scene, ready):
    import qt

    widget = scene.modules.dosepredict.widgetRepresentation()
    assert widget.minimumSizeHint.width() <= 380
    for button in widget.findChildren(qt.QPushButton):
        assert button.toolTip or not button.text or button.objectName.startswith("qt_"), button.text
    assert ready.run.button.shortcut.toString() in ("Ctrl+Return", "Ctrl+Enter")
    order = [ready.input.selector, ready.ui.structuresSelector, ready.ui.prescriptionTable, ready.run.button,
             ready.ui.doseSelector, ready.ui.goalsTable, ready.ui.dvhButton]
    chain, at = [], order[0]
    for _ in range(400):
        if int(at.focusPolicy.value) & int(qt.Qt.TabFocus.value) and at.isVisibleTo(widget):
            chain.append(at)
        at = at.nextInFocusChain()
    places = [next(n for n, w in enumerate(chain) if w is item or item.isAncestorOf(w)) for item in order]
    assert places == sorted(places)
