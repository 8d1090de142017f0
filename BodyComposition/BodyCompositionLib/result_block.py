"""The numbers, what to doubt, and what is published."""

from __future__ import annotations

from RadOncAILib.widgets.message_row import MessageRow
from RadOncAILib.widgets.out_of_date import OutOfDateMark
from slicer.i18n import tr as _

from . import live, numbers, results
from .tables import NumbersTable, PublishedTable


class ResultBlock:
    """`stale` while something changed since the numbers were made: then nothing is exported."""

    def __init__(self, ui) -> None:
        self.ui, self.summary, self.has_result = ui, "", False
        self.fresh = OutOfDateMark(ui.freshnessRow)
        self.numbers = NumbersTable(ui.numbersTable)
        self.flags = MessageRow(ui.flagRow, lines=3)
        self.published = PublishedTable(ui.publishedTable, ui.publishedLabel)

    @property
    def stale(self) -> bool:
        return self.fresh.stale

    def show(self, node, result: dict | None, running: bool) -> None:
        self.has_result = result is not None
        self.summary = numbers.summary(result)
        self._freshness(node, result)
        self.numbers.show(result)
        self.ui.percentileLabel.text = numbers.percentile_text(result)
        self.flags.show(*numbers.flag_text(result), word="")
        self.published.show(result)
        self.ui.editButton.enabled = self.has_result and not running

    def _freshness(self, node, result: dict | None) -> None:
        also = []
        if result is not None:
            also = live.stale(node, result)
            if results.is_changed(node.regions):
                also.append(_("regions edited"))
        told = _("run {time}").format(time=results.run_at(node.regions)) if result else ""
        if numbers.is_edited(result):
            told = _("{run}; regions edited by hand, so no ±").format(run=told)
        self.fresh.look(node.regions if result is not None else None, told, tuple(also))
