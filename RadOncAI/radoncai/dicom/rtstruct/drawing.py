"""What goes into an RTSTRUCT, before any file: which structures, their contours, what is left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.core.structures import Contour, Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.common import require_references
from radoncai.dicom.rtstruct.approval import Approval, approval_of, without_rejected
from radoncai.dicom.rtstruct.contour_data import LONGEST_EXPLICIT, contours_of, to_text
from radoncai.dicom.series.planes import on_image_planes

ON_SLICE_MM = 0.5


@dataclass(frozen=True)
class KeptRoi:
    """An ROI of an existing set that goes on as it is: its number, structure, and its items in the old file."""

    number: int
    structure: Structure
    item: Dataset
    observations: tuple[Dataset, ...] = ()


@dataclass(frozen=True)
class DrawnRoi:
    """One ROI with its contours and their ContourData; `kept` where it is one of an existing set."""

    number: int
    structure: Structure
    contours: tuple[Contour, ...]
    texts: tuple[bytes, ...]
    kept: KeptRoi | None = None


@dataclass(frozen=True)
class DrawnSet:
    """All ROIs of a file to be, on the images' own planes. `missing`: what is not in it, name to reason."""

    rois: tuple[DrawnRoi, ...]
    volume: Volume
    approval: Approval
    empty: tuple[str, ...]
    left_out: dict[str, str]
    missing: dict[str, str]

    @property
    def structures(self) -> list[Structure]:
        return [roi.structure for roi in self.rois]

    @property
    def implicit(self) -> bool:
        """Whether a contour is too long for explicit VR."""
        return any(len(text) > LONGEST_EXPLICIT for roi in self.rois for text in roi.texts)


def draw_set(structures: StructureSet, volume: Volume, *, contours: str = "exact", holes: str = "keyhole",
             approve: bool = False, rejected: str = "leave_out", kept: Sequence[KeptRoi] = ()) -> DrawnSet:
    """The ROIs as they would be written; parameters and errors as of `write_rtstruct`."""
    require_references(volume.source, "an RTSTRUCT")
    structures, volume = on_image_planes(structures, volume)
    if len(volume.source.slices) != volume.grid.shape[0]:
        raise InputError("The images' own planes are not known, so contours cannot refer to them; read the DICOM "
                         "series again.")
    if not structures.grid.same_as(volume.grid):
        raise InputError("The structures lie on another grid than the images; resample them first.")
    chosen, left_out = without_rejected(tuple(structures), rejected)
    written = [s for s in chosen if s.mask.any() or s.contours]
    empty = tuple(s.name for s in chosen if not (s.mask.any() or s.contours))
    first = max((k.number for k in kept), default=0) + 1
    rois = [_drawn(k.number, k.structure, tuple(k.structure.contours), k) for k in kept]
    rois += [_drawn(n, s, tuple(contours_of(s, structures.grid, contours, holes)), None)
             for n, s in enumerate(written, first)]
    return DrawnSet(tuple(rois), volume, approval_of([roi.structure for roi in rois], approve), empty, left_out,
                    {**dict.fromkeys(empty, "empty"), **structures.missing, **left_out})


def images_of(contours: Sequence[Contour], volume: Volume) -> list[tuple[tuple[str, str], int]]:
    """The image that each contour lies on and its frame (0: single frame); no UIDs between slices or off the images."""
    source, spacing = volume.source, volume.grid.spacing_mm[0]
    firsts = np.array([c.points[0] if len(c.points) else np.full(3, np.inf) for c in contours]).reshape(-1, 3)
    heights = np.where(np.isfinite(firsts[:, 0]), volume.grid.to_index(np.nan_to_num(firsts, posinf=0.0))[:, 2], -1e6)
    out = []
    for height, nearest in zip(heights.tolist(), np.rint(heights).astype(int).tolist(), strict=True):
        there = 0 <= nearest < len(source.slices) and abs(height - nearest) * spacing <= ON_SLICE_MM
        frame = source.frames[nearest] if there and source.frames else 0
        out.append((source.slices[nearest], frame) if there else (("", ""), 0))
    return out


def _drawn(number: int, structure: Structure, contours: tuple[Contour, ...], kept: KeptRoi | None) -> DrawnRoi:
    return DrawnRoi(number, structure, contours, tuple(c.text or to_text(c.points) for c in contours), kept)
