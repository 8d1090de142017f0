"""Where a person names files and folders."""

from __future__ import annotations

from PySide6.QtCore import Property
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from ..properties import kept
from ..registry import stands_in
from ..signals import CppSignal


@stands_in
class ctkPathLineEdit(QWidget):
    Dirs, Files, Drives = 0x001, 0x002, 0x004
    Readable, Writable, Executable = 0x010, 0x020, 0x040
    currentPathChanged = CppSignal("QString")
    validInputChanged = CppSignal("bool")
    filters = kept(int, "filters", 0)
    nameFilters = kept("QStringList", "nameFilters", [])
    label = kept(str, "label", "")
    settingKey = kept(str, "settingKey", "")
    showBrowseButton = kept(bool, "showBrowseButton", True)
    showHistoryButton = kept(bool, "showHistoryButton", True)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._line = QLineEdit()
        row.addWidget(self._line)
        self._line.connect("textChanged(QString)", self.currentPathChanged)

    def setCurrentPath(self, path: str) -> None:
        self._line.setText(path)

    currentPath = Property(str, lambda self: self._line.text, setCurrentPath)

    def addCurrentPathToHistory(self) -> None:
        pass

    def browse(self) -> None:
        raise RuntimeError("a file dialog would open here")


@stands_in
class ctkDirectoryButton(QWidget):
    directoryChanged = CppSignal("QString")
    directorySelected = CppSignal("QString")
    directory = kept(str, "directory", "", "directoryChanged", "_show")
    text = kept(str, "text", "", after="_show")
    caption = kept(str, "caption", "")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QPushButton()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._button)

    def _show(self) -> None:
        self._button.setText(self.text or self.directory)
