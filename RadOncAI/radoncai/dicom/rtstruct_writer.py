"""Writing a structure set as RTSTRUCT (PS3.3 A.19, C.8.8.5, C.8.8.6, C.8.8.8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import RTStructureSetStorage

from radoncai.core.errors import InputError
from radoncai.core.structures import Contour, Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.approval import Approval, approval_of, without_rejected
from radoncai.dicom.common import new_object, require_references, write_object
from radoncai.dicom.contour_bytes import ROI_CONTOUR_SEQUENCE, ContourText, roi_contour_sequence
from radoncai.dicom.contour_data import LONGEST_EXPLICIT, contours_of, to_text
from radoncai.dicom.planes import on_image_planes
from radoncai.dicom.roi_items import observation_item, roi_item
from radoncai.dicom.rtstruct_header import describe, set_level, set_references, title
from radoncai.dicom.values import number

ON_SLICE_MM = 0.5


@dataclass(frozen=True)
class KeptRoi:
    """An ROI of an existing set that goes on as it is: its number, structure, and its items in the old file."""

    number: int
    structure: Structure
    item: Dataset
    observations: tuple[Dataset, ...] = ()


def write_rtstruct(structures: StructureSet, volume: Volume, path: Path, *, label: str = "", description: str = "",
                   predecessor: tuple[str, str] | None = None, now: datetime | None = None,
                   seed: tuple[object, ...] = (), contours: str = "exact", holes: str = "keyhole",
                   approve: bool = False, rejected: str = "leave_out",
                   kept: Sequence[KeptRoi] = ()) -> tuple[str, ...]:
    """Write an RTSTRUCT on the slices of `volume` and return sentences about what a reader may notice.

    Contours of structures that were not edited are written back as they were read; masks are drawn by `contours`:
    "exact" along voxel edges (area equals the mask's) or "smooth" within half a pixel of them; `holes`: "keyhole" or
    "xor". `label`: at most 16 characters; `description`: put in front of what the writer says itself; `predecessor`:
    (SOP class, instance) UID of the set that was edited; `kept`: ROIs of that set, written first with their numbers.
    `approve`: the file is APPROVED if a named person approved every structure, else UNAPPROVED; structures that were
    `rejected` are left out ("leave_out") or refused ("stop"). `seed`: makes UIDs the same in every run.
    InputError where the images have no DICOM references or the structures lie on another grid.
    """
    source = volume.source
    require_references(source, "an RTSTRUCT")
    structures, volume = on_image_planes(structures, volume)
    source = volume.source
    if len(source.slices) != volume.grid.shape[0]:
        raise InputError("The images' own planes are not known, so contours cannot refer to them; read the DICOM "
                         "series again.")
    if not structures.grid.same_as(volume.grid):
        raise InputError("The structures lie on another grid than the images; resample them first.")
    chosen, left_out = without_rejected(tuple(structures), rejected)
    written = [s for s in chosen if s.mask.any() or s.contours]
    empty = [s.name for s in chosen if not (s.mask.any() or s.contours)]
    missing = {**dict.fromkeys(empty, "empty"), **structures.missing, **left_out}
    everything = [*(k.structure for k in kept), *written]
    approval = approval_of(everything, approve)
    data = _filled(_numbered(kept, written), volume, structures, (contours, holes),
                   new_object(RTStructureSetStorage, source, "RTSTRUCT", now := now or datetime.now(), seed))
    words = describe(title(everything, approval), everything, description, missing)
    set_level(data, everything, label or structures.label, words, approval, now)
    set_references(data, source, predecessor)
    write_object(data, path, implicit=data.get_item(ROI_CONTOUR_SEQUENCE).is_implicit_VR)
    return tuple(_remarks(everything, empty, left_out, approval))


def _numbered(kept: Sequence[KeptRoi], written: Sequence[Structure]) -> list[tuple[int, Structure, KeptRoi | None]]:
    """ROI number, structure and, where it is an ROI of an existing set, what is kept of it."""
    first = max((k.number for k in kept), default=0) + 1
    return [(k.number, k.structure, k) for k in kept] + [(n, s, None) for n, s in enumerate(written, first)]


def _filled(rois: list[tuple[int, Structure, KeptRoi | None]], volume: Volume, structures: StructureSet,
            drawing: tuple[str, str], data: Dataset) -> Dataset:
    """The three sequences of ROIs; the contours decide whether the file can have explicit VR."""
    frame = volume.source.frame_uid
    drawn = [contours_of(s, structures.grid, *drawing) if k is None else list(s.contours) for _, s, k in rois]
    texts = [[c.text or to_text(c.points) for c in contours] for contours in drawn]
    implicit = any(len(text) > LONGEST_EXPLICIT for roi in texts for text in roi)
    data.StructureSetROISequence = Items(
        [roi_item(n, s, frame, structures.volume_cc(s)) if k is None else k.item for n, s, k in rois])
    data[ROI_CONTOUR_SEQUENCE] = roi_contour_sequence(
        ((n, s.color, _with_images(c, t, volume)) for (n, s, _), c, t in zip(rois, drawn, texts, strict=True)),
        implicit)
    used = {number(o, "ObservationNumber") for _, _, k in rois if k for o in k.observations}
    free = (n for n in range(1, 10**6) if n not in used)
    data.RTROIObservationsSequence = Items(
        [o for n, s, k in rois for o in (k.observations if k else (observation_item(n, s, next(free)),))])
    return data


def _with_images(contours: list[Contour], texts: list[bytes], volume: Volume) -> list[ContourText]:
    return [ContourText(contour.kind, len(contour.points), text, *_slice_of(contour, volume))
            for contour, text in zip(contours, texts, strict=True)]


def _slice_of(contour: Contour, volume: Volume) -> tuple[tuple[str, str], int]:
    """The image a contour lies on and its frame (0: single frame); no UIDs between slices or where no image is."""
    source = volume.source
    k = float(volume.grid.to_index(contour.points[:1])[0, 2]) if len(contour.points) else -1.0
    nearest = int(np.rint(k))
    if 0 <= nearest < len(source.slices) and abs(k - nearest) * volume.grid.spacing_mm[0] <= ON_SLICE_MM:
        return source.slices[nearest], source.frames[nearest] if source.frames else 0
    return ("", ""), 0


def _remarks(structures: list[Structure], empty: list[str], left_out: dict[str, str], approval: Approval) -> list[str]:
    said = [f"{name} has no voxels and was left out." for name in empty]
    said += [f"{name} was left out: {why}." for name, why in left_out.items()]
    said += approval.said
    long = [s.name for s in structures if len(s.name) > 16]
    if long:
        said.append(f"Names with more than 16 characters may be cut by a planning system: {', '.join(long[:5])}.")
    cut = [s.name for s in structures if len(s.name) > 64]
    if cut:
        said.append(f"Names with more than 64 characters were shortened: {', '.join(n[:64] for n in cut[:3])}.")
    twice = [name for name, n in Counter(s.name.casefold() for s in structures).items() if n > 1]
    if twice:
        said.append(f"Names that differ in capitals at most may collide in a planning system: {', '.join(twice[:5])}.")
    outside = [s.name for s in structures if s.role == "external"]
    if len(outside) > 1:
        said.append(f"More than one structure is an EXTERNAL ({', '.join(outside)}); planning systems take one.")
    return said

