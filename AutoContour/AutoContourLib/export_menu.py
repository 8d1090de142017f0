"""Where the RTSTRUCT goes: a folder, the DICOM database, or SlicerRT's exporter."""

from __future__ import annotations

import tempfile
from pathlib import Path

import qt
import slicer
from RadOncAILib.widgets import marks, settings
from slicer.i18n import tr as _

from . import export

LAST_FOLDER = "AutoContour/ExportFolder"


class ExportMenu:
    """The menu of the button Write RTSTRUCT. `panel` gives run, logic and node."""

    def __init__(self, panel, button) -> None:
        self.panel, self.button = panel, button
        self._menu = qt.QMenu(button)
        self.to_folder_action = self._add(_("To a folder…"), self.to_folder)
        self.to_database_action = self._add(_("Into the DICOM database"), self.to_database)
        self.with_slicer_rt_action = self._add(_("With SlicerRT, and the CT once more…"), self.with_slicer_rt)
        button.setMenu(self._menu)
        self._tip = button.toolTip

    def _add(self, text: str, on_click):
        action = self._menu.addAction(text)
        action.connect("triggered()", on_click)
        return action

    def refresh(self, contours, volume) -> None:
        """Off with the reason while nothing may leave."""
        reason = export.why_not(volume, contours)
        self.button.enabled = not reason and not self.panel.run.running
        self.button.toolTip = reason or self._tip
        self.with_slicer_rt_action.enabled = export.slicer_rt_is_there()
        if not export.slicer_rt_is_there():
            self.with_slicer_rt_action.text = _("With SlicerRT (not installed)")

    def to_folder(self, folder: str = "") -> None:
        """Ask for a folder where none is given, and write there."""
        folder = folder or self._ask_folder()
        if folder:
            self._write(folder, lambda result: _("Written to {path}.").format(path=result["path"]))

    def to_database(self) -> None:
        """Write into a folder of its own and import that into Slicer's DICOM database."""
        database = slicer.dicomDatabase
        if database is None or not database.isOpen:
            self.panel.run.message.show(marks.BAD, _("The DICOM database is not open; open Slicer's module DICOM."))
            return
        self._holding = tempfile.TemporaryDirectory(prefix="radoncai-export-")
        self._write(self._holding.name, self._import)

    def with_slicer_rt(self) -> None:
        """SlicerRT writes contours and a copy of the CT as a new series."""
        contours = self.panel.node.contours
        folder = self._ask_folder()
        if not folder:
            return
        with slicer.util.WaitCursor():
            problem = export.export_with_slicer_rt(export.volume_of(contours), contours, folder)
        done = _("SlicerRT wrote contours and a copy of the CT to {path}.").format(path=folder)
        self.panel.run.message.show(marks.BAD if problem else marks.GOOD, problem or done)

    def _write(self, folder: str, on_done) -> None:
        contours = self.panel.node.contours
        volume, logic, label = export.volume_of(contours), self.panel.logic, contours.GetName()
        self.panel.run.start("write_structures",
                             lambda arrays: logic.export_request(arrays, volume, contours, folder, label),
                             on_done, title=_("Write RTSTRUCT"))

    def _import(self, _result: dict) -> str:
        from DICOMLib import DICOMUtils

        with slicer.util.WaitCursor():
            DICOMUtils.importDicom(self._holding.name, slicer.dicomDatabase, copyFiles=True)
        self._holding.cleanup()
        return _("Written into the DICOM database.")

    def _ask_folder(self) -> str:
        start = settings.value(LAST_FOLDER, str(Path.home()))
        folder = qt.QFileDialog.getExistingDirectory(self.button.window(), _("Write RTSTRUCT to"), start)
        if folder:
            settings.remember(LAST_FOLDER, folder)
        return folder
