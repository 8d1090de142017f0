"""Scripted modules on the host: load, open, switch, reload, leave."""

import sys

import host
import pytest

MODULE = '''
import slicer
from slicer.ScriptedLoadableModule import *

class Sample(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "Sample"
        slicer.app.connect("startupCompleted()", self.started)
        self.heard = []

    def started(self):
        self.heard.append("started")

class SampleWidget(ScriptedLoadableModuleWidget):
    def setup(self):
        import qt
        self.heard = ["setup"]
        self.layout.addWidget(qt.QLabel("sample"))
    def enter(self):
        self.heard.append("enter")
    def exit(self):
        self.heard.append("exit")
    def cleanup(self):
        self.heard.append("cleanup")
'''


@pytest.fixture
def sample(scene, tmp_path):
    (tmp_path / "Sample.py").write_text(MODULE)
    yield host.load_module(tmp_path / "Sample.py")
    scene.util.selectModule("SegmentEditor")
    for name in ("sample", "sampleInstance", "SampleInstance", "SampleWidget"):
        if hasattr(scene.modules, name):
            delattr(scene.modules, name)
    sys.modules.pop("Sample", None)


def test_a_module_is_loaded_without_its_panel(scene, sample):
    assert sample.title == "Sample" and not hasattr(scene.modules, "SampleWidget")
    assert scene.modules.SampleInstance.heard == ["started"]
    assert scene.util.modulePath("Sample").endswith("Sample.py")
    with pytest.raises(AttributeError):
        sample.titel = "x"


def test_open_switch_and_reload(scene, sample):
    first = host.enter_module(sample)
    assert first.heard == ["setup", "enter"] and sample.widgetRepresentation().isEntered
    scene.util.selectModule("SegmentEditor")
    assert first.heard[2:] == ["exit"] and not sample.widgetRepresentation().isEntered
    editor = scene.util.getModuleWidget("SegmentEditor").editor
    assert editor.mrmlSegmentEditorNode() is not None
    scene.util.selectModule("Sample")
    second = host.reload_module("Sample")
    assert first.heard[3:] == ["enter", "cleanup"]
    assert second is not first and second.heard == ["setup", "enter"]
    assert scene.util.getModuleWidget("Sample") is second


@pytest.mark.parametrize("name", ["AutoContour", "DosePredict", "BodyComposition"])
def test_our_modules_load(scene, name):
    module = host.load_module(name)
    assert module.categories == ["Radiotherapy"] and scene.modules.radoncai.hidden
    assert module.helpText and module.acknowledgementText and not module.icon.isNull()


def test_nothing_is_installed(scene):
    from slicer import packaging

    packaging.host_requests.clear()
    packaging.pip_ensure(["onnxruntime>=1.20"], requester="test")
    assert packaging.host_requests == [("pip_ensure", ("onnxruntime>=1.20",))]
    assert packaging.pip_check("pytest>=7") and not packaging.pip_check("no-such-package-at-all")
