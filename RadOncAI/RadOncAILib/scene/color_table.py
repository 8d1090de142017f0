"""Colour tables of the scene, each made once."""

from __future__ import annotations

import numpy as np
import slicer

from radoncai.report.colours import rgb
from RadOncAILib.scene.nodes import ColorTableNode

COUNT = 256


def color_table(name: str, codes: tuple[str, ...]) -> ColorTableNode:
    """The scene's one table of this name: 256 colours, even steps through `codes` (#rrggbb)."""
    table = slicer.mrmlScene.GetFirstNodeByName(name)
    if table is not None and table.IsA("vtkMRMLColorTableNode"):
        return table
    anchors = np.array([rgb(code) for code in codes]) / 255.0
    places = np.linspace(0, len(anchors) - 1, COUNT)
    channels = [np.interp(places, range(len(anchors)), anchors[:, c]) for c in range(3)]
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
    table.SetTypeToUser()
    table.SetNumberOfColors(COUNT)
    table.SetHideFromEditors(True)
    for n, (r, g, b) in enumerate(zip(*channels, strict=True)):
        table.SetColor(n, str(n), float(r), float(g), float(b), 1.0)
    return table
