"""What an RTSTRUCT says about itself: label, description, approval, predecessor, and the images it refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from radoncai.core.structures import Structure
from radoncai.core.volume import Source
from radoncai.dicom.common import date_and_time
from radoncai.dicom.rtstruct.approval import Approval
from radoncai.dicom.values import one_line

_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"  # retired Detached Study Management, which every vendor writes here
_LONGEST_DESCRIPTION = 1024


def set_level(data: Dataset, structures: Sequence[Structure], label: str, description: str, approval: Approval,
              now: datetime) -> None:
    """Series and structure set attributes; `description` is what `describe` made."""
    data.SeriesNumber, data.InstanceNumber, data.OperatorsName = 901, 1, ""
    data.SeriesDescription = title(structures, approval)
    data.StructureSetLabel = short_label(label)
    data.StructureSetName = one_line(label, 64) or "RadOncAI"
    data.StructureSetDescription = description
    data.StructureSetDate, data.StructureSetTime = date_and_time(now)
    data.ApprovalStatus = approval.status
    if approval.status == "APPROVED":
        data.ReviewDate, data.ReviewTime, data.ReviewerName = approval.date, approval.time, approval.by


def short_label(label: str) -> str:
    """StructureSetLabel as it is written: at most 16 characters, never empty."""
    return one_line(label, 16) or "RadOncAI"


def title(structures: Sequence[Structure], approval: Approval) -> str:
    """What the set is, in a few words that stand in the series list of every viewer."""
    what = "AI contours" if any(s.origin != "MANUAL" for s in structures) else "Contours"
    return f"{what}, {'approved by a person' if approval.status == 'APPROVED' else 'not approved'}"


def describe(title_text: str, structures: Sequence[Structure], given: str, missing: Mapping[str, str]) -> str:
    """What the set is, which models drew it, what is not in it and why; at most 1024 bytes."""
    models = sorted({f"{s.algorithm.name} {s.algorithm.version}".strip() for s in structures if s.algorithm.name})
    parts = [given.strip(), f"{title_text}."] if given.strip() else [f"{title_text}."]
    if models:
        parts.append(f"Models: {', '.join(models)}.")
    if missing:
        parts.append("Not in this set: " + "; ".join(f"{n} ({why})" if why else n for n, why in missing.items()) + ".")
    text = one_line(" ".join(parts), 1 << 20)
    raw = text.encode()
    return text if len(raw) <= _LONGEST_DESCRIPTION else raw[:_LONGEST_DESCRIPTION - 4].decode(errors="ignore") + "..."


def set_references(data: Dataset, source: Source, predecessor: tuple[str, str] | None) -> None:
    """Frame of reference, study, series and every image; the set that was edited or added to."""
    data.FrameOfReferenceUID = source.frame_uid
    data.PositionReferenceIndicator = source.header.get("PositionReferenceIndicator", "")
    series = Dataset()
    series.SeriesInstanceUID = source.series_uid
    series.ContourImageSequence = Items(_image_items(source))
    study = reference(_STUDY_CLASS, source.study_uid)
    study.RTReferencedSeriesSequence = Items([series])
    frame = Dataset()
    frame.FrameOfReferenceUID = source.frame_uid
    frame.RTReferencedStudySequence = Items([study])
    data.ReferencedFrameOfReferenceSequence = Items([frame])
    if predecessor:
        data.PredecessorStructureSetSequence = Items([reference(*predecessor)])


def reference(sop_class: str, instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item


def _image_items(source: Source) -> list[Dataset]:
    """Every image once; all frames of a multi-frame image in one item."""
    frames: dict[tuple[str, str], list[int]] = {}
    for n, image in enumerate(source.slices):
        if image[1]:
            frames.setdefault(image, []).extend(source.frames[n:n + 1])
    items = []
    for image, numbers in frames.items():
        item = reference(*image)
        if numbers:
            item.ReferencedFrameNumber = numbers
        items.append(item)
    return items
