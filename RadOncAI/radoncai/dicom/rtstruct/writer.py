"""Writing a structure set as RTSTRUCT (PS3.3 A.19, C.8.8.5, C.8.8.6, C.8.8.8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import RTStructureSetStorage

from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.common import cut_short, new_object, write_object
from radoncai.dicom.rtstruct.contour_bytes import ROI_CONTOUR_SEQUENCE, ContourText, roi_contour_sequence
from radoncai.dicom.rtstruct.drawing import DrawnRoi, DrawnSet, KeptRoi, draw_set, images_of
from radoncai.dicom.rtstruct.header import describe, set_level, set_references, title
from radoncai.dicom.rtstruct.roi_items import observation_item, roi_item
from radoncai.dicom.values import number


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
    drawn = draw_set(structures, volume, contours=contours, holes=holes, approve=approve, rejected=rejected, kept=kept)
    volume = drawn.volume
    data = new_object(RTStructureSetStorage, volume.source, "RTSTRUCT", now := now or datetime.now(), seed)
    _fill(data, drawn)
    words = describe(title(drawn.structures, drawn.approval), drawn.structures, description, drawn.missing)
    set_level(data, drawn.structures, label or structures.label, words, drawn.approval, now)
    set_references(data, volume.source, predecessor)
    write_object(data, path, implicit=drawn.implicit)
    return tuple(_remarks(drawn))


def _fill(data: Dataset, drawn: DrawnSet) -> None:
    """The three sequences of ROIs."""
    volume, rois = drawn.volume, drawn.rois
    data.StructureSetROISequence = Items(
        [roi.kept.item if roi.kept else roi_item(roi.number, roi.structure, volume.source.frame_uid,
                                                 roi.structure.voxels * volume.grid.voxel_cc) for roi in rois])
    data[ROI_CONTOUR_SEQUENCE] = roi_contour_sequence(
        ((roi.number, roi.structure.color, _with_images(roi, volume)) for roi in rois), drawn.implicit)
    used = {number(o, "ObservationNumber") for roi in rois if roi.kept for o in roi.kept.observations}
    free = (n for n in range(1, 10**6) if n not in used)
    data.RTROIObservationsSequence = Items(
        [o for roi in rois for o in (roi.kept.observations if roi.kept else
                                     (observation_item(roi.number, roi.structure, next(free)),))])


def _with_images(roi: DrawnRoi, volume: Volume) -> list[ContourText]:
    return [ContourText(contour.kind, len(contour.points), text, *image)
            for contour, text, image in zip(roi.contours, roi.texts, images_of(roi.contours, volume), strict=True)]


def _remarks(drawn: DrawnSet) -> list[str]:
    said = [f"{name} has no voxels and was left out." for name in drawn.empty]
    said += [f"{name} was left out: {why}." for name, why in drawn.left_out.items()]
    said += drawn.approval.said
    said += cut_short(drawn.volume.source)
    cut = [s.name for s in drawn.structures if len(s.name) > 64]
    if cut:
        said.append(f"Names with more than 64 characters were shortened: {', '.join(n[:64] for n in cut[:3])}.")
    return said
