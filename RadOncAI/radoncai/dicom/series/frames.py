"""Enhanced multi-frame images (PS3.3 C.7.6.16): each frame with a header of its own."""

from __future__ import annotations

from pathlib import Path

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset, FileDataset

from radoncai.core.errors import InputError
from radoncai.dicom.values import items, number

_GROUPS = (
    "PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence", "PixelValueTransformationSequence",
    "FrameContentSequence", "CTImageFrameTypeSequence", "MRImageFrameTypeSequence", "PETFrameTypeSequence",
    "CTXRayDetailsSequence", "CTReconstructionSequence", "MREchoSequence", "MRDiffusionSequence",
    "TemporalPositionSequence", "CardiacSynchronizationSequence", "RespiratorySynchronizationSequence",
    "SegmentIdentificationSequence")
_PER_FRAME, _SHARED = "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"
_TOP_ONLY = {_PER_FRAME, _SHARED, "PixelData", "FloatPixelData", "DoubleFloatPixelData"}


def is_multi_frame(data: Dataset) -> bool:
    """Whether a file holds several frames, or one with functional groups."""
    return (number(data, "NumberOfFrames", 1) or 1) > 1 or _PER_FRAME in data


def frame_headers(data: FileDataset, path: Path) -> list[Dataset]:
    """One data set a frame: what the file states, with the frame's shared and own functional groups put beside it.

    InputError where the groups are missing or their number is not that of the frames.
    """
    groups = items(data, _PER_FRAME)
    count = int(number(data, "NumberOfFrames", 1) or 1)
    if not groups:
        raise InputError(f"{path} is a multi-frame image that does not say where its frames lie; "
                         "export it as single slices.")
    if len(groups) != count:
        raise InputError(f"{path} is damaged: it states {count} frames and describes {len(groups)}; copy it again.")
    base = Dataset({tag: data.get_item(tag) for tag in data.keys() if keyword_for_tag(tag) not in _TOP_ONLY})
    for shared in items(data, _SHARED)[:1]:
        _merge(base, shared)
    return [_frame(base, data, group) for group in groups]


def _frame(base: Dataset, data: FileDataset, group: Dataset) -> Dataset:
    frame = Dataset({tag: base.get_item(tag) for tag in base.keys()})
    _merge(frame, group)
    frame.file_meta = data.file_meta
    if "FrameType" in frame:
        frame.ImageType = frame.FrameType
    return frame


def _merge(into: Dataset, group: Dataset) -> None:
    for keyword in _GROUPS:
        for item in items(group, keyword)[:1]:
            for tag in item.keys():
                into[tag] = item.get_item(tag)
