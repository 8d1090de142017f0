"""What the worker said, to be read and copied."""

from __future__ import annotations

import ctk
import qt
from slicer.i18n import tr as _

from . import build

MOST_LINES = 2000


class LogSection:
    """A collapsed section "Log" with the lines of all runs and a Copy button."""

    def __init__(self, layout) -> None:
        self.section = ctk.ctkCollapsibleButton()
        self.section.text = _("Log")
        self.section.collapsed = True
        box = qt.QVBoxLayout(self.section)
        self.edit = qt.QPlainTextEdit()
        self.edit.readOnly = True
        self.edit.maximumBlockCount = MOST_LINES
        self.edit.setFixedHeight(130)
        self.copy_button = build.push(_("Copy log"), _("Copies the whole log, without patient names."), self.copy)
        box.addWidget(self.edit)
        box.addLayout(build.row(self.copy_button, 1))
        layout.addWidget(self.section)

    @property
    def text(self) -> str:
        return self.edit.toPlainText()

    def add(self, line: str) -> None:
        self.edit.appendPlainText(line)

    def copy(self) -> None:
        qt.QApplication.clipboard().setText(self.text)
