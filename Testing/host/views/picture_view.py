"""An off-screen VTK window whose picture a Qt widget paints.

No window of VTK's own: works on a screen, under Xvfb and on Qt's platform `offscreen`."""

from __future__ import annotations

import vtk
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget
from vtk.util.numpy_support import vtk_to_numpy

from ..quiet import quiet


class PictureView(QWidget):
    """Base of the views: a render window of the widget's size, drawn again soon after `soon()`."""

    CPP = True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(120, 100)
        self._image = QImage()
        with quiet():
            self._window = vtk.vtkRenderWindow()
            self._window.SetOffScreenRendering(True)
            self._window.SetMultiSamples(0)
            self._window.SetSize(400, 400)
        self._pixels = vtk.vtkWindowToImageFilter()
        self._pixels.SetInput(self._window)
        self._pixels.ReadFrontBufferOff()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self._draw)

    def _listen(self):
        """The window's interactor, which the MRML styles observe; no style of VTK's own."""
        interactor = vtk.vtkGenericRenderWindowInteractor()
        interactor.SetRenderWindow(self._window)
        interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        interactor.UpdateSize(*self._window.GetSize())
        return interactor

    def _soon(self) -> None:
        if not self._timer.active and self.visible:
            self._timer.start(0)

    def _prepare(self) -> None:
        """What a view does before it is drawn."""

    def _draw(self) -> None:
        self._timer.stop()
        self._follow_size()
        self._prepare()
        self._window.Render()
        self._pixels.Modified()
        self._pixels.Update()
        data = self._pixels.GetOutput()
        columns, rows, _ = data.GetDimensions()
        colors = vtk_to_numpy(data.GetPointData().GetScalars()).reshape(rows, columns, -1)[::-1, :, :3].copy()
        self._image = QImage(colors.data, columns, rows, 3 * columns, QImage.Format_RGB888).copy()
        self.update()

    def _follow_size(self) -> bool:
        size = (max(1, self.width), max(1, self.height))
        if tuple(self._window.GetSize()) == size:
            return False
        self._window.SetSize(*size)
        if self._window.GetInteractor() is not None:
            self._window.GetInteractor().UpdateSize(*size)
        return True

    def resizeEvent(self, event) -> None:
        self._follow_size()
        self._soon()

    def showEvent(self, event) -> None:
        self._soon()

    def paintEvent(self, event) -> None:
        QPainter(self).drawImage(0, 0, self._image)
