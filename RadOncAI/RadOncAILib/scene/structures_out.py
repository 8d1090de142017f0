"""Segments as structures of a request: masks on the voxels of a volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkGeneralTransform

from radoncai.core.array_file import write_array
from radoncai.core.errors import InputError
from radoncai.core.structures import bounding_box
from radoncai.core.templates import match
from RadOncAILib.scene import geometry
from RadOncAILib.scene.labelmaps import box_of, voxels
from RadOncAILib.scene.nodes import Segment, SegmentationNode, VolumeNode
from RadOncAILib.scene.status import status
from RadOncAILib.scene.tags import KEPT, ROLE, STANDARD_NAME, get_record, get_tag

SAME_GRID = 1e-3  # voxels by which two grids may differ and still be one
LABELMAP = "Binary labelmap"


def structures_request(node: SegmentationNode, volume: VolumeNode, folder: Path | None,
                       names: list[str] | None = None) -> list[dict[str, Any]]:
    """The segments as structures on the volume's voxels; masks go to seg_NN.npy in `folder` (None: no masks, no box).

    `names` picks segments by name. A segment on other voxels is resampled to the nearest; an empty one is sent as one
    empty voxel, so that the worker names it as missing. Raises InputError for a node without labelmaps and for names
    that it has not, PlatformError where the disk is full.
    """
    content = node.GetSegmentation()
    present = [(i, content.GetSegment(i)) for i in content.GetSegmentIDs()]
    missing = [n for n in names or () if n not in [s.GetName() for _, s in present]]
    if missing:
        raise InputError(f"{node.GetName()} has no structure {', '.join(missing)}; choose again.")
    out = []
    for n, (segment_id, segment) in enumerate(present):
        if names is None or segment.GetName() in names:
            entry = describe(segment)
            if folder is not None:
                mask, box = cropped_mask(node, segment_id, volume)
                entry |= {"array": f"seg_{n:02d}.npy", "box": box}
                write_array(Path(folder) / entry["array"], mask)
            out.append(entry)
    return out


def why_doubtful(node: SegmentationNode) -> str:
    """Why volumes from this node may differ from the command line's, "" where they cannot: it is drawn, not voxels."""
    source = node.GetSegmentation().GetSourceRepresentationName()
    if source == LABELMAP or not node.GetSegmentation().GetNumberOfSegments():
        return ""
    return (f"The structures of {node.GetName()} are stored as {source.lower()}, which Slicer turns into voxels in its "
            "own way; load their RTSTRUCT here to get the volumes of the command line.")


def describe(segment: Segment) -> dict[str, Any]:
    """Name, role, colour, code, status and record of a segment, without its mask. Unknown keys are null."""
    name, record = segment.GetName(), get_record(segment)
    template = match(name)
    entry = dict.fromkeys(KEPT) | record
    entry["origin"] = record.get("origin") or "MANUAL"
    entry["findings"] = record.get("findings") or []
    return entry | {
        "name": name, "role": get_tag(segment, ROLE) or (template.role if template else "oar"),
        "standard_name": get_tag(segment, STANDARD_NAME) or (template.name if template else None),
        "color": [round(255 * c) for c in segment.GetColor()], "status": status(segment)}


def cropped_mask(node: SegmentationNode, segment_id: str, volume: VolumeNode) -> tuple[np.ndarray, list[list[int]]]:
    """A segment's mask on the volume's voxels, uint8 [k, j, i], and its box [[k0, k1], [j0, j1], [i0, i1]].

    Voxels outside the volume are left out. An empty segment gives one empty voxel.
    """
    image, value = _labels(node, segment_id)
    if box_of(image, value) is None:
        return np.zeros((1, 1, 1), np.uint8), [[0, 1], [0, 1], [0, 1]]
    if _moved(node, volume):
        image, value = _in_frame(image, value, node, volume), 1
    start = _offset(image, volume)
    if start is None:
        image, value = _resampled(image, value, volume), 1
        start = _offset(image, volume)
    return _crop(image, value, start, geometry.shape_of(volume))


