"""The views draw what the scene holds; pixels are counted in the pictures."""

import host
import numpy as np
import pytest

SIZE = (240, 240)


@pytest.fixture
def ball(scene):
    """A dark volume with a ball of radius 12 mm in its middle, shown in all slice views."""
    k, j, i = np.ogrid[:40, :40, :40]
    inside = (k - 20) ** 2 + (j - 20) ** 2 + (i - 20) ** 2 < 12**2
    array = np.where(inside, 60, 0).astype(np.int16)
    node = scene.util.addVolumeFromArray(array, name="CT")
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(200, 100)
    scene.app.layoutManager().setLayout(scene.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    scene.util.setSliceViewerLayers(background=node, fit=True)
    return node, inside


def segment(scene, volume, mask, color=(1.0, 0.0, 0.0)):
    node = scene.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    key = node.GetSegmentation().AddEmptySegment("", "ball", color)
    scene.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, key, volume)
    return node


def picture(scene, name="Red"):
    manager = scene.app.layoutManager()
    manager.viewport().resize(2 * SIZE[0], 2 * SIZE[1])
    host.grab(manager.viewport())
    manager.resetSliceViews()
    return host.grab(manager.sliceWidget(name)).astype(int)[10:-30]


def reddish(image):
    return (image[..., 0] > 120) & (image[..., 0] > 2 * image[..., 1])


def test_slices_show_the_volume(scene, ball):
    for name in ("Red", "Yellow", "Green"):
        image = picture(scene, name)
        grey = (image[..., 0] > 60) & (image[..., 0] < 110)
        assert 0.2 < grey.mean() < 0.35, name


def test_outline_and_fill_of_a_segment(scene, ball):
    node = segment(scene, *ball)
    display = node.GetDisplayNode()
    display.SetVisibility2DFill(False)
    outline = reddish(picture(scene)).sum()
    display.SetVisibility2DFill(True)
    display.SetOpacity2DFill(1.0)
    filled = reddish(picture(scene)).sum()
    assert 100 < outline < 2500 and filled > 8 * outline


def test_a_half_transparent_fill_is_blended_with_the_image(scene, ball):
    before = picture(scene)
    node = segment(scene, *ball)
    display = node.GetDisplayNode()
    display.SetVisibility2DOutline(False)
    display.SetOpacity2DFill(0.5)
    display.SetSegmentOpacity2DFill(node.GetSegmentation().GetNthSegmentID(0), 1.0)
    after = picture(scene)
    place = after.shape[0] // 2, after.shape[1] // 2
    grey = before[place][0]
    assert np.allclose(after[place], (0.5 * 255 + 0.5 * grey, 0.5 * grey, 0.5 * grey), atol=6)


def test_dose_lies_over_the_ct_in_its_colours(scene, ball):
    volume, inside = ball
    dose = scene.util.addVolumeFromArray(np.where(inside, 70.0, 0.0), name="dose")
    dose.CreateDefaultDisplayNodes()
    display = dose.GetDisplayNode()
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeRed")
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0, 70)
    display.SetApplyThreshold(True)
    display.SetLowerThreshold(1)
    scene.util.setSliceViewerLayers(foreground=dose, foregroundOpacity=0.6)
    image = picture(scene)
    assert reddish(image)[image.shape[0] // 2, image.shape[1] // 2] and not reddish(image)[20, 20]


def test_a_markups_line_is_drawn(scene, ball):
    before = picture(scene, "Yellow")
    line = scene.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "L3")
    at = scene.app.layoutManager().sliceWidget("Yellow").mrmlSliceNode().GetSliceToRAS().GetElement(0, 3)
    for anterior in (5.0, 35.0):
        line.AddControlPoint(at, anterior, 20.0)
    after = picture(scene, "Yellow")
    assert (np.abs(after - before).max(axis=-1) > 60).sum() > 100


def test_corner_annotation_is_drawn(scene, ball):
    import vtk

    view = scene.app.layoutManager().sliceWidget("Red").sliceView()
    before = picture(scene)
    view.cornerAnnotation().SetText(vtk.vtkCornerAnnotation.UpperLeft, "AI contour, not approved")
    assert (picture(scene)[:40] != before[:40]).any()
    view.cornerAnnotation().SetText(vtk.vtkCornerAnnotation.UpperLeft, "")


