"""Hears of edits to the nodes that a dose is made from."""

from __future__ import annotations

from collections.abc import Callable

import slicer
from RadOncAILib.scene.nodes import SegmentationNode, VolumeNode
from vtkmodules.vtkCommonCore import vtkCommand

EDITS = (slicer.vtkSegmentation.SegmentModified, slicer.vtkSegmentation.SegmentAdded,
         slicer.vtkSegmentation.SegmentRemoved, slicer.vtkSegmentation.SourceRepresentationModified)
VOXELS_AND_PLACE = (vtkCommand.ModifiedEvent, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
                    slicer.vtkMRMLTransformableNode.TransformModifiedEvent)


class Watching:
    """`follow(volume, structures)` observes just these two, through the panel's own observer list."""

    def __init__(self, panel, on_edit: Callable) -> None:
        self._panel, self._on_edit = panel, on_edit
        self._volume, self._structures = None, None

    def follow(self, volume: VolumeNode | None, structures: SegmentationNode | None) -> None:
        if volume is not self._volume:
            self._exchange(self._volume, volume, VOXELS_AND_PLACE)
            self._volume = volume
        if structures is not self._structures:
            self._exchange(self._structures, structures, EDITS)
            self._structures = structures

    def nothing(self) -> None:
        self.follow(None, None)

    def _exchange(self, old, new, events) -> None:
        for event in events:
            if old is not None:
                self._panel.removeObserver(old, event, self._on_edit)
            if new is not None:
                self._panel.addObserver(new, event, self._on_edit)
