"""Where a node's voxels lie. RAS and LPS meet here and nowhere else."""

from __future__ import annotations

import numpy as np
import slicer
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from radoncai.core.errors import InputError
from RadOncAILib.scene.nodes import Node, VolumeNode

RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
IDENTITY_MM = 1e-6


def to_numpy(matrix: vtkMatrix4x4) -> np.ndarray:
    """A vtkMatrix4x4 as a 4x4 array."""
    return np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])


def to_vtk(matrix: np.ndarray) -> vtkMatrix4x4:
    """A 4x4 array as a vtkMatrix4x4."""
    out = vtkMatrix4x4()
    out.DeepCopy([float(x) for x in np.asarray(matrix).ravel()])
    return out


def ras_from_node(volume: VolumeNode) -> np.ndarray:
    """4x4 from voxel (i, j, k, 1) to RAS mm in the volume's own frame, without its parent transform."""
    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return to_numpy(matrix)


def lps_from_node(volume: VolumeNode) -> np.ndarray:
    """4x4 from voxel (i, j, k, 1) to LPS mm in the volume's own frame, without its parent transform."""
    return RAS_LPS @ ras_from_node(volume)


def set_lps(volume: VolumeNode, ijk_to_lps: np.ndarray | list[float]) -> None:
    """Give a volume node the geometry of a 4x4 (or 16 numbers, row by row) to LPS mm."""
    volume.SetIJKToRASMatrix(to_vtk(RAS_LPS @ np.asarray(ijk_to_lps, float).reshape(4, 4)))


def shape_of(volume: VolumeNode) -> tuple[int, int, int]:
    """(slices, rows, columns) of a volume node; (0, 0, 0) where it has no voxels."""
    image = volume.GetImageData()
    return tuple(image.GetDimensions()[::-1]) if image else (0, 0, 0)


def transform_state(node: Node) -> str:
    """"none", "linear" or "nonlinear": what all parent transforms of a node are together."""
    parent = node.GetParentTransformNode()
    if parent is None:
        return "none"
    return "linear" if parent.IsTransformToWorldLinear() else "nonlinear"


def is_identity(node: Node) -> bool:
    """Whether the node lies where its own matrix says: no parent transform, or one that moves nothing."""
    state = transform_state(node)
    if state != "linear":
        return state == "none"
    matrix = vtkMatrix4x4()
    node.GetParentTransformNode().GetMatrixTransformToWorld(matrix)
    return bool(np.allclose(to_numpy(matrix), np.eye(4), atol=IDENTITY_MM))


def why_not_run(volume: VolumeNode) -> str:
    """Why no job may run on this volume, "" where it may. The remedy is `hardened_copy`."""
    if transform_state(volume) != "nonlinear":
        return ""
    name = volume.GetParentTransformNode().GetName()
    return (f"The transform {name} bends {volume.GetName()} (tilted or uneven slices): its voxels are not where its "
            "geometry says; work on a hardened copy.")


def why_no_export(*nodes: Node) -> str:
    """Why DICOM RT must not be written from these nodes, "" where it may: their place in the room is not the file's."""
    for node in nodes:
        if not is_identity(node):
            return (f"{node.GetName()} is moved by the transform {node.GetParentTransformNode().GetName()}; DICOM "
                    "cannot say so. Take it off, or work on a hardened copy.")
    return ""


def give_same_parent(node: Node, volume: VolumeNode) -> None:
    """Put a result under the parent transform of the volume it was made from."""
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())


def hardened_copy(volume: VolumeNode) -> VolumeNode:
    """A copy of the volume with its transforms applied: exactly for linear ones, resampled for others.

    The copy has no DICOM references, for its voxels are no longer those of the files; it lies in the same study and
    keeps the modality. Raises InputError where Slicer cannot apply the transform.
    """
    from RadOncAILib.scene import hierarchy, image

    name = f"{volume.GetName()} hardened"
    copy = slicer.vtkSlicerVolumesLogic.CloneVolume(slicer.mrmlScene, volume, name)
    if copy is None:
        raise InputError(f"{volume.GetName()} could not be copied; load it again.")
    copy.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    if volume.GetTransformNodeID() and not copy.HardenTransform():
        slicer.mrmlScene.RemoveNode(copy)
        raise InputError(f"The transform of {volume.GetName()} could not be applied; take it off or load again.")
    for attribute in ("DICOM.instanceUIDs", "DICOM.instanceNumbers"):
        copy.RemoveAttribute(attribute)
    copy.SetAttribute(image.MODALITY, image.modality_of(volume) or None)
    hierarchy.put_under_study(copy, volume)
    return copy
