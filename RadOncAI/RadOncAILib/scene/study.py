"""What else the DICOM database holds of the CT's study."""

from __future__ import annotations

from RadOncAILib.scene import hierarchy
from RadOncAILib.scene.image import MODALITY_TAG, instance_uids, open_database
from RadOncAILib.scene.nodes import VolumeNode

RT = ("RTSTRUCT", "RTDOSE")


def rt_candidates(volume: VolumeNode) -> list[str]:
    """Paths of the RTSTRUCT and RTDOSE files of the volume's study, sorted; [] without a study or a database."""
    database, study = open_database(), study_uid(volume)
    if database is None or not study:
        return []
    return sorted(path for series in database.seriesForStudy(study) for path in _rt_files(database, series))


def study_uid(volume: VolumeNode) -> str:
    """The StudyInstanceUID of the volume, "" where it is not from DICOM."""
    database, uids = open_database(), instance_uids(volume)
    path = database.fileForInstance(uids[0]) if uids and database is not None else ""
    if path:
        return database.studyForSeries(database.seriesForFile(path))
    item = hierarchy.study_of(volume)
    return hierarchy.subject_hierarchy().GetItemUID(item, "DICOM") if item else ""


def _rt_files(database, series: str) -> list[str]:
    files = list(database.filesForSeries(series))
    return files if files and database.fileValue(files[0], MODALITY_TAG) in RT else []
