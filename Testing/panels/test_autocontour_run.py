"""A person's clicks in Auto Contour until the result is there, and what ends a run; real worker, bundled models."""

import os
import signal
import time

import host
import pytest
from panels import autocontour_clicks
from panels.autocontour_clicks import HOLD_S, choose, contour, finish, load_ct, segmentations

database_folder, panel, ready = autocontour_clicks.FIXTURES

CANCEL_S = 2.0


def test_what_is_missing_is_said_before_anyone_presses_apply(panel):
    assert not panel.run.button.enabled and panel.run.message.text == "Choose an image."
    load_ct(panel)
    assert panel.input.row.symbol == "✓" and "axial, 3 x 3 x 4 mm" in panel.input.row.text
    assert panel.run.button.enabled and panel.run.button.text == "Contour 3 structures"
    panel.picker.none_button.click()
    host.pump(0.05)
    assert not panel.run.button.enabled and "at least one structure" in panel.run.message.text
    panel.picker.list.item(0).setCheckState(panel.picker.list.item(0).checkState().Checked)
    host.pump(0.05)
    assert panel.run.button.enabled and panel.run.button.text == "Contour External"


def test_the_second_run_is_in_the_same_worker(ready):
    """Which keeps the opened model, as Testing/unit/test_worker* shows; seconds stand in docs/benchmarks.md."""
    from RadOncAILib.worker import shared_client, stop_shared_client

    stop_shared_client()
    choose(ready, "hn_oar")
    pids = []
    for _ in range(2):
        contour(ready)
        pids.append(shared_client().pid)
    assert pids[0] == pids[1] is not None and len(segmentations()) == 2


def test_cancel_leaves_nothing_behind(ready):
    import slicer

    choose(ready, "hn_oar")
    before = slicer.mrmlScene.GetNumberOfNodes()
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 100, HOLD_S)
    assert ready.run.button.text == "Cancel"
    began = time.monotonic()
    ready.run.button.click()
    finish(ready)
    assert time.monotonic() - began < CANCEL_S + 1.0
    assert ready.run.message.text == "Cancelled." and slicer.mrmlScene.GetNumberOfNodes() == before
    assert ready.run.button.text == "Contour 7 structures" and ready.run.button.enabled
    choose(ready, "body")
    contour(ready)


def test_a_killed_worker_is_one_sentence_and_the_next_run_works(ready):
    from RadOncAILib.worker import shared_client

    choose(ready, "hn_oar")
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 50, HOLD_S)
    os.kill(shared_client().pid, signal.SIGKILL)
    finish(ready)
    assert ready.run.message.symbol == "✕" and "press Apply again" in ready.run.message.text
    assert segmentations() == []
    contour(ready)


def test_a_failed_model_is_one_sentence(ready):
    ready.model.current["name"] = "gone"
    ready.run.button.click()
    finish(ready)
    assert ready.run.message.symbol == "✕" and "gone" in ready.run.message.text and segmentations() == []
    ready.model.load()
    host.wait_until(lambda: not ready.model._question.waiting, HOLD_S)


def test_an_image_that_is_removed_during_the_run_is_one_sentence_that_stays(ready):
    import slicer

    ready.run.button.click()
    host.pump(0.05)
    slicer.mrmlScene.RemoveNode(ready.node.volume)
    finish(ready)
    host.pump(0.3)
    assert ready.run.message.text == "The image was removed while it was contoured; nothing was added."
    assert not ready.run.button.enabled and ready.run.button.toolTip == "Choose an image." and segmentations() == []
    load_ct(ready)
    assert ready.run.message.text != "The image was removed while it was contoured; nothing was added."


def test_closing_the_scene_ends_a_run(ready):
    ready.run.button.click()
    host.pump(0.1)
    host.close_scene()
    assert not ready.run.running and ready.node is not None and ready.node.volume is None
    host.pump(1.0)
    assert segmentations() == [] and ready.ui.structureTable.rowCount == 0


