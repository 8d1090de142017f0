"""qMRMLThreeDWidget on Slicer's displayable managers."""

from __future__ import annotations

import slicer
import vtk
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..registry import stands_in
from .mouse import Mouse
from .picture_view import PictureView

MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
)


@stands_in
class qMRMLThreeDView(Mouse, PictureView):
    def __init__(self, node) -> None:
        super().__init__()
        self._node = node
        self._renderer = vtk.vtkRenderer()
        self._window.AddRenderer(self._renderer)
        self._interactor = self._listen()
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        for manager in MANAGERS:
            if not factory.IsDisplayableManagerRegistered(manager):
                factory.RegisterDisplayableManager(manager)
        self._style = slicer.vtkMRMLThreeDViewInteractorStyle()
        self._group = factory.InstantiateDisplayableManagers(self._renderer)
        self._group.SetMRMLDisplayableNode(node)
        self._style.SetDisplayableManagers(self._group)
        self._style.SetInteractor(self._interactor)
        self._interactor.Initialize()
        self._group.AddObserver("UpdateEvent", lambda *_: self._soon())
        self._interactor.AddObserver("RenderEvent", lambda *_: self._soon())

    def mrmlViewNode(self):
        return self._node

    def renderWindow(self):
        return self._window

    def resetFocalPoint(self) -> None:
        """Look at what is shown; the box and its letters follow it and do not count."""
        box, letters = self._node.GetBoxVisible(), self._node.GetAxisLabelsVisible()
        self._node.SetBoxVisible(False)
        self._node.SetAxisLabelsVisible(False)
        self._renderer.ResetCamera()
        self._node.SetBoxVisible(box)
        self._node.SetAxisLabelsVisible(letters)
        self._soon()

    def scheduleRender(self) -> None:
        self._soon()

    def forceRender(self) -> None:
        self._draw()


@stands_in
class qMRMLThreeDWidget(QWidget):
    def __init__(self, node) -> None:
        super().__init__()
        self._view = qMRMLThreeDView(node)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._view)

    def threeDView(self) -> qMRMLThreeDView:
        return self._view

    def mrmlViewNode(self):
        return self._view.mrmlViewNode()
