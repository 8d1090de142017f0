"""The window before and after an RTSTRUCT is written."""

from __future__ import annotations

import qt
from RadOncAILib.widgets import build, marks
from RadOncAILib.widgets.message_row import MessageRow
from RadOncAILib.widgets.question import Question
from slicer.i18n import tr as _

from . import export
from .export_words import checked_html, read_back_html, summary


class ExportDialog:
    """For which system, how drawn, what would trouble it and what is not in the file; then what was read back.

    It does not stop the panel behind it. `exports` keeps what is chosen and writes.
    """

    def __init__(self, exports, parent=None) -> None:
        self.exports, self._question, self._filling = exports, Question("check_structures"), False
        self.answer, self._read_back = {}, ""
        self.dialog = qt.QDialog(parent)
        self.dialog.windowTitle = _("Write RTSTRUCT")
        self.system = build.shrinkable(qt.QComboBox())
        self.system.toolTip = _("The planning system that the file is for; its rules are checked and its habits kept.")
        self.contours = build.shrinkable(qt.QComboBox())
        self.contours.toolTip = _("Exact contours run along the voxels; smooth ones have no steps, stay within half a "
                                  "pixel and keep every voxel.")
        self.holes = build.shrinkable(qt.QComboBox())
        self.holes.toolTip = _("How a ring is written: one contour with a channel into the hole, or a contour for the "
                               "hole that is taken out of the outer one.")
        self.add_to = build.shrinkable(qt.QComboBox())
        self.add_to.toolTip = _("Into a copy of a structure set: its own structures stay as they are, and a structure "
                                "whose name it has is left out.")
        self.set_button = build.push(_("RTSTRUCT…"), _("Choose another structure set to add to."), self.choose_set)
        self.status = build.label(wrap=True)
        self.message = MessageRow(lines=1)
        self.browser = qt.QTextBrowser()
        self.folder_button = build.push(_("Write to a folder…"), _("Asks for a folder and writes there."),
                                        exports.to_folder)
        self.database_button = build.push(_("Into the DICOM database"), _("Adds the file to Slicer's DICOM database."),
                                          exports.to_database)
        self.slicer_rt_button = build.push(_("With SlicerRT…"), _("SlicerRT writes contours and the CT once more, as a "
                                                                  "new series; nothing is checked."),
                                           exports.with_slicer_rt)
        close = build.push(_("Close"), _("Closes without writing."), self.dialog.close)
        self.folder_button.default = True
        self._combos = {"profile": self.system, "drawn": self.contours, "holes": self.holes, "add_to": self.add_to}
        for combo in self._combos.values():
            combo.connect("currentIndexChanged(int)", self._on_choice)
        box = qt.QVBoxLayout(self.dialog)
        box.addLayout(build.row(build.caption(_("For"), self.system), self.system))
        box.addLayout(build.row(build.caption(_("Contours"), self.contours), self.contours))
        box.addLayout(build.row(build.caption(_("Holes"), self.holes), self.holes))
        line = build.row(build.caption(_("Add to"), self.add_to), self.add_to, self.set_button)
        line.setStretch(1, 1)
        box.addLayout(line)
        box.addWidget(self.status)
        box.addWidget(self.message.widget)
        box.addWidget(self.browser)
        box.addLayout(build.row(self.slicer_rt_button, 1, self.folder_button, self.database_button, close))
        self.dialog.resize(640, 520)

    def show(self) -> None:
        self.look()
        self.dialog.show()
        self.dialog.raise_()

    def close(self) -> None:
        self._question.forget()
        self.dialog.close()
        self.answer, self._read_back, self._judged = {}, "", None

    def look(self) -> None:
        """Ask the worker what would trouble the chosen system."""
        self._judged, self._read_back = export.state_of(self.exports.panel.node.contours), ""
        self.message.show(marks.BUSY, _("checking…"))
        self._question.ask(self.exports.request, self._on_answer, self._on_failure)

    def refresh(self, allowed: bool, reason: str) -> None:
        """Buttons follow the panel's; contours that were changed meanwhile are looked at again."""
        for button in (self.folder_button, self.database_button):
            button.enabled = allowed
        self.slicer_rt_button.enabled = allowed and export.slicer_rt_is_there()
        if not self.dialog.visible:
            return
        if reason:
            self._judged = None
            self.message.show(marks.BAD, reason)
        elif export.state_of(self.exports.panel.node.contours) != self._judged:
            self.look()

    def choose_set(self) -> None:
        """Add to a structure set that does not lie beside the image."""
        path = self.exports.ask_set()
        if path:
            self.exports.choose(add_to=path)
            self._fill_sets()
            self.look()

    def show_read_back(self, result: dict) -> None:
        """`result` of `write_structures`: each structure as it was read from the file."""
        self._read_back = read_back_html(result)
        self._show()

    def _on_answer(self, answer: dict) -> None:
        self.answer = answer
        self._fill(answer)
        self.status.text = answer["status_line"]
        self.message.show(*summary(answer), word="")
        self._show()

    def _on_failure(self, text: str) -> None:
        chosen = self.exports.chosen
        if chosen["profile"] != "generic" and not self.answer:  # a profile that was removed since
            self.exports.choose(**{**chosen, "profile": "generic"})
            self.look()
            return
        self.message.show(marks.BAD, text)

    def _show(self) -> None:
        self.browser.html = self._read_back + checked_html(self.answer)

    def _fill(self, answer: dict) -> None:
        """The systems there are, and the drawings with the one that suits the chosen system first."""
        chosen = self.exports.chosen
        suits = next(p for p in answer["profiles"] if p["name"] == answer["profile"])
        self._filling = True
        _refill(self.system, [(p["name"], p["title"]) for p in answer["profiles"]], answer["profile"])
        for combo, key, word, words in (
            (self.contours, "contours", "drawn",
             {"exact": _("exact, along the voxels"), "smooth": _("smooth, within half a pixel")}),
            (self.holes, "holes", "holes",
             {"keyhole": _("a channel in one contour"), "xor": _("contours of their own (XOR)")}),
        ):
            first = _("suits {system}: {drawing}").format(system=answer["title"], drawing=words[suits[key]])
            _refill(combo, [("", first), *words.items()], chosen[word])
        self._fill_sets()

    def _fill_sets(self) -> None:
        self._filling = True
        _refill(self.add_to, [("", _("a new file")), *self.exports.sets], self.exports.chosen["add_to"])
        self._filling = False

    def _on_choice(self, _index: int) -> None:
        if not self._filling:
            self.exports.choose(**{word: combo.itemData(combo.currentIndex) for word, combo in self._combos.items()})
            self.look()


def _refill(combo, entries: list[tuple[str, str]], chosen: str) -> None:
    combo.clear()
    for value, title in entries:
        combo.addItem(title, value)
    combo.currentIndex = max(0, combo.findData(chosen))
