"""ctk.ctkDICOMDatabase and ctk.ctkDICOMIndexer where Qt runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from ..registry import stands_in
from ..signals import CppSignal
from .database import FolderDatabase


@stands_in
class ctkDICOMDatabase(FolderDatabase, QObject):
    seriesAdded = CppSignal("QString")
    instanceAdded = CppSignal("QString")
    seriesRemoved = CppSignal("QString")
    databaseChanged = CppSignal("")
    opened = CppSignal("")
    closed = CppSignal("")

    def __init__(self, parent: QObject | None = None) -> None:
        QObject.__init__(self, parent)
        FolderDatabase.__init__(self)

    def _say(self, signal: str, *values) -> None:
        getattr(self, signal)(*values)


@stands_in
class ctkDICOMIndexer(QObject):
    def addDirectory(self, database, directoryName: str, copyFile: bool = False) -> None:
        for path in sorted(p for p in Path(directoryName).rglob("*") if p.is_file()):
            database.insert(str(path), copyFile)

    def waitForImportFinished(self) -> None:
        pass
