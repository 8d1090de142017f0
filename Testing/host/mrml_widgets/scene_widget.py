"""A widget that knows the scene, and whose VTK observers end with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from ..registry import stands_in
from ..signals import CppSignal

SCENE_EVENTS = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent", "EndBatchProcessEvent")


class SceneWidget:
    """Mixed in before a Qt class; `_start` belongs into the constructor."""

    mrmlSceneChanged = CppSignal("vtkMRMLScene*")

    def _start(self) -> None:
        self._scene, self._tags = None, []

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene) -> None:
        if scene is self._scene:
            return
        self._forget()
        self._scene = scene
        if scene is not None:
            for event in SCENE_EVENTS:
                self._observe(scene, getattr(scene, event), self._scene_changed)
        self._scene_changed()
        self.mrmlSceneChanged(scene)

    def _observe(self, node, event, function: Callable[[], None]) -> None:
        self._tags.append((node, node.AddObserver(event, lambda *_: function())))

    def _forget(self, node=None) -> None:
        for observed, tag in self._tags:
            if node is None or observed is node:
                observed.RemoveObserver(tag)
        self._tags = [] if node is None else [t for t in self._tags if t[0] is not node]

    def _scene_changed(self) -> None:
        """What a stand-in does when nodes come or go."""


@stands_in
class qMRMLWidget(SceneWidget, QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        QWidget.__init__(self, parent)
        self._start()


@stands_in
class qSlicerWidget(qMRMLWidget):
    pass
