"""The measured level as a line across the body, and the vertebrae's names beside it."""

from __future__ import annotations

import json

import numpy as np
import slicer

from RadOncAILib.scene import geometry, hierarchy
from RadOncAILib.scene.nodes import LineNode, PointsNode, VolumeNode

PLACE = "RadOncAI.Level"
LINE_COLOR = (0.902, 0.624, 0.0)
NAMES_FRONT, LINE_FRONT, LINE_BACK = 0.02, 0.15, 0.92  # of the depth from the front; names stand right of their dots


def show_level(s_mm: float, volume: VolumeNode, node: LineNode | None = None, name: str = "Level") -> LineNode:
    """A line from front to back across the volume's middle at S = `s_mm` of the volume's own frame.

    It can be dragged in the sagittal view; `keep_level` afterwards makes it straight again.
    """
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", name)
        _looks(node)
        hierarchy.put_under_study(node, volume)
    geometry.give_same_parent(node, volume)
    low, high = ras_bounds(volume)
    middle, depth = (low[0] + high[0]) / 2, high[1] - low[1]
    _store(node, s_mm, [[middle, high[1] - part * depth] for part in (LINE_FRONT, LINE_BACK)], (low[2], high[2]))
    _draw(node)
    return node


def level_of(node: LineNode) -> float:
    """S of the line in mm, the mean of its ends, in its own frame."""
    return float(np.mean([_end(node, n)[2] for n in (0, 1)]))


def keep_level(node: LineNode) -> float:
    """Make the line horizontal after a drag: the end that moved most decides; returns its S in mm, inside the scan."""
    place = json.loads(node.GetAttribute(PLACE))
    heights = [_end(node, n)[2] for n in (0, 1)]
    s_mm = max(heights, key=lambda s: abs(s - place["s_mm"]))
    _store(node, s_mm, place["ends"], place["range"])
    _draw(node)
    return json.loads(node.GetAttribute(PLACE))["s_mm"]


def show_vertebrae(names: dict[str, float], volume: VolumeNode, node: PointsNode | None = None) -> PointsNode:
    """Locked labels, name to S in mm, in front of the body; every sagittal slice shows them."""
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Vertebrae")
        _looks(node)
        node.SetLocked(True)
        node.GetDisplayNode().SetPointLabelsVisibility(True)
        node.GetDisplayNode().GetTextProperty().SetVerticalJustificationToCentered()
        hierarchy.put_under_study(node, volume)
    geometry.give_same_parent(node, volume)
    low, high = ras_bounds(volume)
    front = high[1] - NAMES_FRONT * (high[1] - low[1])
    with slicer.util.NodeModify(node):
        node.RemoveAllControlPoints()
        for label, s_mm in names.items():
            node.AddControlPoint([(low[0] + high[0]) / 2, front, float(s_mm)], label)
    return node


def ras_bounds(volume: VolumeNode) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest RAS mm of the voxel centres in the volume's own frame."""
    k, j, i = geometry.shape_of(volume)
    corners = np.array(list(np.ndindex(2, 2, 2))) * [i - 1, j - 1, k - 1]
    matrix = geometry.ras_from_node(volume)
    points = corners @ matrix[:3, :3].T + matrix[:3, 3]
    return points.min(axis=0), points.max(axis=0)


def _looks(node) -> None:
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSelectedColor(*LINE_COLOR)
    display.SetColor(*LINE_COLOR)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(False)
    display.SetSliceProjection(True)
    display.SetGlyphScale(1.5)


def _store(node, s_mm: float, ends, limits) -> None:
    s_mm = float(np.clip(s_mm, *limits))
    ends = [[float(v) for v in end] for end in ends]
    node.SetAttribute(PLACE, json.dumps({"s_mm": s_mm, "ends": ends, "range": [float(v) for v in limits]}))


def _draw(node) -> None:
    place = json.loads(node.GetAttribute(PLACE))
    with slicer.util.NodeModify(node):
        for n, end in enumerate(place["ends"]):
            if node.GetNumberOfControlPoints() <= n:
                node.AddControlPoint([*end, place["s_mm"]])
            else:
                node.SetNthControlPointPosition(n, [*end, place["s_mm"]])


def _end(node, n: int) -> list[float]:
    point = [0.0, 0.0, 0.0]
    node.GetNthControlPointPosition(n, point)
    return point
