"""slicer.dicomDatabase over a folder of files, and how Slicer loads a series from it."""

from __future__ import annotations

from pathlib import Path


def make_database():
    """An empty database: a QObject with signals where Qt runs, a plain object otherwise."""
    import slicer

    if hasattr(slicer, "qMRMLWidget"):
        from .qt_classes import ctkDICOMDatabase

        return ctkDICOMDatabase()
    from .database import FolderDatabase

    return FolderDatabase()


def use_folder(folder: Path):
    """Open the application's one database on every DICOM file below the folder; returns it."""
    import slicer

    slicer.dicomDatabase.open_folder(folder)
    return slicer.dicomDatabase
