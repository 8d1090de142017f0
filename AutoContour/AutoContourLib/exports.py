"""Where the RTSTRUCT goes: a folder, the DICOM database, or SlicerRT's exporter."""

from __future__ import annotations

import tempfile
from pathlib import Path

import qt
import slicer
from RadOncAILib.widgets import marks, settings
from RadOncAILib.widgets.study_row import title
from slicer.i18n import tr as _

from radoncai.core.errors import InputError

from . import export
from .export_dialog import ExportDialog

LAST_FOLDER = "AutoContour/ExportFolder"
KEPT = {"profile": "AutoContour/ExportProfile", "drawn": "AutoContour/ExportContours",
        "holes": "AutoContour/ExportHoles"}


class Exports:
    """What the button Write RTSTRUCT… leads to. `panel` gives run, logic and node."""

    def __init__(self, panel, button) -> None:
        self.panel, self.button, self._tip = panel, button, button.toolTip
        self._dialog, self._add_to = None, ""
        button.connect("clicked()", self.open)

    @property
    def dialog(self) -> ExportDialog:
        if self._dialog is None:
            self._dialog = ExportDialog(self, self.button.window())
        return self._dialog

    def open(self) -> None:
        """Show what would trouble the planning system, and ask where to write; a set to add to is chosen each time."""
        self._add_to = ""
        self.dialog.show()
        self.panel.refresh_soon()  # its buttons follow the panel's

    def close(self) -> None:
        if self._dialog is not None:
            self._dialog.close()

    @property
    def chosen(self) -> dict[str, str]:
        """The planning system, how contours are drawn and holes made ("": as its profile has it), what is added to."""
        kept = {word: settings.value(key) for word, key in KEPT.items()}
        return {**kept, "profile": kept["profile"] or "generic", "add_to": self._add_to}

    def choose(self, *, add_to: str = "", **kept: str) -> None:
        """Words of `chosen`; the set to add to holds while the window is open, the rest is remembered."""
        self._add_to = add_to
        for word, value in kept.items():
            settings.remember(KEPT[word], value)

    @property
    def sets(self) -> list[tuple[str, str]]:
        """Path and title of the structure sets beside the image, which the contours can go into."""
        found = [(entry["path"], title(kind, entry)) for kind, entry in self.panel.input.study.entries
                 if kind == "structures"]
        known = {path for path, _title in found}
        return found if self._add_to in ("", *known) else [*found, (self._add_to, Path(self._add_to).name)]

    def request(self, folder, output: str = "") -> dict:
        """The fields of `write_structures` and `check_structures`. Raises InputError with what hinders it."""
        contours = self.panel.node.contours
        if contours is None:
            raise InputError(export.why_not(None, None))
        return self.panel.logic.export_request(folder, export.volume_of(contours), contours, output,
                                               contours.GetName(), **self.chosen)

    def refresh(self, contours, volume) -> None:
        """Off with the reason while nothing may leave."""
        reason = export.why_not(volume, contours)
        self.button.enabled = not reason and not self.panel.run.running
        self.button.toolTip = reason or self._tip
        if self._dialog is not None:
            self._dialog.refresh(self.button.enabled, reason)

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
        def written(result: dict) -> str:
            if self._dialog is not None:
                self._dialog.show_read_back(result)
            return f"{on_done(result)} {result['read_back']}"

        self.panel.run.start("write_structures", lambda arrays: self.request(arrays, folder), written,
                             title=_("Write RTSTRUCT"))

    def _import(self, _result: dict) -> str:
        from DICOMLib import DICOMUtils

        with slicer.util.WaitCursor():
            DICOMUtils.importDicom(self._holding.name, slicer.dicomDatabase, copyFiles=True)
        self._holding.cleanup()
        return _("Written into the DICOM database.")

    def ask_set(self) -> str:
        """An RTSTRUCT file that a person chooses, "" for none."""
        return qt.QFileDialog.getOpenFileName(self.dialog.dialog, _("Add to this RTSTRUCT"),
                                              settings.last_folder(LAST_FOLDER))

    def _ask_folder(self) -> str:
        return settings.ask_folder(self.button.window(), _("Write RTSTRUCT to"), LAST_FOLDER)
