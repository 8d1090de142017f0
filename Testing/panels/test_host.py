"""What the host promises: PythonQt's manners on real Qt, MRML widgets that follow the real scene."""

import enum
import sys
from pathlib import Path
from typing import Annotated

import host
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def slicer(scene):
    return scene


def add_volume(slicer, name="CT"):
    return slicer.util.addVolumeFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5), name=name)


def test_a_property_is_an_attribute_and_not_a_method():
    import qt

    label = qt.QLabel("a")
    label.text = "b"
    assert label.text == "b"
    label.setText("c")
    assert label.text == "c"
    with pytest.raises(TypeError):
        label.text()


def test_a_property_that_a_class_overrides_is_an_attribute_too():
    import qt

    table = qt.QTableWidget(1, 1)
    assert table.horizontalHeader().sizeHint.height() > 0
    assert table.sizeHint.width() > 0


def test_enums_are_numbers_and_properties_take_them():
    import qt

    label = qt.QLabel("a")
    label.alignment = qt.Qt.AlignRight
    assert label.alignment == qt.Qt.AlignRight
    assert int(qt.Qt.AlignRight) == 2
    label.textInteractionFlags = qt.Qt.TextSelectableByMouse
    assert label.textInteractionFlags == qt.Qt.TextSelectableByMouse


@pytest.mark.parametrize("name", ["foo", "setText", "clicked"])
def test_nothing_is_invented_on_a_cpp_object(name):
    import qt

    with pytest.raises(AttributeError):
        setattr(qt.QPushButton("x"), name, 1)


def test_stand_ins_are_as_strict(slicer):
    import ctk

    with pytest.raises(AttributeError):
        ctk.ctkCollapsibleButton().colapsed = True
    with pytest.raises(AttributeError):
        slicer.qMRMLNodeComboBox().currentNodeChanged = print
    with pytest.raises(AttributeError):
        slicer.app.noSuchThing  # noqa: B018


def test_a_python_subclass_may_have_its_own_attributes():
    import qt

    class Panel(qt.QWidget):
        pass

    panel = Panel()
    panel.rows = 3
    panel.enabled = False
    assert panel.rows == 3 and not panel.isEnabled()


def test_a_slot_gets_as_much_as_it_takes():
    import qt

    button, heard = qt.QPushButton("x"), []
    button.connect("clicked(bool)", lambda: heard.append("none"))
    button.connect("clicked(bool)", heard.append)
    button.clicked.connect(lambda on: heard.append(("signal", on)))
    button.click()
    assert heard == ["none", False, ("signal", False)]


@pytest.mark.parametrize("signature", ["pressd()", "clicked(int)", "clicked"])
def test_an_unknown_signature_is_an_error(signature):
    import qt

    with pytest.raises(ValueError):
        qt.QPushButton("x").connect(signature, print)


def test_overloads_of_a_stand_in_signal(slicer):
    box, heard = slicer.qMRMLNodeComboBox(), []
    box.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    box.noneEnabled = True
    box.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    box.connect("currentNodeChanged(bool)", heard.append)
    with pytest.raises(ValueError):
        box.connect("currentNodeChanged(QString)", print)
    box.setMRMLScene(slicer.mrmlScene)
    node = add_volume(slicer)
    assert box.currentNode() is None
    box.setCurrentNode(node)
    slicer.mrmlScene.RemoveNode(node)
    assert heard == [node, True, None, False]


def test_an_error_in_a_slot_is_kept_and_can_be_disconnected(capfd):
    import qt

    button = qt.QPushButton("x")

    def fails():
        raise RuntimeError("no")

    button.connect("clicked()", fails)
    button.click()
    assert [str(e) for e in host.errors] == ["no"]
    assert button.disconnect("clicked()", fails)
    button.click()
    assert len(host.errors) == 1
    assert "RuntimeError: no" in capfd.readouterr().err
    host.errors.clear()


def test_an_error_in_a_vtk_observer_is_kept(slicer, capfd):
    node = add_volume(slicer)

    def fails(*_):
        raise RuntimeError("observer")

    node.AddObserver("ModifiedEvent", fails)
    node.Modified()
    assert [str(e) for e in host.errors] == ["observer"]
    host.errors.clear()


def test_qt_takes_no_reference_of_none():
    import qt

    label = qt.QLabel("a")
    before = sys.getrefcount(None)
    for _ in range(1000):
        label.setText("b")
        label.property("missing")
    assert abs(sys.getrefcount(None) - before) < 100


