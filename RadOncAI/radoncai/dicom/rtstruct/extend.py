"""Adding structures to an existing RTSTRUCT whose own ROIs stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from radoncai.core.errors import InputError
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.files import open_dicom
from radoncai.dicom.rtstruct.drawing import KeptRoi
from radoncai.dicom.rtstruct.reader import read_contours
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.same_patient import check_same_patient
from radoncai.dicom.values import items, numbers, text


def add_to_rtstruct(existing: Path, new: StructureSet, volume: Volume, path: Path, *, label: str = "",
                    description: str = "", now: datetime | None = None, seed: tuple[object, ...] = (),
                    contours: str = "exact", holes: str = "keyhole", approve: bool = False,
                    rejected: str = "leave_out", same_patient: bool = False) -> tuple[str, ...]:
    """Write the ROIs of `existing`, untouched, and the structures of `new` as one set whose predecessor is `existing`.

    ROIs of the existing set keep their number, name, type, codes and ContourData byte for byte, empty ROIs and points
    too; image references are written anew where the images are. A new structure whose name is taken (capitals aside)
    is left out and said. Options as in `write_rtstruct`. InputError for another patient or frame of reference unless
    `same_patient`.
    """
    more = extension(existing, new, volume, same_patient=same_patient)
    words = write_rtstruct(more.added, volume, path, label=label or more.label, description=description,
                           predecessor=more.predecessor, now=now, seed=seed, contours=contours, holes=holes,
                           approve=approve, rejected=rejected, kept=more.kept)
    return (*more.said, *words)


@dataclass(frozen=True)
class Extension:
    """What an existing set keeps and what comes to it; `predecessor`: its SOP class and instance UID."""

    kept: tuple[KeptRoi, ...]
    added: StructureSet
    label: str
    predecessor: tuple[str, str]
    said: tuple[str, ...]


def extension(existing: Path, new: StructureSet, volume: Volume, *, same_patient: bool = False) -> Extension:
    """The parts of `add_to_rtstruct` before anything is written; errors as there."""
    file = read_contours(existing)
    said = check_same_patient(volume.source, file.source, "the images and the structure set to add to",
                              same_patient=same_patient)
    kept = kept_rois(existing)
    taken = {k.structure.name.casefold() for k in kept}
    twins = [s.name for s in new if s.name.casefold() in taken]
    there = dict.fromkeys(twins, "the set has one of that name, which was kept")
    added = replace(new, structures=tuple(s for s in new if s.name not in there), missing={**new.missing, **there})
    if not any(s.mask.any() or s.contours for s in added):
        raise InputError(f"The existing set has all of these structures ({', '.join(twins) or 'none is left'}); "
                         "nothing was added.")
    return Extension(kept, added, file.label or "RadOncAI", file.source.slices[0],
                     (*said, *(f"{name} was left out: {why}." for name, why in there.items())))


def kept_rois(path: Path) -> tuple[KeptRoi, ...]:
    """Every ROI of an RTSTRUCT with copies of its items, ready to be written again."""
    data = open_dicom(path)
    file = read_contours(path)
    numbers_there = [roi.number for roi in file.rois]
    if len(set(numbers_there)) < len(numbers_there) or min(numbers_there, default=0) < 0:
        raise InputError(f"{path} numbers two ROIs alike or one not at all, so nothing can be added to it; export it "
                         "again.")
    rois = {_number(item, "ROINumber"): item for item in items(data, "StructureSetROISequence")}
    observations: dict[int, list[Dataset]] = {}
    for item in items(data, "RTROIObservationsSequence"):
        observations.setdefault(_number(item, "ReferencedROINumber"), []).append(_copy(item))
    frame = file.source.frame_uid
    return tuple(KeptRoi(roi.number, _whole(roi.structure, roi.contours), _roi_copy(rois[roi.number], frame),
                         tuple(observations.get(roi.number, ()))) for roi in file.rois)


def kept_sentence(existing: Path, extended: Path) -> str:
    """How many ROIs of a set stand in the extended one with the same bytes of ContourData."""
    after = {roi.number: roi for roi in read_contours(extended).rois}
    before = read_contours(existing).rois
    same = sum(roi.number in after and [c.text for c in roi.contours] == [c.text for c in after[roi.number].contours]
               for roi in before)
    return f"Kept of the existing set: {same} of {len(before)} ROIs, byte for byte."


def _whole(structure: Structure, contours: tuple) -> Structure:
    return replace(structure, contours=contours)


def _roi_copy(item: Dataset, frame_uid: str) -> Dataset:
    copied = _copy(item)
    if not text(copied, "ReferencedFrameOfReferenceUID"):
        copied.ReferencedFrameOfReferenceUID = frame_uid
    if "ROIGenerationAlgorithm" not in copied:
        copied.ROIGenerationAlgorithm = ""
    return copied


def _copy(item: Dataset) -> Dataset:
    """The item's elements, decoded, so that they can be written in any encoding; unreadable elements are left out."""
    out = Dataset()
    for tag in item.keys():
        try:
            element = item[tag]
            value = Sequence([_copy(i) for i in element.value]) if element.VR == "SQ" else element.value
            out.add(DataElement(element.tag, element.VR, value))
        except Exception:  # noqa: BLE001  pydicom raises many kinds on damaged values
            continue
    return out


def _number(item: Dataset, keyword: str) -> int:
    value = numbers(item, keyword)
    return int(value[0]) if value is not None else -1
