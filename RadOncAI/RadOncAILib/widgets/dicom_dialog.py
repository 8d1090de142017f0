"""Choose a series of Slicer's DICOM database and load it through Slicer's own DICOM plug-ins."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from slicer.i18n import tr as _

from . import build
from .message_row import MessageRow

MODALITY, SERIES_NUMBER = "0008,0060", "0020,0011"


class DicomDialog:
    """Patients, studies and series; only series of `modalities` are listed. `on_loaded(nodes)` gets the volumes."""

    def __init__(self, parent, modalities: tuple[str, ...], on_loaded: Callable[[list], None]) -> None:
        self.modalities, self.on_loaded = modalities, on_loaded
        self.dialog = qt.QDialog(parent)
        self.dialog.windowTitle = _("Load from the DICOM database")
        self.tree = qt.QTreeWidget()
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels([_("Patient, study, series"), _("Kind"), _("Images")])
        header = self.tree.header()
        header.stretchLastSection = False
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents)
        self.tree.connect("itemSelectionChanged()", self._on_selection)
        self.tree.connect("itemDoubleClicked(QTreeWidgetItem*,int)", self._on_double_click)
        self.message = MessageRow(lines=1)
        self.load_button = build.push(_("Load"), _("Loads the selected series."), self.load)
        self.load_button.default = True
        close = build.push(_("Close"), _("Closes without loading."), self.dialog.close)
        box = qt.QVBoxLayout(self.dialog)
        box.addWidget(self.tree)
        box.addWidget(self.message.widget)
        box.addLayout(build.row(1, self.load_button, close))
        self.dialog.resize(560, 420)

    def show(self) -> None:
        self.fill()
        self.dialog.show()
        self.dialog.raise_()

    def fill(self) -> None:
        """List the database anew."""
        self.tree.clear()
        database = slicer.dicomDatabase
        count = 0
        if database is not None and database.isOpen:
            for patient in database.patients():
                count += self._add_patient(database, patient)
        self.tree.expandAll()
        if count:
            self.select_series("")
        self.message.show("", "" if count else self._why_empty(database))
        self._on_selection()

    @property
    def selected_series(self) -> str:
        items = self.tree.selectedItems()
        return items[0].data(0, qt.Qt.UserRole) or "" if items else ""

    def select_series(self, uid: str) -> bool:
        """Select a listed series by its UID, the first one for "". False where it is not listed."""
        for item in self._series_items():
            if uid in ("", item.data(0, qt.Qt.UserRole)):
                self.tree.setCurrentItem(item)
                return True
        return False

    def _series_items(self):
        for p in range(self.tree.topLevelItemCount):
            patient = self.tree.topLevelItem(p)
            for study in (patient.child(n) for n in range(patient.childCount())):
                yield from (study.child(n) for n in range(study.childCount()))

    def load(self) -> None:
        """Load the selected series; what goes wrong is said in the dialog."""
        from DICOMLib import DICOMUtils

        uid = self.selected_series
        if not uid:
            return
        with slicer.util.WaitCursor():
            ids = DICOMUtils.loadSeriesByUID([uid])
        nodes = [slicer.mrmlScene.GetNodeByID(i) for i in ids or ()]
        volumes = [n for n in nodes if n is not None and n.IsA("vtkMRMLScalarVolumeNode")]
        if not volumes:
            self.message.show("✕", _("This series could not be loaded; Slicer's error log says why."))
            return
        self.dialog.close()
        self.on_loaded(volumes)

    def _why_empty(self, database) -> str:
        if database is None or not database.isOpen:
            return _("The DICOM database is not open; open Slicer's module DICOM once.")
        kinds = ", ".join(self.modalities)
        return _("No series of the kind {kinds}; import some in Slicer's module DICOM.").format(kinds=kinds)

    def _add_patient(self, database, patient: str) -> int:
        name = database.nameForPatient(patient) or _("no name")
        node = qt.QTreeWidgetItem([name.replace("^", " ").strip(), "", ""])
        count = sum(self._add_study(database, node, study) for study in database.studiesForPatient(patient))
        if count:
            self.tree.addTopLevelItem(node)
        return count

    def _add_study(self, database, parent, study: str) -> int:
        parts = (_dashed(database.fieldForStudy("StudyDate", study)), database.fieldForStudy("StudyDescription", study))
        node = qt.QTreeWidgetItem([" ".join(p for p in parts if p) or _("study"), "", ""])
        count = sum(self._add_series(database, node, series) for series in database.seriesForStudy(study))
        if count:
            parent.addChild(node)
        return count

    def _add_series(self, database, parent, series: str) -> bool:
        files = database.filesForSeries(series)
        kind = database.fileValue(files[0], MODALITY) if files else ""
        if kind not in self.modalities:
            return False
        number = database.fileValue(files[0], SERIES_NUMBER)
        title = database.descriptionForSeries(series) or _("no description")
        node = qt.QTreeWidgetItem([f"{number}: {title}" if number else title, kind, str(len(files))])
        node.setTextAlignment(2, qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        node.setData(0, qt.Qt.UserRole, series)
        parent.addChild(node)
        return True

    def _on_selection(self) -> None:
        self.load_button.enabled = bool(self.selected_series)

    def _on_double_click(self, _item, _column: int) -> None:
        self.load()


def _dashed(date: str) -> str:
    """20260101 as 2026-01-01."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date
