"""The application with Qt: `slicer.app`, `qt`, `ctk`, the main window."""

from __future__ import annotations

from pathlib import Path

from ..dicom import make_database
from ..errors import catch_swallowed
from .scene import start_scene

_kept: list = []


def start(main_window: bool):
    """Set everything up once a process; returns `slicer`."""
    slicer = start_scene()
    if not _kept:
        _start_qt(slicer)
    if main_window:
        slicer.util.mainWindow()._show_views()
    return slicer


def _start_qt(slicer) -> None:
    from .. import ctk_widgets, mrml_widgets, qt_module

    catch_swallowed()
    qt_module.make_module()
    ctk_widgets.make_module()
    from . import app, window

    slicer.app = app.qSlicerApplication(slicer.app)
    _kept.append(window.qSlicerMainWindow())
    mrml_widgets.add_to_slicer(slicer)
    without_signals, slicer.dicomDatabase = slicer.dicomDatabase, make_database()
    if without_signals.isOpen:
        slicer.dicomDatabase.open_folder(Path(without_signals.databaseDirectory))
    from .scripted import BUILT_IN, load_module

    load_module(BUILT_IN / "SegmentEditor.py")
