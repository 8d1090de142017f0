"""`study`: the structure sets and doses that lie beside an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.core.volume import Source
from radoncai.dicom.files import files_below, is_dicom, open_dicom
from radoncai.dicom.rtdose.plan import TITLE
from radoncai.dicom.values import items, modality_of, text
from radoncai.worker.image import headers_of
from radoncai.worker.protocol import field
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields files (of the image; may be empty) and candidates (files or folders).

    Objects of another patient are left out; what cannot be read is named with the reason.
    """
    request = work.request
    source = headers_of({"files": request["files"]}).source if request.get("files") else Source()
    paths = _files([Path(p) for p in field(request, "candidates", list)])
    sets, doses, unreadable = [], [], []
    for number, path in enumerate(paths):
        work.progress.step("looking for structures and doses", number / len(paths))
        try:
            data = open_dicom(path, pixels=False)
        except InputError as error:
            unreadable.append({"path": str(path), "reason": str(error)})
            continue
        if not _of_patient(data, source):
            continue
        if modality_of(data) == "RTSTRUCT" and not items(data, "StructureSetROISequence"):
            unreadable.append({"path": str(path), "reason": "It holds no structures, or is cut off; copy it again."})
        elif modality_of(data) == "RTSTRUCT":
            sets.append(_structure_set(data, path, source))
        elif modality_of(data) == "RTDOSE":
            doses.append(_dose(data, path, source))
    return {"structure_sets": sorted(sets, key=_order), "doses": sorted(doses, key=_order), "unreadable": unreadable}


def _files(candidates: list[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in candidates:
        if path.exists():
            found |= dict.fromkeys(p for p in files_below(path) if is_dicom(p)) if path.is_file() or any(
                path.iterdir()) else {}
    return list(found)


def _of_patient(data: Dataset, source: Source) -> bool:
    own = text(data, "PatientID")
    return not (own and source.patient_id) or own.strip() == source.patient_id.strip()


def _structure_set(data: Dataset, path: Path, source: Source) -> dict[str, Any]:
    frames = [text(f, "FrameOfReferenceUID") for f in items(data, "ReferencedFrameOfReferenceSequence")]
    series = [text(s, "SeriesInstanceUID") for f in items(data, "ReferencedFrameOfReferenceSequence")
              for study in items(f, "RTReferencedStudySequence") for s in items(study, "RTReferencedSeriesSequence")]
    names = [text(r, "ROIName") for r in items(data, "StructureSetROISequence")]
    return {**_common(data, path, source), "label": text(data, "StructureSetLabel") or path.name,
            "date": _date(text(data, "StructureSetDate")), "structures": names,
            "same_frame": _same([text(data, "FrameOfReferenceUID"), *frames], source.frame_uid),
            "same_series": bool(source.series_uid) and source.series_uid in series,
            "approval": text(data, "ApprovalStatus") or None}


def _dose(data: Dataset, path: Path, source: Source) -> dict[str, Any]:
    predicted = TITLE in (text(data, "SeriesDescription"), text(data, "DoseComment")[:len(TITLE)])
    return {**_common(data, path, source), "label": text(data, "SeriesDescription") or path.name,
            "date": _date(text(data, "InstanceCreationDate") or text(data, "SeriesDate")),
            "kind": "predicted" if predicted else "clinical", "units": text(data, "DoseUnits"),
            "summation": text(data, "DoseSummationType"),
            "same_frame": _same([text(data, "FrameOfReferenceUID")], source.frame_uid)}


def _common(data: Dataset, path: Path, source: Source) -> dict[str, Any]:
    same_study = bool(source.study_uid) and text(data, "StudyInstanceUID") == source.study_uid
    return {"path": str(path), "uid": text(data, "SOPInstanceUID"), "same_study": same_study}


def _same(stated: list[str], frame: str) -> bool | None:
    """Whether a frame of reference is the image's; None where either states none."""
    known = [uid for uid in stated if uid]
    return frame in known if known and frame else None


def _date(stated: str) -> str | None:
    return f"{stated[:4]}-{stated[4:6]}-{stated[6:8]}" if len(stated) == 8 and stated.isdigit() else None


def _order(row: dict[str, Any]) -> tuple:
    return not row["same_study"], row["date"] or "", row["label"]
