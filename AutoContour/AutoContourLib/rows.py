"""The rows of the structures table, read from a segmentation node; without Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from RadOncAILib.scene import segmentation
from RadOncAILib.scene.tags import get_record
from vtk.util.numpy_support import vtk_to_numpy

from . import results

LABELMAP = "Binary labelmap"
MM3_PER_CC = 1000.0

_measured: dict[tuple[str, str], tuple[int, float]] = {}


@dataclass(frozen=True)
class Row:
    """One structure: `volume_cc` None where it has no voxels; `findings` are sentences, for not_found the reason.

    `unsure` is the share of its voxels where the model was unsure, None where nobody says.
    """

    id: str
    name: str
    color: tuple[float, float, float]
    volume_cc: float | None
    status: str
    findings: tuple[str, ...]
    unsure: float | None = None

    @property
    def is_absent(self) -> bool:
        return not self.id


def rows_of(node) -> list[Row]:
    """Segments in their order, then what was asked for and not found."""
    if node is None:
        return []
    content = node.GetSegmentation()
    found = [_row(node, content, content.GetNthSegmentID(n)) for n in range(content.GetNumberOfSegments())]
    drawn = {row.name for row in found}
    missing = [entry for entry in results.absent(node) if entry["name"] not in drawn]
    return found + [Row("", m["name"], (0.5, 0.5, 0.5), None, m["status"], (m["reason"],)) for m in missing]


def _row(node, content, segment_id: str) -> Row:
    segment = content.GetSegment(segment_id)
    record = get_record(segment)
    return Row(segment_id, segment.GetName(), segment.GetColor(), volume_cc(node, segment_id),
               segmentation.status(segment), tuple(record.get("findings") or ()), record.get("uncertainty"))


def volume_cc(node, segment_id: str) -> float | None:
    """Voxels of a segment times their volume; counted again only after its voxels changed."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    image = segment.GetRepresentation(LABELMAP)
    scalars = image.GetPointData().GetScalars() if image is not None else None
    if scalars is None:
        return None
    key, changed = (node.GetID(), segment_id), image.GetMTime()
    if _measured.get(key, (None,))[0] != changed:
        count = int(np.count_nonzero(vtk_to_numpy(scalars) == segment.GetLabelValue()))
        _measured[key] = changed, count * float(np.prod(image.GetSpacing())) / MM3_PER_CC
    return _measured[key][1] or None


def cc_text(value: float | None) -> str:
    """One decimal, two below 10 cc, – for unknown."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
