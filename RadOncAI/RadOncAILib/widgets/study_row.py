"""RTSTRUCT and RTDOSE of the image's study, to be loaded by our own readers in the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt
from slicer.i18n import tr as _

from RadOncAILib.scene import study

from . import build
from .counts import structures
from .question import Question


class StudyRow:
    """A selector of what lies beside the image, and Load. `on_load(kind, entry)` with kind structures or dose."""

    def __init__(self, on_load: Callable[[str, dict], None]) -> None:
        self.on_load, self.entries = on_load, []
        self._question = Question("study")
        self.widget = qt.QWidget()
        self.selector = build.shrinkable(qt.QComboBox())
        self._tip = _("Contours and doses of the same study in the DICOM database.")
        self.selector.toolTip = self._tip
        self.load_button = build.push(_("Load"), _("Loads it with RadOncAI's own reader."), self.load)
        box = build.column(self.widget)
        line = build.row(build.caption(_("Study")), self.selector, self.load_button)
        line.setStretch(1, 1)
        box.addLayout(line)
        self._fill([])

    def look(self, volume, image: dict) -> None:
        """List what lies beside `volume`; `image` is its request without voxels."""
        self._question.forget()
        self._fill([])
        candidates = [str(path) for path in study.rt_candidates(volume)] if volume is not None else []
        if candidates and image.get("files"):
            self._question.ask({"files": image["files"], "candidates": candidates}, self._on_answer)

    def forget(self) -> None:
        self._question.forget()
        self._fill([])

    def load(self) -> None:
        entry = self.selector.itemData(self.selector.currentIndex)
        if entry is not None and 0 <= entry < len(self.entries):
            self.on_load(*self.entries[entry])

    def _on_answer(self, result: dict) -> None:
        found = [("structures", s) for s in result["structure_sets"]] + [("dose", d) for d in result["doses"]]
        self._fill(found)
        bad = [f"{Path(entry['path']).name}: {entry['reason']}" for entry in result.get("unreadable") or ()]
        self.selector.toolTip = "\n".join([self._tip, *bad])

    def _fill(self, entries: list[tuple[str, dict]]) -> None:
        self.entries = entries
        self.selector.clear()
        for number, (kind, entry) in enumerate(entries):
            self.selector.addItem(title(kind, entry), number)
        if not entries:
            self.selector.addItem(_("no contours or doses beside it"), -1)
        self.selector.enabled = self.load_button.enabled = bool(entries)


def title(kind: str, entry: dict) -> str:
    """What a structure set or dose is called in lists."""
    label = entry.get("label") or ""
    if kind == "structures":
        text = _("RTSTRUCT {label}, {count}").format(label=label, count=structures(len(entry["structures"])))
    else:
        text = _("RTDOSE {label} {kind}").format(label=label, kind=entry.get("kind") or "")
    if entry.get("same_frame") is False:
        return _("{title} (other frame of reference)").format(title=text)
    return text
