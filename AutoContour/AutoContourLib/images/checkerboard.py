"""A registration to be judged by eye: both images as a checkerboard in the slice views, for as long as it is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
from RadOncAILib.scene import geometry
from RadOncAILib.widgets import corner
from slicer.i18n import tr as _

CORNER = "checkerboard"


class Checkerboard:
    """`show` puts it into all slice views, `close` brings back what stood there; the scene keeps nothing of it."""

    def __init__(self) -> None:
        self._node, self._before = None, {}

    @property
    def is_shown(self) -> bool:
        return self._node is not None

    def show(self, entry: dict, folder: str, planning) -> None:
        """`entry` is {array, ijk_to_lps} of the worker's `register`, uint8, in `folder`."""
        self.close()
        array = np.load(Path(folder) / entry["array"], allow_pickle=False)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", _("Checkerboard"))
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        slicer.util.updateVolumeFromArray(node, array)
        geometry.set_lps(node, entry["ijk_to_lps"])
        geometry.give_same_parent(node, planning)
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().AutoWindowLevelOff()
        node.GetDisplayNode().SetWindowLevelMinMax(0.0, 255.0)
        self._node = node
        for view in _views():
            self._before[view.GetID()] = view.GetBackgroundVolumeID(), view.GetForegroundOpacity()
            view.SetBackgroundVolumeID(node.GetID())
            view.SetForegroundOpacity(0.0)
        corner.say(CORNER, _("Checkerboard of both images, not accepted"))

    def close(self) -> None:
        node, self._node = self._node, None
        before, self._before = self._before, {}
        for view in _views():
            if view.GetID() in before:
                background, opacity = before[view.GetID()]
                view.SetBackgroundVolumeID(background if slicer.mrmlScene.GetNodeByID(background or "") else None)
                view.SetForegroundOpacity(opacity)
        if node is not None and slicer.mrmlScene.GetNodeByID(node.GetID() or "") is node:
            slicer.mrmlScene.RemoveNode(node)
        corner.hush(CORNER)


def _views() -> list:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
