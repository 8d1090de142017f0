"""The level: where it is, how sure, and how to move it by slider or by the line in the sagittal view."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager

import slicer
from RadOncAILib.scene import level_line
from RadOncAILib.widgets.message_row import MessageRow
from slicer.i18n import tr as _

from . import views, words

SAME_MM = 0.05


class LevelBlock:
    """`on_move(s_mm)` is called while a person moves the level, `on_find()` when L3 shall be looked for again."""

    def __init__(self, ui, on_move: Callable[[float], None], on_find: Callable[[], None]) -> None:
        self.slider, self.find_button = ui.levelSlider, ui.findButton
        self.row = MessageRow(ui.levelRow, lines=2)
        self.on_move, self._filling, self._line, self._tags = on_move, False, None, ()
        self.shown_mm: float | None = None
        self.slider.connect("valueChanged(double)", self._on_slider)
        self.find_button.connect("clicked()", on_find)

    def show(self, volume, node, result: dict | None, enabled: bool) -> None:
        """The level of the result, or the one that a person has chosen since."""
        level = (result or {}).get("level")
        self.shown_mm = node.level_mm if node.level_given else (level or {}).get("level_mm")
        self._say(node, result)
        if volume is not None:
            self._fill(volume)
        self.slider.enabled = enabled and volume is not None
        self.find_button.enabled = enabled and node.level_given
        self._watch(node.level_line)

    @contextmanager
    def quiet(self):
        """While the panel itself moves the line."""
        before, self._filling = self._filling, True
        try:
            yield
        finally:
            self._filling = before

    def forget(self) -> None:
        self._watch(None)

    def _say(self, node, result: dict | None) -> None:
        level, vertebrae = (result or {}).get("level"), (result or {}).get("vertebrae") or {}
        if node.level_given and (level is None or abs(level["level_mm"] - node.level_mm) > SAME_MM):
            level = {"level_mm": node.level_mm, "agree": None}
        symbol, text = words.level_text(level, vertebrae)
        self.row.show(symbol, text or _("L3 is looked for, or move the slice there."), word="",
                      tool_tip="\n".join([(level or {}).get("rule") or "", *((level or {}).get("notes") or ())]))

    def _fill(self, volume) -> None:
        low, high, step = views.reach_s(volume)
        with self.quiet():
            self.slider.minimum, self.slider.maximum = low, high
            self.slider.singleStep, self.slider.pageStep = step, 5 * step
            self.slider.value = (low + high) / 2 if self.shown_mm is None else self.shown_mm

    def _on_slider(self, value: float) -> None:
        if not self._filling:
            self.on_move(round(float(value), 1))

    def _watch(self, line) -> None:
        if line is self._line:
            return
        for tag in self._tags:
            self._line.RemoveObserver(tag)
        self._line, self._tags = line, ()
        if line is not None:
            events = (slicer.vtkMRMLMarkupsNode.PointModifiedEvent, slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent)
            self._tags = tuple(line.AddObserver(event, self._on_line) for event in events)

    def _on_line(self, line, _event) -> None:
        if self._filling:
            return
        with self.quiet():
            place = level_line.keep_level(line)
        if self.shown_mm is None or abs(place - self.shown_mm) > SAME_MM:
            self.on_move(round(place, 1))
