"""Isodose surfaces through SlicerRT, where it is installed."""

from __future__ import annotations

import slicer
from RadOncAILib.scene.dose import isodose_table
from RadOncAILib.scene.nodes import Node, VolumeNode
from slicer.i18n import tr as _

from radoncai.report.colours import ISODOSES, rgb

SHARES = (0.3, 0.5, 0.7, 0.9, 0.95, 1.0, 1.07)


def why_not() -> str:
    """Why there are no isodoses, "" where SlicerRT can draw them."""
    if hasattr(slicer.modules, "isodose"):
        return ""
    return _("Isodoses need the extension SlicerRT; install it in the Extensions Manager and restart Slicer.")


def levels(top_gy: float) -> list[tuple[float, tuple[int, int, int]]]:
    """30, 50, 70, 90, 95, 100 and 107 % of the highest prescribed dose in Gy, with their colours 0..255."""
    return [(round(share * top_gy, 1), tuple(rgb(ISODOSES[n % len(ISODOSES)]))) for n, share in enumerate(SHARES)]


def draw(dose: VolumeNode, top_gy: float) -> Node | None:
    """Let SlicerRT draw the surfaces of a dose volume; returns its isodose node, None where it refused."""
    name = f"{dose.GetName()} isodoses"
    node = slicer.mrmlScene.GetFirstNode(name, "vtkMRMLIsodoseNode") or \
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLIsodoseNode", name)
    node.SetAndObserveDoseVolumeNode(dose)
    node.SetAndObserveColorTableNode(isodose_table(levels(top_gy), f"{name} levels"))
    node.SetDoseUnits(node.Gy)
    if slicer.modules.isodose.logic().CreateIsodoseSurfaces(node):
        return node
    slicer.mrmlScene.RemoveNode(node)
    return None
