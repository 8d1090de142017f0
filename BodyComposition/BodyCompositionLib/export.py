"""Numbers leave through the worker: the files of `radoncai bodycomp`, and the report."""

from __future__ import annotations

from pathlib import Path

import qt
from RadOncAILib.widgets import settings
from slicer.i18n import tr as _

from . import person

LAST_FOLDER = "BodyComposition/ExportFolder"


class Export:
    """The buttons Report and CSV."""

    def __init__(self, panel, ui) -> None:
        self.panel, self.buttons = panel, (ui.reportButton, ui.exportButton)
        self._tips = tuple(button.toolTip for button in self.buttons)
        ui.reportButton.connect("clicked()", self.ask_report)
        ui.exportButton.connect("clicked()", self.ask_files)

    def refresh(self, result, running: bool) -> None:
        """Off with the reason while nothing may leave."""
        reason = "" if result.has_result else _("Nothing is measured yet.")
        if result.stale:
            reason = _("Out of date: {what}.").format(what="; ".join(result.fresh.changes))
        for button, tip in zip(self.buttons, self._tips, strict=True):
            button.enabled = not reason and not running
            button.toolTip = reason or tip

    def ask_report(self) -> None:
        self._ask(report=True)

    def ask_files(self) -> None:
        self._ask(report=False)

    def write(self, folder: str, report: bool = False) -> None:
        """Write into `folder`; equal names there are replaced, other files stay."""
        panel, node = self.panel, self.panel.node
        volume, regions, who = node.volume, node.regions, person.asked(node)
        panel.may_interrupt = False
        panel.run.start("write_bodycomp",
                        lambda arrays: panel.logic.write_request(arrays, volume, regions, who, folder, report),
                        lambda result: self._done(result, report), title=_("Write files"))

    def _done(self, result: dict, report: bool) -> str:
        page = Path(result["path"]) / "report.html"
        if report and page.is_file():
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(page)))
        return _("Written to {path}.").format(path=result["path"])

    def _ask(self, report: bool) -> None:
        folder = settings.ask_folder(self.buttons[0].window(), _("Write to"), LAST_FOLDER)
        if folder:
            self.write(folder, report)