def test_opening_another_module_ends_a_run(ready):
    import slicer

    ready.run.button.click()
    host.pump(0.1)
    slicer.util.selectModule("SegmentEditor")
    assert not ready.run.running and ready.node is None
    host.pump(1.0)
    assert segmentations() == []


def test_reload_gives_a_panel_that_works(ready):
    ready.run.button.click()
    host.pump(0.1)
    fresh = host.reload_module("AutoContour").panel
    assert fresh is not ready and not ready.run.running
    host.enter_module(host.load_module("AutoContour"))
    host.wait_until(lambda: fresh.model.models and fresh.input.verdict, HOLD_S)
    host.pump(0.05)
    assert fresh.node.volume.GetName().endswith("Planning CT") and contour(fresh) is not None
    assert len(segmentations()) == 1


def test_tab_follows_the_eye(ready):
    order = [ready.input.selector, ready.input.dicom_button, ready.model.selector, ready.model.card_button,
             ready.picker.button, ready.run.button, ready.run.device, ready.ui.contoursSelector,
             ready.ui.structureTable, ready.ui.editButton, ready.ui.exportButton]
    reached, widget = [order[0]], order[0].nextInFocusChain()
    while widget is not order[0]:
        reached += [w for w in order if w is widget]
        widget = widget.nextInFocusChain()
    assert [w.name for w in reached] == [w.name for w in order] and reached == order


def test_it_fits_380_px_and_every_button_says_what_it_does(ready):
    import qt

    top = ready.owner.parent
    assert top.minimumSizeHint.width() <= 380
    kinds = (qt.QPushButton, qt.QToolButton, qt.QComboBox, qt.QLineEdit, qt.QCheckBox)
    inner = ("qMRMLNodeComboBox", "QLineEdit", "QComboBox")
    silent = [w.name or w.className() for kind in kinds for w in top.findChildren(kind)
              if not w.toolTip and not str(w.name).startswith("qt_") and type(w.parent()).__name__ not in inner]
    assert silent == []


def test_apply_by_key(ready):
    import qt
    from PySide6.QtTest import QTest

    window = ready.ui.AutoContour.window()
    window.show()
    window.activateWindow()
    choose(ready, "hn_oar")
    host.wait_until(lambda: window.isActiveWindow, 5)
    QTest.keyClick(window, qt.Qt.Key_Return, qt.Qt.ControlModifier)
    host.wait_until(lambda: ready.run.running, 2)
    QTest.keyClick(window, qt.Qt.Key_Return, qt.Qt.ControlModifier)
    host.wait_until(lambda: ready.run.state != "running", 5)
    QTest.keyClick(window, qt.Qt.Key_F13)  # else Qt goes on believing that Ctrl is held
    finish(ready)
    assert ready.run.message.text == "Cancelled."


def test_a_missing_package_is_offered_and_installed(ready):
    from slicer import packaging

    ready.model.current.update(usable=False, needs="onnxruntime", why_not="It needs the package onnxruntime.")
    ready.refresh()
    assert not ready.run.button.enabled and "onnxruntime" in ready.run.message.text
    ready.run.message.follow()
    assert packaging.host_requests[-1] == ("pip_ensure", ("onnxruntime>=1.20",))
    host.wait_until(lambda: not ready.model._question.waiting and ready.run.button.enabled, HOLD_S)


def test_self_test_of_the_module(scene):
    from AutoContour import AutoContourTest

    host.load_module("AutoContour")
    AutoContourTest().runTest()


def test_quitting_ends_run_and_worker(ready):
    import slicer
    from RadOncAILib.worker import shared_client

    choose(ready, "hn_oar")
    ready.run.button.click()
    host.wait_until(lambda: ready.run.bar.value > 50, HOLD_S)
    pid = shared_client().pid
    slicer.app.aboutToQuit()
    assert not ready.run.running and segmentations() == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    host.reload_module("AutoContour")
