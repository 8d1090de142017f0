"""Writing a structure set as RTSTRUCT (PS3.3 A.19, C.8.8.5, C.8.8.6, C.8.8.8)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RTStructureSetStorage

from radoncai.core.errors import InputError
from radoncai.core.structures import Contour, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.common import date_and_time, new_object, require_references, write_object
from radoncai.dicom.contour_bytes import ROI_CONTOUR_SEQUENCE, ContourText, roi_contour_sequence
from radoncai.dicom.contour_data import LONGEST_EXPLICIT, contours_of, to_text
from radoncai.dicom.roi_items import observation_item, roi_item

ON_SLICE_MM = 0.5


def write_rtstruct(structures: StructureSet, volume: Volume, path: Path, *, label: str = "", description: str = "",
                   predecessor: tuple[str, str] | None = None, now: datetime | None = None,
                   seed: tuple[object, ...] = ()) -> tuple[str, ...]:
    """Write an UNAPPROVED RTSTRUCT on the slices of `volume` and return sentences about what a reader may notice.

    Masks become voxel-edge polygons, holes keyholes; contours of structures that were not edited are written back as
    they were read. `label`: at most 16 characters; `description`: put in front of what the writer says itself;
    `predecessor`: (SOP class, instance) UID of the set that was edited; `seed`: makes UIDs the same in every run.
    InputError where the images have no DICOM references or the structures lie on another grid.
    """
    source = volume.source
    require_references(source, "an RTSTRUCT")
    if len(source.slices) != volume.grid.shape[0]:
        raise InputError("An RTSTRUCT can be written for axial series only; these images were turned to axial.")
    if not structures.grid.same_as(volume.grid):
        raise InputError("The structures lie on another grid than the images; resample them first.")
    now = now or datetime.now()
    written = [s for s in structures if s.mask.any() or s.contours]
    empty = [s.name for s in structures if not (s.mask.any() or s.contours)]
    drawn = [contours_of(s, structures.grid) for s in written]
    texts = [[c.text or to_text(c.points) for c in contours] for contours in drawn]
    implicit = any(len(text) > LONGEST_EXPLICIT for roi in texts for text in roi)
    data = new_object(RTStructureSetStorage, source, "RTSTRUCT", now, seed)
    _set_level(data, structures, label, description, empty, now, predecessor)
    _references(data, volume)
    data.StructureSetROISequence = Sequence(
        [roi_item(n, s, source.frame_uid, structures.volume_cc(s)) for n, s in enumerate(written, 1)])
    data[ROI_CONTOUR_SEQUENCE] = roi_contour_sequence(
        ((n, s.color, _with_images(c, t, volume))
         for n, (s, c, t) in enumerate(zip(written, drawn, texts, strict=True), 1)), implicit)
    data.RTROIObservationsSequence = Sequence([observation_item(n, s) for n, s in enumerate(written, 1)])
    write_object(data, path, implicit=implicit)
    return tuple(_remarks(structures, empty))


def _set_level(data: Dataset, structures: StructureSet, label: str, description: str, empty: list[str],
               now: datetime, predecessor: tuple[str, str] | None) -> None:
    data.SeriesNumber, data.InstanceNumber, data.OperatorsName = 901, 1, ""
    automatic = any(s.origin != "MANUAL" for s in structures)
    data.SeriesDescription = "AI contours, not approved" if automatic else "Contours, not approved"
    data.StructureSetLabel = (label or structures.label or "RadOncAI").strip()[:16]
    data.StructureSetName = (label or structures.label or "RadOncAI").strip()[:64]
    data.StructureSetDescription = _description(data.SeriesDescription, structures, description, empty)
    data.StructureSetDate, data.StructureSetTime = date_and_time(now)
    data.ApprovalStatus = "UNAPPROVED"
    if predecessor:
        data.PredecessorStructureSetSequence = Sequence([_reference(*predecessor)])


def _description(title: str, structures: StructureSet, given: str, empty: list[str]) -> str:
    """What the set is, which models drew it, what was not found; at most 1024 characters."""
    models = sorted({f"{s.algorithm.name} {s.algorithm.version}".strip() for s in structures if s.algorithm.name})
    missing = {**dict.fromkeys(empty, "empty"), **structures.missing}
    parts = [given.strip(), f"{title}."] if given.strip() else [f"{title}."]
    if models:
        parts.append(f"Models: {', '.join(models)}.")
    if missing:
        parts.append("Not in this set: " + "; ".join(f"{n} ({why})" if why else n for n, why in missing.items()) + ".")
    text = " ".join(parts).replace("\\", "/")
    return text if len(text.encode()) <= 1024 else text.encode()[:1020].decode(errors="ignore") + "..."


def _references(data: Dataset, volume: Volume) -> None:
    """Frame of reference, study, series and every slice."""
    source = volume.source
    data.FrameOfReferenceUID = source.frame_uid
    data.PositionReferenceIndicator = source.header.get("PositionReferenceIndicator", "")
    series = Dataset()
    series.SeriesInstanceUID = source.series_uid
    series.ContourImageSequence = Sequence([_reference(*s) for s in source.slices if s[1]])
    study = _reference("1.2.840.10008.3.1.2.3.1", source.study_uid)
    study.RTReferencedSeriesSequence = Sequence([series])
    frame = Dataset()
    frame.FrameOfReferenceUID = source.frame_uid
    frame.RTReferencedStudySequence = Sequence([study])
    data.ReferencedFrameOfReferenceSequence = Sequence([frame])


def _reference(sop_class: str, instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item


def _with_images(contours: list[Contour], texts: list[bytes], volume: Volume) -> list[ContourText]:
    return [ContourText(contour.kind, len(contour.points), text, _slice_of(contour, volume))
            for contour, text in zip(contours, texts, strict=True)]


def _slice_of(contour: Contour, volume: Volume) -> tuple[str, str]:
    """The image a contour lies on; no UIDs where it lies between slices or the slice was interpolated."""
    k = float(volume.grid.to_index(contour.points[:1])[0, 2])
    nearest = int(np.rint(k))
    if 0 <= nearest < len(volume.source.slices) and abs(k - nearest) * volume.grid.spacing_mm[0] <= ON_SLICE_MM:
        return volume.source.slices[nearest]
    return "", ""


def _remarks(structures: StructureSet, empty: list[str]) -> list[str]:
    said = [f"{name} has no voxels and was left out." for name in empty]
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
