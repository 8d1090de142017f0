"""qMRMLSegmentEditorWidget, as far as a panel sets it up for a person's edits."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ..registry import stands_in
from ..signals import CppSignal
from .scene_widget import SceneWidget


@stands_in
class qMRMLSegmentEditorWidget(SceneWidget, QWidget):
    segmentationNodeChanged = CppSignal("vtkMRMLSegmentationNode*")
    currentSegmentIDChanged = CppSignal("QString")

    def __init__(self, parent: QWidget | None = None) -> None:
        QWidget.__init__(self, parent)
        self._start()
        self._parameters = None
        QVBoxLayout(self).addWidget(QLabel("Segment Editor"))

    def setMRMLSegmentEditorNode(self, node) -> None:
        self._parameters = node

    def mrmlSegmentEditorNode(self):
        return self._parameters

    def setSegmentationNode(self, node) -> None:
        self._parameters.SetAndObserveSegmentationNode(node)
        self.segmentationNodeChanged(node)

    def segmentationNode(self):
        return self._parameters.GetSegmentationNode() if self._parameters is not None else None

    def setSourceVolumeNode(self, node) -> None:
        self._parameters.SetAndObserveSourceVolumeNode(node)

    def sourceVolumeNode(self):
        return self._parameters.GetSourceVolumeNode() if self._parameters is not None else None

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self._parameters.SetSelectedSegmentID(segment_id)
        self.currentSegmentIDChanged(segment_id)

    def currentSegmentID(self) -> str:
        return self._parameters.GetSelectedSegmentID() or ""
