"""The calls of ctkDICOMDatabase over headers in memory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .headers import read_header, read_headers, tag_of, value_of

FIELDS = json.loads(Path(__file__).with_name("fields.json").read_text())


class FolderDatabase:
    """Patients have row numbers, studies, series and instances their UIDs; answers are text, "" for unknown."""

    def __init__(self, parent=None) -> None:
        self._headers, self._open, self._directory = {}, False, ""

    def open_folder(self, folder: Path) -> None:
        self._directory, self._open = str(folder), True
        self._headers = read_headers(folder)
        self._say("opened")

    @property
    def isOpen(self) -> bool:
        return self._open

    @property
    def databaseDirectory(self) -> str:
        return self._directory

    @property
    def patientFieldNames(self) -> list[str]:
        return list(FIELDS["Patients"])

    @property
    def studyFieldNames(self) -> list[str]:
        return list(FIELDS["Studies"])

    @property
    def seriesFieldNames(self) -> list[str]:
        return list(FIELDS["Series"])

    def closeDatabase(self) -> None:
        self._headers, self._open, self._directory = {}, False, ""
        self._say("closed")

    def insert(self, filePath: str, storeFile: bool = True, generateThumbnail: bool = True) -> None:
        header = read_header(Path(filePath))
        if header is None:
            return
        known = {value_of(h, "SeriesInstanceUID") for h in self._headers.values()}
        target = Path(filePath)
        if storeFile:
            target = Path(self._directory) / "dicom" / f"{header.SOPInstanceUID}.dcm"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(filePath, target)
        self._headers[str(target)] = header
        if value_of(header, "SeriesInstanceUID") not in known:
            self._say("seriesAdded", value_of(header, "SeriesInstanceUID"))
        self._say("instanceAdded", str(header.SOPInstanceUID))
        self._say("databaseChanged")

    def removeSeries(self, uid: str, clearCachedTags: bool = False, cleanup: bool = True) -> bool:
        files = self.filesForSeries(uid)
        for path in files:
            del self._headers[path]
        self._say("seriesRemoved", uid)
        return bool(files)

    def patients(self) -> tuple[str, ...]:
        return tuple(str(i + 1) for i in range(len(self._patient_keys())))

    def studiesForPatient(self, patientUID: str) -> tuple[str, ...]:
        return self._distinct("StudyInstanceUID", lambda h: self._row(h) == patientUID)

    def seriesForStudy(self, studyUID: str) -> tuple[str, ...]:
        return self._distinct("SeriesInstanceUID", lambda h: value_of(h, "StudyInstanceUID") == studyUID)

    def filesForSeries(self, seriesUID: str, hits: int = -1) -> tuple[str, ...]:
        files = [path for path, h in self._headers.items() if value_of(h, "SeriesInstanceUID") == seriesUID]
        return tuple(files[:hits] if hits > 0 else files)

    def instancesForSeries(self, seriesUID: str, hits: int = -1) -> tuple[str, ...]:
        return tuple(str(self._headers[path].SOPInstanceUID) for path in self.filesForSeries(seriesUID, hits))

    def fileForInstance(self, sopInstanceUID: str) -> str:
        return next((path for path, h in self._headers.items() if h.SOPInstanceUID == sopInstanceUID), "")

    def instanceForFile(self, fileName: str) -> str:
        return value_of(self._headers.get(fileName), "SOPInstanceUID")

    def seriesForFile(self, fileName: str) -> str:
        return value_of(self._headers.get(fileName), "SeriesInstanceUID")

    def studyForSeries(self, seriesUID: str) -> str:
        return value_of(self._first("SeriesInstanceUID", seriesUID), "StudyInstanceUID")

    def patientForStudy(self, studyUID: str) -> str:
        header = self._first("StudyInstanceUID", studyUID)
        return self._row(header) if header is not None else ""

    def fileValue(self, fileName: str, tag: str) -> str:
        header = self._headers.get(fileName) or read_header(Path(fileName))
        return value_of(header, tag_of(tag))

    def instanceValue(self, sopInstanceUID: str, tag: str) -> str:
        return value_of(self._headers.get(self.fileForInstance(sopInstanceUID)), tag_of(tag))

    def instanceValueExists(self, sopInstanceUID: str, tag: str) -> bool:
        return self.instanceValue(sopInstanceUID, tag) != ""

    def fileValueExists(self, fileName: str, tag: str) -> bool:
        return self.fileValue(fileName, tag) != ""

    def fieldForPatient(self, field: str, patientUID: str) -> str:
        headers = (h for h in self._headers.values() if self._row(h) == patientUID)
        return value_of(next(headers, None), FIELDS["Patients"].get(field, ""))

    def fieldForStudy(self, field: str, studyInstanceUID: str) -> str:
        return value_of(self._first("StudyInstanceUID", studyInstanceUID), FIELDS["Studies"].get(field, ""))

    def fieldForSeries(self, field: str, seriesInstanceUID: str) -> str:
        return value_of(self._first("SeriesInstanceUID", seriesInstanceUID), FIELDS["Series"].get(field, ""))

    def nameForPatient(self, patientUID: str) -> str:
        return self.fieldForPatient("PatientsName", patientUID)

    def descriptionForStudy(self, studyUID: str) -> str:
        return self.fieldForStudy("StudyDescription", studyUID)

    def descriptionForSeries(self, seriesUID: str) -> str:
        return self.fieldForSeries("SeriesDescription", seriesUID)

    def allFiles(self) -> tuple[str, ...]:
        return tuple(self._headers)

    def patientsCount(self) -> int:
        return len(self._patient_keys())

    def studiesCount(self) -> int:
        return len(self._distinct("StudyInstanceUID"))

    def seriesCount(self) -> int:
        return len(self._distinct("SeriesInstanceUID"))

    def imagesCount(self) -> int:
        return len(self._headers)

    def _say(self, signal: str, *values) -> None:
        """Signals exist where Qt runs."""

    def _distinct(self, name: str, wanted=lambda header: True) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value_of(h, name) for h in self._headers.values() if wanted(h)))

    def _first(self, name: str, value: str):
        return next((h for h in self._headers.values() if value_of(h, name) == value), None)

    def _patient_keys(self) -> list[tuple[str, ...]]:
        return list(dict.fromkeys(_patient_key(h) for h in self._headers.values()))

    def _row(self, header) -> str:
        return str(self._patient_keys().index(_patient_key(header)) + 1)


def _patient_key(header) -> tuple[str, ...]:
    return tuple(value_of(header, name) for name in ("PatientID", "PatientName", "PatientBirthDate"))
