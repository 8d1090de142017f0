"""The minimal plan that a predicted dose refers to, and prescriptions out of plans (PS3.3 A.20, C.8.8.9, C.8.8.10)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RTPlanStorage

from radoncai.core.dose import Prescription
from radoncai.core.errors import InputError
from radoncai.core.volume import Source
from radoncai.dicom.common import date_and_time, decimal, new_object, require_references, write_object
from radoncai.dicom.files import open_dicom
from radoncai.dicom.values import items, modality_of, number, text

TITLE = "PREDICTION, NOT A PLAN"


def write_rtplan(prescription: Prescription, image: Source, path: Path, *, structures: Source | None = None,
                 title: str = TITLE, now: datetime | None = None, seed: tuple[object, ...] = ()) -> tuple[str, str]:
    """Write an UNAPPROVED RTPLAN without beams, PlanIntent RESEARCH; returns its (SOP class, instance) UID.

    `structures`: the source of an RTSTRUCT, whose SOP UIDs the plan refers to where it has them; without them the
    plan's geometry is TREATMENT_DEVICE. `title` says what the dose is; without targets no prescription is written.
    `seed` makes UIDs the same in every run.
    """
    require_references(image, "an RTPLAN")
    now = now or datetime.now()
    data = new_object(RTPlanStorage, image, "RTPLAN", now, seed)
    data.SeriesNumber, data.InstanceNumber, data.OperatorsName = 902, 1, ""
    data.SeriesDescription = title
    data.FrameOfReferenceUID = image.frame_uid
    data.PositionReferenceIndicator = image.header.get("PositionReferenceIndicator", "")
    data.RTPlanLabel, data.RTPlanName = title.split(",")[0][:16], title
    data.RTPlanDescription = f"{title}: for research; no beams, not deliverable, not approved."
    data.RTPlanDate, data.RTPlanTime = date_and_time(now)
    data.PlanIntent = "RESEARCH"
    reference = structure_reference(structures)
    data.RTPlanGeometry = "PATIENT" if reference is not None else "TREATMENT_DEVICE"
    if reference is not None:
        data.ReferencedStructureSetSequence = Sequence([reference])
    references = [_dose_reference(n, name, gy) for n, (name, gy) in enumerate(prescription.targets.items(), 1)]
    if references:
        data.DoseReferenceSequence = Sequence(references)
    data.FractionGroupSequence = Sequence([_fractions(prescription)])
    data.ApprovalStatus = "UNAPPROVED"
    write_object(data, path)
    return str(data.SOPClassUID), str(data.SOPInstanceUID)


def structure_reference(structures: Source | None) -> Dataset | None:
    """The item that names an RTSTRUCT; None where the set is none."""
    if structures is None or len(structures.slices) != 1 or not structures.slices[0][1]:
        return None
    if structures.slices[0][0] != "1.2.840.10008.5.1.4.1.1.481.3":
        return None
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = structures.slices[0]
    return item


def read_prescription(path: Path) -> Prescription:
    """Target doses and fractions of an RTPLAN, by its DoseReferenceDescription, else "target 1". InputError if none."""
    data = open_dicom(path)
    if modality_of(data) not in ("RTPLAN", "PLAN"):
        raise InputError(f"{path} is no RTPLAN but {modality_of(data) or 'unknown'}; name the plan file.")
    targets: dict[str, float] = {}
    for n, item in enumerate(items(data, "DoseReferenceSequence"), 1):
        gy = number(item, "TargetPrescriptionDose")
        if text(item, "DoseReferenceType") == "TARGET" and gy:
            targets[text(item, "DoseReferenceDescription") or f"target {n}"] = gy
    planned = [number(g, "NumberOfFractionsPlanned") for g in items(data, "FractionGroupSequence")]
    if not targets:
        raise InputError(f"{path} states no target dose; give --prescription.")
    return Prescription(targets, int(planned[0]) if len(planned) == 1 and planned[0] else None)


def _dose_reference(n: int, name: str, gy: float) -> Dataset:
    item = Dataset()
    item.DoseReferenceNumber = n
    item.DoseReferenceStructureType = "SITE"
    item.DoseReferenceDescription = name[:64]
    item.DoseReferenceType = "TARGET"
    item.TargetPrescriptionDose = decimal(gy)
    return item


def _fractions(prescription: Prescription) -> Dataset:
    item = Dataset()
    item.FractionGroupNumber = 1
    item.NumberOfFractionsPlanned = prescription.fractions if prescription.fractions else ""
    item.NumberOfBeams, item.NumberOfBrachyApplicationSetups = 0, 0
    return item
