"""Patient, study and series in the subject hierarchy, with their UIDs."""

from __future__ import annotations

import slicer

from .headers import value_of

PATIENT = {"DICOM.PatientName": "PatientName", "DICOM.PatientID": "PatientID", "DICOM.PatientSex": "PatientSex",
           "DICOM.PatientBirthDate": "PatientBirthDate"}  # fmt: skip
STUDY = {"DICOM.StudyInstanceUID": "StudyInstanceUID", "DICOM.StudyDescription": "StudyDescription",
         "DICOM.StudyDate": "StudyDate", "DICOM.StudyTime": "StudyTime"}  # fmt: skip
SERIES = {"DICOM.Modality": "Modality", "DICOM.SeriesNumber": "SeriesNumber",
          "DICOM.FrameOfReferenceUID": "FrameOfReferenceUID"}  # fmt: skip


def add_series_item(node, headers) -> None:
    """Put the node under its study and patient; `headers` in the order of the files."""
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    first = headers[0]
    study_uid = value_of(first, "StudyInstanceUID")
    patient_uid = value_of(first, "PatientID") or f"Patient-{study_uid}"
    patient = tree.GetItemByUID("DICOM", patient_uid)
    if not patient:
        name = f"{value_of(first, 'PatientName')} ({patient_uid})"
        patient = _item(tree, tree.CreateSubjectItem(tree.GetSceneItemID(), name), patient_uid, PATIENT, first)
    study = tree.GetItemByUID("DICOM", study_uid)
    if not study:
        name = f"{value_of(first, 'StudyDescription') or 'No study description'} ({value_of(first, 'StudyDate')})"
        study = _item(tree, tree.CreateStudyItem(patient, name), study_uid, STUDY, first)
    item = tree.GetItemByDataNode(node) or tree.CreateItem(study, node)
    tree.SetItemParent(item, study)
    _item(tree, item, value_of(first, "SeriesInstanceUID"), SERIES, first)
    tree.SetItemUID(item, "DICOMInstanceUID", " ".join(str(h.SOPInstanceUID) for h in headers))


def _item(tree, item: int, uid: str, attributes: dict[str, str], header) -> int:
    tree.SetItemUID(item, "DICOM", uid)
    for attribute, name in attributes.items():
        tree.SetItemAttribute(item, attribute, value_of(header, name))
    return item
