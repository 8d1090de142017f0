"""What stands in an RTSTRUCT, or will stand in it, as the rules of a profile look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.dicom.files import open_dicom, transfer_syntax
from radoncai.dicom.rtstruct.contour_data import from_text, get_text
from radoncai.dicom.rtstruct.drawing import DrawnRoi, DrawnSet, images_of
from radoncai.dicom.rtstruct.header import short_label
from radoncai.dicom.rtstruct.roi_items import interpreted_type
from radoncai.dicom.values import items, modality_of, number, text

IMPLICIT = "1.2.840.10008.1.2"


@dataclass(frozen=True)
class ContourFacts:
    """One contour: `points` (n, 3) LPS mm or None where unreadable, `stated` points, length of its data and of the
    longest number in bytes, the image it names."""

    kind: str
    points: np.ndarray | None
    stated: int
    data_bytes: int
    longest: int
    image_uid: str

    @property
    def closed(self) -> bool:
        return self.kind.startswith("CLOSED") and self.points is not None and len(self.points) > 2


@dataclass(frozen=True)
class RoiFacts:
    """One ROI."""

    number: int
    name: str
    type: str
    contours: tuple[ContourFacts, ...]

    @property
    def closed(self) -> list[ContourFacts]:
        return [c for c in self.contours if c.closed]


@dataclass(frozen=True)
class SetFacts:
    """A structure set. `images` are the UIDs that it lists, `frames` those of its ROIs."""

    rois: tuple[RoiFacts, ...]
    label: str
    study_uid: str
    frame_uid: str
    frames: frozenset[str]
    images: frozenset[str]
    series: tuple[str, ...]
    explicit: bool
    status: str
    reviewer: str
    reviewed: str
    stray: tuple[int, ...] = ()
    patient_id: str = ""


def read_facts(path: Path) -> SetFacts:
    """InputError where the file is no RTSTRUCT or cannot be read."""
    data = open_dicom(path)
    if modality_of(data) != "RTSTRUCT":
        raise InputError(f"{path} is no RTSTRUCT but {modality_of(data) or 'an object without a modality'}; "
                         "name the structure set file.")
    drawn = {_whole(item, "ReferencedROINumber"): item for item in items(data, "ROIContourSequence")}
    types = {_whole(o, "ReferencedROINumber"): text(o, "RTROIInterpretedType").upper()
             for o in items(data, "RTROIObservationsSequence")}
    rois = tuple(_roi(item, drawn, types) for item in items(data, "StructureSetROISequence"))
    frames = items(data, "ReferencedFrameOfReferenceSequence")
    series = [s for f in frames for study in items(f, "RTReferencedStudySequence")
              for s in items(study, "RTReferencedSeriesSequence")]
    images = frozenset(text(i, "ReferencedSOPInstanceUID") for s in series for i in items(s, "ContourImageSequence"))
    uids = frozenset(uid for f in frames if (uid := text(f, "FrameOfReferenceUID")))
    series_uids = tuple(text(s, "SeriesInstanceUID") for s in series)
    return SetFacts(rois, text(data, "StructureSetLabel"), text(data, "StudyInstanceUID"),
                    text(data, "FrameOfReferenceUID"), uids, images, series_uids,
                    transfer_syntax(data) != IMPLICIT, text(data, "ApprovalStatus"), text(data, "ReviewerName"),
                    f"{text(data, 'ReviewDate')} {text(data, 'ReviewTime')}".strip(),
                    tuple(sorted(set(drawn) - {roi.number for roi in rois})), text(data, "PatientID"))


def facts_of(drawn: DrawnSet, label: str) -> SetFacts:
    """The same of a set that is not written yet."""
    source, approval = drawn.volume.source, drawn.approval
    images = frozenset(uid for _, uid in source.slices if uid)
    return SetFacts(tuple(_drawn_roi(roi, drawn) for roi in drawn.rois), short_label(label), source.study_uid,
                    source.frame_uid, frozenset({source.frame_uid} - {""}), images, (source.series_uid,),
                    not drawn.implicit, approval.status, approval.by, f"{approval.date} {approval.time}".strip(), (),
                    source.patient_id)


def _drawn_roi(roi: DrawnRoi, drawn: DrawnSet) -> RoiFacts:
    kind = interpreted_type(roi.structure)
    if roi.kept:
        kind = next((t for o in roi.kept.observations if (t := text(o, "RTROIInterpretedType").upper())), "")
    contours = tuple(
        ContourFacts(c.kind, c.points, len(c.points), len(raw), _longest(raw), image[1])
        for c, raw, (image, _) in zip(roi.contours, roi.texts, images_of(roi.contours, drawn.volume), strict=True))
    return RoiFacts(roi.number, roi.structure.name, kind, contours)


def _roi(item: Dataset, drawn: dict[int, Dataset], types: dict[int, str]) -> RoiFacts:
    n = _whole(item, "ROINumber")
    contours = tuple(_contour(c) for c in items(drawn.get(n), "ContourSequence"))
    return RoiFacts(n, text(item, "ROIName"), types.get(n, ""), contours)


def _contour(item: Dataset) -> ContourFacts:
    raw = get_text(item)
    images = items(item, "ContourImageSequence")
    kind = text(item, "ContourGeometricType", "CLOSED_PLANAR").upper()[:64].strip()
    return ContourFacts(kind, from_text(raw),
                        _whole(item, "NumberOfContourPoints"), len(raw), _longest(raw),
                        text(images[0], "ReferencedSOPInstanceUID") if images else "")


def _longest(raw: bytes) -> int:
    return max(map(len, raw.strip(b"\0").split(b"\\")), default=0)


def _whole(item: Dataset, keyword: str) -> int:
    value = number(item, keyword)
    return -1 if value is None else int(value)
