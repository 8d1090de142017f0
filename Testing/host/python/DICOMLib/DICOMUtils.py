"""Import into and load from `slicer.dicomDatabase`."""

from __future__ import annotations

import time
from pathlib import Path

import slicer


def loadSeriesByUID(
    seriesUIDs: list[str], messages=None, progressCallback=None, enabledPluginClassNames=None
) -> list[str]:
    """IDs of the nodes that the image series of the list became; a series that no plug-in reads gives none."""
    from host.dicom.series import load_series

    if not isinstance(seriesUIDs, list):
        raise ValueError("SeriesUIDs must contain a list")
    nodes = [load_series(slicer.dicomDatabase, uid) for uid in seriesUIDs]
    transforms = [node.GetParentTransformNode() for node in nodes if node is not None]
    return [node.GetID() for node in [*nodes, *transforms] if node is not None]


def importDicom(dicomDataDir: str, dicomDatabase=None, copyFiles: bool = False) -> bool:
    """Index every file below the folder."""
    database = dicomDatabase or slicer.dicomDatabase
    for path in sorted(p for p in Path(dicomDataDir).rglob("*") if p.is_file()):
        database.insert(str(path), copyFiles)
    return True


def openTemporaryDatabase(directory: str | None = None) -> str:
    """Let the application's database be a new, empty one; returns the folder of the one before."""
    before = slicer.dicomDatabase.databaseDirectory
    folder = Path(slicer.app.temporaryPath) / (directory or time.strftime("%Y%m%d_%H%M%S_TempDICOMDatabase"))
    folder.mkdir(parents=True, exist_ok=True)
    slicer.dicomDatabase.open_folder(folder)
    return before


def closeTemporaryDatabase(originalDatabaseDir: str, cleanup: bool = True) -> None:
    """Go back to the database before."""
    if originalDatabaseDir:
        slicer.dicomDatabase.open_folder(Path(originalDatabaseDir))
    else:
        slicer.dicomDatabase.closeDatabase()
