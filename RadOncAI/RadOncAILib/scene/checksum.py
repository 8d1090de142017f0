"""What a node holds, in a few letters: equal for equal voxels in the same place, also after saving and loading."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

import numpy as np
import slicer
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from RadOncAILib.scene import geometry
from RadOncAILib.scene.labelmaps import box_of, voxels
from RadOncAILib.scene.nodes import Node

PLACE_MM = 1e-3
SHIFT = 0.3717  # keeps round numbers away from the border between two steps

_known: dict[tuple[str, str], tuple[tuple, str]] = {}


def checksum(node: Node) -> str:
    """Of a volume or segmentation node: voxels and place in its own frame, segment by segment."""
    if node.IsA("vtkMRMLSegmentationNode"):
        parts = [f"{i}:{segment_checksum(node, i)}" for i in node.GetSegmentation().GetSegmentIDs()]
        return _digest("\n".join(parts).encode())
    return _volume_checksum(node)


def segment_checksum(node: Node, segment_id: str) -> str:
    """Of one segment's voxels and their place; the layer and the size of its labelmap do not matter. "" when gone."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    if segment is None:
        return ""
    image = segment.GetRepresentation("Binary labelmap")
    if image is None or image.GetNumberOfPoints() == 0:
        return "empty"
    matrix = vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    state = (image.GetMTime(), image.GetExtent(), segment.GetLabelValue(), geometry.to_numpy(matrix).tobytes())
    return _once((node.GetID() or "", segment_id), state, lambda: _labelmap_checksum(image, segment.GetLabelValue()))


def _labelmap_checksum(image, value: int) -> str:
    box = box_of(image, value)
    if box is None:
        return "empty"
    mask = voxels(image)[box] == value
    matrix = vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    extent = image.GetExtent()
    first = [extent[2 * axis] + box[2 - axis].start for axis in range(3)]
    return _digest(np.packbits(mask).tobytes(), repr(mask.shape).encode(), _place(geometry.to_numpy(matrix), first))


def _volume_checksum(node) -> str:
    image = node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        return "empty"
    matrix = geometry.ras_from_node(node)
    state = (image.GetMTime(), image.GetPointData().GetScalars().GetMTime(), matrix.tobytes())
    return _once((node.GetID() or "", ""), state, lambda: _voxels_checksum(node, matrix))


def _voxels_checksum(node, matrix: np.ndarray) -> str:
    array = np.ascontiguousarray(slicer.util.arrayFromVolume(node))
    sum_ = zlib.crc32(memoryview(array).cast("B"))  # five times faster than a hash, and enough to see an edit
    return _digest(repr((sum_, array.shape, array.dtype.str)).encode(), _place(matrix))


def _once(key: tuple[str, str], state: tuple, compute: Callable[[], str]) -> str:
    """Sums of what has not been touched since are not computed again: an External takes a tenth of a second."""
    if key not in _known or _known[key][0] != state:
        _known[key] = (state, compute())
    return _known[key][1]


def _place(matrix: np.ndarray, first: list[int] | None = None) -> bytes:
    matrix = matrix.copy()
    matrix[:3, 3] = (matrix @ [*(first or (0, 0, 0)), 1])[:3]
    return np.floor(matrix[:3] / PLACE_MM + SHIFT).astype(np.int64).tobytes()


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
