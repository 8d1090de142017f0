"""Dose volumes, as SlicerRT knows them, and coloured without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer

from radoncai.core.array_file import write_array
from radoncai.core.errors import InputError
from radoncai.report.colours import ISODOSES
from RadOncAILib.scene import geometry, hierarchy
from RadOncAILib.scene.color_table import color_table
from RadOncAILib.scene.nodes import ColorTableNode, Node, SegmentationNode, VolumeNode
from RadOncAILib.scene.tags import dump

DOSE_VOLUME = "DicomRtImport.DoseVolume"
DOSE_UNIT, DOSE_SCALE = "DicomRtImport.DoseUnitName", "DicomRtImport.DoseUnitValue"
KIND = "RadOncAI.DoseKind"
STRUCTURES = "radoncai.structures"
TABLE = "RadOncAI dose"
SHOWN_FROM = 0.1  # of the top: below it the CT shows alone
ABOVE_HIGHEST = 1.07


def show_dose(result: dict[str, Any], volume: VolumeNode, structures: SegmentationNode | None, name: str,
              node: VolumeNode | None = None) -> VolumeNode:
    """The result's dose as a volume node in the volume's study; `node` is filled anew where it is given.

    `result` has `dose` {array, ijk_to_lps} in Gy and `folder`; `prescription` {name: Gy} sets the top of the colours to
    107 % of its highest level, else the dose's own maximum does. The node gets the volume's parent transform, the
    attributes of SlicerRT, and `kind` (predicted or clinical) in RadOncAI.DoseKind. `structures` (segmentation node or
    None) is kept as a node reference.
    """
    array = read_array(result["dose"], Path(result["folder"]))
    with slicer.util.NodeModify(node) if node is not None else _nothing():
        node = node or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        slicer.util.updateVolumeFromArray(node, array.astype(np.float32, copy=False))
        geometry.set_lps(node, result["dose"]["ijk_to_lps"])
        geometry.give_same_parent(node, volume)
        node.SetAttribute(DOSE_VOLUME, "1")
        node.SetAttribute(KIND, result.get("kind") or "predicted")
        for key in ("model", "provenance", "warnings", "overrides", "prescription"):
            node.SetAttribute(f"RadOncAI.{key}", dump(result[key]) if result.get(key) else None)
        node.SetNodeReferenceID(STRUCTURES, structures.GetID() if structures is not None else None)
    mark_study(node, volume)
    levels = list((result.get("prescription") or {}).values())
    color_wash(node, ABOVE_HIGHEST * max(levels) if levels else float(np.nanmax(array, initial=0.0)))
    return node


def dose_request(dose: VolumeNode, folder: Path, volume: VolumeNode | None = None) -> dict[str, Any]:
    """A dose node as a request's `dose`, values in Gy in dose.npy.

    Raises InputError for a node without voxels, and where it lies under another transform than `volume`: its place in
    the volume's frame would be another.
    """
    if geometry.shape_of(dose) == (0, 0, 0):
        raise InputError(f"{dose.GetName()} has no voxels; load it again.")
    apart = volume is not None and dose.GetTransformNodeID() != volume.GetTransformNodeID()
    if apart and not (geometry.is_identity(dose) and geometry.is_identity(volume)):
        raise InputError(f"{dose.GetName()} and {volume.GetName()} are moved by different transforms; take them off or "
                         "put both under the same one.")
    write_array(Path(folder) / "dose.npy", slicer.util.arrayFromVolume(dose))
    return {"array": "dose.npy", "ijk_to_lps": geometry.lps_from_node(dose).ravel().tolist()}


def is_dose(node: Node) -> bool:
    """Whether a volume node is a dose, ours or SlicerRT's."""
    return bool(node.IsA("vtkMRMLScalarVolumeNode") and node.GetAttribute(DOSE_VOLUME) is not None)


def mark_study(node: VolumeNode, volume: VolumeNode) -> None:
    """Put the dose into the volume's study and say there that doses are Gy, as SlicerRT's modules look it up."""
    hierarchy.put_under_study(node, volume)
    study = hierarchy.study_of(volume)
    hierarchy.set_attribute_once(study, DOSE_UNIT, "GY")
    hierarchy.set_attribute_once(study, DOSE_SCALE, "1.0")


def color_wash(node: VolumeNode, top_gy: float) -> None:
    """Colours from 0 to `top_gy`; nothing below a tenth of it."""
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display, top = node.GetDisplayNode(), max(float(top_gy), 0.1)
    display.SetAndObserveColorNodeID(color_table(TABLE, ISODOSES[:6]).GetID())
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, top)
    display.SetApplyThreshold(True)
    display.SetThreshold(SHOWN_FROM * top, 1e6)
    display.SetInterpolate(True)


def isodose_table(levels: list[tuple[float, tuple[int, int, int]]], name: str = "RadOncAI isodoses") -> ColorTableNode:
    """Levels in Gy with their colours 0..255 as SlicerRT's Isodose wants them: the colour's name is the level."""
    table = slicer.mrmlScene.GetFirstNodeByName(name)
    if table is None or not table.IsA("vtkMRMLColorTableNode"):
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
    table.SetTypeToUser()
    table.SetNumberOfColors(len(levels))
    for n, (gy, color) in enumerate(levels):
        table.SetColor(n, f"{gy:g}", *(c / 255.0 for c in color), 0.4)
    return table


def read_array(entry: dict[str, Any], folder: Path) -> np.ndarray:
    """The dose array of a result. Raises InputError where it is missing."""
    try:
        return np.load(folder / entry["array"], allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise InputError("The dose of the result is missing or cut off; run again.") from None


def _nothing():
    from contextlib import nullcontext

    return nullcontext()
