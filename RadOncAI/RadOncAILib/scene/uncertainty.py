"""Where a model was unsure: its entropy as a volume beside the contours, shown over the image on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer

from radoncai.core.errors import InputError
from RadOncAILib.scene import geometry, hierarchy
from RadOncAILib.scene.color_table import color_table
from RadOncAILib.scene.nodes import SegmentationNode, VolumeNode

ROLE = "radoncai.uncertainty"
TABLE = "RadOncAI uncertainty"
COLORS = ("#56B4E9", "#F0E442", "#D55E00")  # safe for colour-blind readers: sure is blue, a coin's toss vermilion
TOP = 255.0  # 1 bit
SHOWN_FROM = 0.2 * TOP
OPACITY = 0.6


def add_map(result: dict[str, Any], volume: VolumeNode, contours: SegmentationNode) -> VolumeNode | None:
    """The result's `entropy` {array} (uint8 [k, j, i], 255 = 1 bit) as a volume node; None where it has none.

    Raises InputError where the array is missing or does not fit the image.
    """
    entry = result.get("entropy")
    if not entry:
        return None
    try:
        array = np.load(Path(result["folder"]) / entry["array"], allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise InputError("The uncertainty of the result is missing or cut off; run again.") from None
    if array.shape != geometry.shape_of(volume):
        raise InputError(f"The uncertainty does not lie on the voxels of {volume.GetName()}; run again.")
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"{contours.GetName()} unsure")
    slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(array, dtype=np.uint8))
    geometry.set_lps(node, geometry.lps_from_node(volume))
    geometry.give_same_parent(node, volume)
    hierarchy.put_under_study(node, volume)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(color_table(TABLE, COLORS).GetID())
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, TOP)
    display.SetApplyThreshold(True)
    display.SetThreshold(SHOWN_FROM, TOP)
    contours.SetNodeReferenceID(ROLE, node.GetID())
    return node


def map_of(contours: SegmentationNode | None) -> VolumeNode | None:
    """The map that belongs to these contours."""
    return contours.GetNodeReference(ROLE) if contours is not None else None


def is_shown(node: VolumeNode | None) -> bool:
    return node is not None and any(view.GetForegroundVolumeID() == node.GetID() for view in _views())


def show(node: VolumeNode) -> None:
    """Put a map over the image of every slice view."""
    for view in _views():
        view.SetForegroundVolumeID(node.GetID())
        view.SetForegroundOpacity(OPACITY)


def hide(node: VolumeNode) -> None:
    """Take it off again; another foreground is left alone."""
    for view in _views():
        if view.GetForegroundVolumeID() == node.GetID():
            view.SetForegroundVolumeID(None)


def _views() -> list:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
