"""The DICOM database and the loading of series: answers known from the series that is written."""

from pathlib import Path

import host
import numpy as np
import pydicom
import pytest

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume
from radoncai.dicom.series.ct_writer import write_ct_series

SPACING = (0.9, 1.1, 3.0)


@pytest.fixture
def folder(tmp_path):
    index_to_lps = np.diag([*SPACING, 1.0])
    index_to_lps[:3, 3] = (-20, 10, -100)
    array = np.arange(5 * 7 * 11, dtype=np.int16).reshape(5, 7, 11) - 1000
    volume = Volume(array, Grid((5, 7, 11), index_to_lps), modality="CT", unit="HU")
    write_ct_series(volume, tmp_path / "ct", patient_id="P1", patient_name="A^B", series_description="Odd")
    return tmp_path / "ct"


def shift_slice(path: Path, by_mm) -> None:
    data = pydicom.dcmread(path)
    data.ImagePositionPatient = [float(a) + b for a, b in zip(data.ImagePositionPatient, by_mm, strict=True)]
    data.save_as(path)


def test_database_answers_as_ctk_does(scene, folder):
    assert scene.dicomDatabase.isOpen is False
    database = host.dicom_database(folder)
    (patient,) = database.patients()
    (study,) = database.studiesForPatient(patient)
    (series,) = database.seriesForStudy(study)
    assert patient == "1" and database.nameForPatient(patient) == "A^B"
    assert database.fieldForPatient("PatientID", patient) == "P1"
    assert database.fieldForSeries("Modality", series) == "CT"
    assert database.descriptionForSeries(series) == "Odd"
    assert database.studyForSeries(series) == study and database.patientForStudy(study) == patient
    files, instances = database.filesForSeries(series), database.instancesForSeries(series)
    assert len(files) == 5 and database.fileForInstance(instances[2]) == files[2]
    assert database.fileValue(files[0], "0010,0020") == "P1"
    assert len(database.instanceValue(instances[0], "0020,0032").split("\\")) == 3
    assert database.fileForInstance("1.2.3") == "" and database.instancesForSeries(series, 2) == instances[:2]
    with pytest.raises(AttributeError):
        database.isOpenn  # noqa: B018


def load(folder):
    from DICOMLib import DICOMUtils

    database = host.dicom_database(folder)
    (series,) = database.seriesForStudy(database.studiesForPatient("1")[0])
    return database, DICOMUtils.loadSeriesByUID([series])


def test_series_becomes_a_volume_in_its_place(scene, folder):
    database, ids = load(folder)
    (node,) = [scene.mrmlScene.GetNodeByID(i) for i in ids]
    assert scene.util.arrayFromVolume(node)[2, 3, 4] == 2 * 77 + 3 * 11 + 4 - 1000
    assert np.allclose(node.GetSpacing(), SPACING)
    assert np.allclose(node.GetOrigin(), (20, -10, -100))
    uids = node.GetAttribute("DICOM.instanceUIDs").split()
    heights = [float(database.instanceValue(uid, "0020,0032").split("\\")[2]) for uid in uids]
    assert heights == [-100, -97, -94, -91, -88]
    assert node.GetParentTransformNode() is None


def test_series_lies_under_its_study(scene, folder):
    database, ids = load(folder)
    tree = scene.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene.mrmlScene)
    item = tree.GetItemByDataNode(scene.mrmlScene.GetNodeByID(ids[0]))
    study, patient = tree.GetItemAncestorAtLevel(item, "Study"), tree.GetItemAncestorAtLevel(item, "Patient")
    assert tree.GetItemUID(study, "DICOM") == database.studiesForPatient("1")[0]
    assert tree.GetItemUID(patient, "DICOM") == "P1"
    assert tree.GetItemByUID("DICOM", tree.GetItemUID(item, "DICOM")) == item


def test_an_uneven_slice_gives_an_acquisition_transform(scene, folder):
    shift_slice(sorted(folder.iterdir())[2], (0, 2.0, 0))
    _, ids = load(folder)
    node, transform = (scene.mrmlScene.GetNodeByID(i) for i in ids)
    assert transform.GetName().endswith("acquisition transform") and not transform.IsLinear()
    moved = np.zeros(3)
    at = np.array(node.GetOrigin()) + (-1, -1, 6.0)
    transform.GetTransformToParent().TransformPoint(at, moved)
    assert np.allclose(moved - at, (0, -2.0, 0), atol=1e-6)
    at[2] -= 3.0
    transform.GetTransformToParent().TransformPoint(at, moved)
    assert np.allclose(moved, at, atol=1e-6)


def test_files_are_indexed_with_signals(scene, folder):
    import ctk

    database, heard = host.dicom_database(folder.parent / "empty"), []
    database.connect("seriesAdded(QString)", heard.append)
    indexer = ctk.ctkDICOMIndexer()
    indexer.addDirectory(database, str(folder), False)
    indexer.waitForImportFinished()
    assert len(heard) == 1 and database.imagesCount() == 5


def test_a_temporary_database_takes_imports_and_goes_again(scene, folder):
    from DICOMLib import DICOMUtils

    host.dicom_database(folder)
    before = DICOMUtils.openTemporaryDatabase()
    assert scene.dicomDatabase.patients() == ()
    assert DICOMUtils.importDicom(str(folder), copyFiles=True)
    assert scene.dicomDatabase.imagesCount() == 5
    assert scene.dicomDatabase.allFiles()[0].startswith(scene.dicomDatabase.databaseDirectory)
    DICOMUtils.closeTemporaryDatabase(before)
    assert scene.dicomDatabase.databaseDirectory == str(folder) and scene.dicomDatabase.imagesCount() == 5