def test_timer_and_single_shot():
    import qt

    heard = []
    timer = qt.QTimer()
    timer.setSingleShot(True)
    assert timer.singleShot is True
    timer.connect("timeout()", lambda: heard.append("timer"))
    timer.start(0)
    qt.QTimer.singleShot(0, lambda: heard.append("single"))
    host.wait_until(lambda: len(heard) == 2, 2)


UI = """<ui version="4.0"><class>X</class><widget class="qMRMLWidget" name="X"><layout class="QVBoxLayout">
<item><widget class="qMRMLNodeComboBox" name="inputSelector"><property name="nodeTypes"><stringlist>
<string>vtkMRMLScalarVolumeNode</string></stringlist></property>
<property name="SlicerParameterName" stdset="0"><string>volume</string></property></widget></item>
<item><widget class="QPushButton" name="applyButton">
<property name="text"><string>Go</string></property></widget></item>
</layout></widget><connections><connection><sender>X</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
<receiver>inputSelector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections></ui>"""


def test_a_ui_file_loads_and_passes_the_scene_on(slicer, tmp_path):
    (tmp_path / "X.ui").write_text(UI)
    widget = slicer.util.loadUI(str(tmp_path / "X.ui"))
    ui = slicer.util.childWidgetVariables(widget)
    widget.setMRMLScene(slicer.mrmlScene)
    node = add_volume(slicer)
    assert ui.inputSelector.currentNode() is node
    assert ui.applyButton.text == "Go"


def test_parameter_node(slicer, tmp_path):
    from slicer.parameterNodeWrapper import Choice, Default, WithinRange, parameterNodeWrapper

    class Side(enum.Enum):
        LEFT = 1
        RIGHT = 2

    @parameterNodeWrapper
    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        weight: Annotated[float, WithinRange(20, 300), Default(70.0)]
        model: Annotated[str, Choice(["a", "b"]), Default("b")]
        side: Side
        folder: Path
        names: list[str]
        height: float | None = None
        done: bool = True

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    p = Parameters(node)
    assert (p.volume, p.weight, p.model, p.side) == (None, 70, "b", Side.LEFT)
    assert (p.names, p.height, p.done) == ([], None, True)
    p.names.append("Cord")
    p.height, p.side, p.folder, p.volume = 1.7, Side.RIGHT, tmp_path, add_volume(slicer)
    again = Parameters(node)
    assert (again.names, again.height, again.side, again.folder) == (["Cord"], 1.7, Side.RIGHT, tmp_path)
    assert again.volume.GetName() == "CT"
    with pytest.raises(ValueError):
        p.weight = 5
    with pytest.raises(TypeError):
        p.weight = "5"
    with pytest.raises(AttributeError):
        p.wieght = 80


def test_parameter_node_and_widgets(slicer):
    import qt
    from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

    @parameterNodeWrapper
    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        weight: Annotated[float, WithinRange(20, 300)] = 80.0
        model: Annotated[str, Choice(["a", "b"])] = "a"

    spin, combo, box = qt.QDoubleSpinBox(), qt.QComboBox(), slicer.qMRMLNodeComboBox()
    box.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    box.setMRMLScene(slicer.mrmlScene)
    volume = add_volume(slicer)
    p = Parameters(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
    tag = p.connectParametersToGui({"weight": spin, "model": combo, "volume": box})
    assert (spin.value, combo.currentText, spin.maximum) == (80, "a", 300)
    box.setCurrentNode(volume)
    combo.setCurrentText("b")
    p.weight = 90
    assert (p.volume, p.model, spin.value) == (volume, "b", 90)
    p.disconnectGui(tag)
    spin.value = 100
    assert p.weight == 90


def test_label_maps_have_their_colours(slicer, capfd):
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode").CreateDefaultDisplayNodes()
    assert slicer.mrmlScene.GetNodeByID("vtkMRMLColorTableNodeFileGenericColors.txt") is not None
    assert "can't be found" not in capfd.readouterr().err


def test_files(slicer, tmp_path):
    node = add_volume(slicer)
    assert slicer.util.saveNode(node, str(tmp_path / "ct.nrrd"))
    again = slicer.util.loadVolume(str(tmp_path / "ct.nrrd"))
    assert np.array_equal(slicer.util.arrayFromVolume(again), slicer.util.arrayFromVolume(node))


def test_a_scene_archive_is_written_and_read(slicer, tmp_path):
    add_volume(slicer)
    assert slicer.mrmlScene.WriteToMRB(str(tmp_path / "scene.mrb"))
    host.close_scene()
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "scene.mrb"), True)
    assert [n.GetName() for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")] == ["CT"]