def volume_cc(node: SegmentationNode, segment_id: str, volume: VolumeNode) -> float:
    """Volume of a segment on the volume's voxels, cc."""
    mask, _ = cropped_mask(node, segment_id, volume)
    return int(mask.sum()) * abs(float(np.linalg.det(geometry.ras_from_node(volume)[:3, :3]))) / 1000.0


def _labels(node, segment_id: str):
    segment = node.GetSegmentation().GetSegment(segment_id)
    if not node.GetSegmentation().ContainsRepresentation(LABELMAP) and not node.CreateBinaryLabelmapRepresentation():
        raise InputError(f"{node.GetName()} has no voxels of its own and Slicer could not make them; read the "
                         "structures from their RTSTRUCT file instead.")
    image = node.GetBinaryLabelmapInternalRepresentation(segment_id)
    if image is None:
        raise InputError(f"The structure {segment.GetName()} has no voxels of its own; draw or read it again.")
    return image, segment.GetLabelValue()


def _offset(image, volume) -> np.ndarray | None:
    """(k, j, i) of the image's first voxel in the volume; None where their voxels do not coincide."""
    matrix = vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    step = np.linalg.inv(geometry.ras_from_node(volume)) @ geometry.to_numpy(matrix)
    extent = np.array(image.GetExtent()).reshape(3, 2)
    ends = step[:3, :3] @ np.maximum(extent, 0).astype(float) + step[:3, 3:]
    whole = np.rint(step[:3, 3])
    if np.abs(ends - np.maximum(extent, 0) - whole[:, None]).max() > SAME_GRID or \
            np.abs(step[:3, :3] - np.eye(3)).max() > SAME_GRID:
        return None
    return (extent[:, 0] + whole.astype(int))[::-1]


def _moved(node, volume) -> bool:
    return node.GetTransformNodeID() != volume.GetTransformNodeID() and not (
        geometry.is_identity(node) and geometry.is_identity(volume))


def _in_frame(image, value: int, node, volume):
    """The segment carried from its node's frame into the volume's."""
    own = _only(image, value)
    transform = vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(
        node.GetParentTransformNode(), volume.GetParentTransformNode(), transform)
    slicer.vtkOrientedImageDataResample.TransformOrientedImage(own, transform)
    return own


def _resampled(image, value: int, volume):
    out = slicer.vtkOrientedImageData()
    matrix = geometry.to_vtk(geometry.ras_from_node(volume))
    if not slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceGeometry(
            _only(image, value), matrix, out):
        raise InputError("A structure could not be brought onto the voxels of the image; resample it in Slicer.")
    return out


def _only(image, value: int):
    """A copy with 1 where the label is, 0 elsewhere."""
    copy = slicer.vtkOrientedImageData()
    copy.DeepCopy(image)
    if copy.GetNumberOfPoints():
        labels = voxels(copy)
        labels[:] = labels == value
        copy.GetPointData().GetScalars().Modified()
    return copy


def _crop(image, value: int, start: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, list[list[int]]]:
    """The label's mask inside the volume, whose first voxel is `-start` of the image."""
    empty = np.zeros((1, 1, 1), np.uint8), [[0, 1], [0, 1], [0, 1]]
    around = box_of(image, value)
    if around is None:
        return empty
    inside = tuple(slice(max(b.start, -int(s)), min(b.stop, n - int(s)))
                   for b, s, n in zip(around, start, shape, strict=True))
    if any(part.stop <= part.start for part in inside):
        return empty
    mask = voxels(image)[inside] == value
    box = bounding_box(mask)
    if box is None:
        return empty
    first = [int(s) + i.start for s, i in zip(start, inside, strict=True)]
    return mask[box].astype(np.uint8), [[f + b.start, f + b.stop] for f, b in zip(first, box, strict=True)]
