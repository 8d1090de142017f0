"""qMRMLSliceWidget on Slicer's slice logic and displayable managers."""

from __future__ import annotations

import slicer
import vtk
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..registry import stands_in
from .mouse import Mouse
from .picture_view import PictureView

MANAGERS = (
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLScalarBarDisplayableManager",
)
CORNERS = {
    vtk.vtkCornerAnnotation.UpperLeft: Qt.AlignLeft | Qt.AlignTop,
    vtk.vtkCornerAnnotation.UpperRight: Qt.AlignRight | Qt.AlignTop,
    vtk.vtkCornerAnnotation.LowerLeft: Qt.AlignLeft | Qt.AlignBottom,
    vtk.vtkCornerAnnotation.LowerRight: Qt.AlignRight | Qt.AlignBottom,
}


@stands_in
class qMRMLSliceView(Mouse, PictureView):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._corner = vtk.vtkCornerAnnotation()
        self._renderer = vtk.vtkRenderer()
        self._renderer.GetActiveCamera().ParallelProjectionOn()
        self._window.AddRenderer(self._renderer)
        self._interactor = self._listen()
        self._actor = _image_actor()
        self._renderer.AddViewProp(self._actor)  # first, so that fills are blended with it
        self._logic = _slice_logic()
        self._node = _slice_node(self._logic, name)
        self._group = _displayable_managers(self._renderer)
        self._group.SetMRMLDisplayableNode(self._node)
        self._style = slicer.vtkMRMLSliceViewInteractorStyle()
        self._style.SetSliceLogic(self._logic)
        self._style.SetDisplayableManagers(self._group)
        self._style.SetInteractor(self._interactor)
        self._interactor.Initialize()
        self.setMouseTracking(True)
        for source, event in ((self._logic, "ModifiedEvent"), (self._group, "UpdateEvent")):
            source.AddObserver(event, lambda *_: self._soon())

    def renderWindow(self):
        return self._window

    def cornerAnnotation(self):
        return self._corner

    def scheduleRender(self) -> None:
        self._soon()

    def forceRender(self) -> None:
        self._draw()

    def mrmlSliceNode(self):
        return self._node

    def _prepare(self) -> None:
        connection = self._logic.GetImageDataConnection()
        self._actor.SetVisibility(connection is not None)
        if connection is not None:
            self._actor.GetMapper().SetInputConnection(connection)

    def _follow_size(self) -> bool:
        changed = super()._follow_size()
        if changed:
            self._logic.ResizeSliceNode(*self._window.GetSize())
        return changed

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.drawImage(0, 0, self._image)
        painter.fillRect(0, 0, self.width, 3, QColor.fromRgbF(*self._node.GetLayoutColor()))
        texts = [(flags, self._corner.GetText(corner)) for corner, flags in CORNERS.items()]
        place = f"{self._node.GetOrientation()}  {self._logic.GetSliceOffset():.1f} mm"
        for flags, text in (*texts, (Qt.AlignRight | Qt.AlignBottom, place)):
            for shift, color in ((1, "#000000"), (0, "#d8d8d8")):  # readable on bone and on air
                painter.setPen(QColor(color))
                painter.drawText(QRect(6 + shift, 6 + shift, self.width - 12, self.height - 12), int(flags), text or "")


def _slice_logic():
    logic, application = slicer.vtkMRMLSliceLogic(), slicer.app.applicationLogic()
    logic.SetMRMLApplicationLogic(application)
    application.GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(slicer.mrmlScene)
    return logic


def _slice_node(logic, name: str):
    """The node that the layout has made; AddSliceNode would return one that is not in the scene."""
    node = slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceNode")
    if node is None:
        return logic.AddSliceNode(name)
    logic.SetSliceNode(node)
    return node


def _displayable_managers(renderer):
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    for manager in MANAGERS:
        if not factory.IsDisplayableManagerRegistered(manager):
            factory.RegisterDisplayableManager(manager)
    return factory.InstantiateDisplayableManagers(renderer)


def _image_actor():
    """The slice as the slice logic blends it, in 8-bit colours; no wrapped manager draws it."""
    mapper, actor = vtk.vtkImageMapper(), vtk.vtkActor2D()
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    actor.SetMapper(mapper)
    return actor


@stands_in
class qMRMLSliceControllerWidget(QWidget):
    def __init__(self, view: qMRMLSliceView) -> None:
        super().__init__()
        self._view = view

    def fitSliceToBackground(self) -> None:
        self._view._follow_size()
        self._view._logic.FitSliceToBackground()
        self._view._logic.SnapSliceOffsetToIJK()


@stands_in
class qMRMLSliceWidget(QWidget):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("qMRMLSliceWidget" + name)
        self._view = qMRMLSliceView(name)
        self._controller = qMRMLSliceControllerWidget(self._view)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._view)

    def sliceView(self) -> qMRMLSliceView:
        return self._view

    def sliceController(self) -> qMRMLSliceControllerWidget:
        return self._controller

    def sliceLogic(self):
        return self._view._logic

    def mrmlSliceNode(self):
        return self._view._node

    def mrmlSliceCompositeNode(self):
        return self._view._logic.GetSliceCompositeNode()

    def fitSliceToBackground(self) -> None:
        self._controller.fitSliceToBackground()