def chart(scene, dash):
    table = scene.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    scene.util.updateTableFromArray(table, np.array([[0.0, 100.0], [70.0, 100.0], [80.0, 0.0]]), ["Dose", "PTV"])
    series = scene.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "PTV")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("Dose")
    series.SetYColumnName("PTV")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetMarkerStyle(series.MarkerStyleNone)
    series.SetLineStyle(series.LineStyleDash if dash else series.LineStyleSolid)
    series.SetLineWidth(3)
    series.SetColor(1, 0, 0)
    node = scene.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    node.AddAndObservePlotSeriesNodeID(series.GetID())
    node.SetLegendVisibility(False)
    return node


@pytest.mark.parametrize("dash, low, high", [(False, 0.8, 1.0), (True, 0.2, 0.8)])
def test_plot_view_draws_the_curve_with_its_dashes(scene, dash, low, high):
    view = scene.qMRMLPlotView()
    view.resize(400, 300)
    node = scene.mrmlScene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    view.setMRMLScene(scene.mrmlScene)
    view.setMRMLPlotViewNode(node)
    node.SetPlotChartNodeID(chart(scene, dash).GetID())
    columns = reddish(host.grab(view).astype(int)).any(axis=0)
    drawn = np.flatnonzero(columns)
    assert low < columns[drawn[0] : drawn[-1]].mean() <= high


def test_layouts(scene, ball):
    manager = scene.app.layoutManager()
    assert manager.threeDViewCount == 1 and manager.sliceViewNames() == ("Red", "Green", "Yellow")
    scene.modules.plots.logic().ShowChartInLayout(chart(scene, False))
    assert manager.plotViewCount >= 1
    shown = manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNode()
    assert shown is not None
    number = 12345
    manager.layoutLogic().GetLayoutNode().AddLayoutDescription(
        number,
        '<layout type="horizontal"><item><view class="vtkMRMLSliceNode" singletontag="Left">'
        '<property name="orientation" action="default">Axial</property></view></item></layout>',
    )
    manager.setLayout(number)
    assert manager.layout == number and manager.sliceWidget("Left").mrmlSliceNode().GetName() == "Left"
    manager.setLayout(scene.vtkMRMLLayoutNode.SlicerLayoutFourUpView)


def test_three_d_view_draws_a_model(scene):
    import vtk

    ball = vtk.vtkSphereSource()
    ball.SetRadius(40)
    ball.Update()
    model = scene.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode")
    model.SetAndObservePolyData(ball.GetOutput())
    model.CreateDefaultDisplayNodes()
    model.GetDisplayNode().SetColor(1, 0, 0)
    widget = scene.app.layoutManager().threeDWidget(0)
    widget.resize(*SIZE)
    scene.app.layoutManager().resetThreeDViews()
    assert reddish(host.grab(widget).astype(int)).mean() > 0.02


def test_the_mouse_reaches_a_markups_point(scene, ball):
    import qt

    picture(scene)
    view = scene.app.layoutManager().sliceWidget("Red").sliceView()
    line = scene.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode")
    superior = scene.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceOffset()
    line.AddControlPoint(20.0, 20.0, superior)
    line.AddControlPoint(30.0, 20.0, superior)
    host.grab(view)
    at = qt.QPointF(view.width / 2, view.height / 2)
    for kind, button in (("MouseMove", qt.Qt.NoButton), ("MouseButtonPress", qt.Qt.LeftButton)):
        send(view, kind, at, button)
    send(view, "MouseMove", at + qt.QPointF(0, -40), qt.Qt.NoButton)
    send(view, "MouseButtonRelease", at + qt.QPointF(0, -40), qt.Qt.LeftButton)
    moved = np.array(line.GetNthControlPointPosition(0))
    assert abs(moved[1] - 20.0) > 4 and abs(moved[0] - 20.0) < 1


def send(view, kind, place, button):
    import qt

    event = qt.QMouseEvent(getattr(qt.QEvent, kind), place, place, button, button, qt.Qt.NoModifier)
    qt.QApplication.sendEvent(view, event)
    host.pump()


def test_the_wheel_scrolls_a_slice(scene, ball):
    widget = scene.app.layoutManager().sliceWidget("Red")
    picture(scene)
    before = widget.sliceLogic().GetSliceOffset()
    view = widget.sliceView()
    view._interactor.SetEventInformation(50, 50, 0, 0)
    view._interactor.InvokeEvent("MouseWheelForwardEvent")
    assert abs(widget.sliceLogic().GetSliceOffset() - before) == pytest.approx(1.0)
