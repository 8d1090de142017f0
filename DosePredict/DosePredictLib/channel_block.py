"""Whether patient and prescription are what the model was trained on, and which organ it takes for which."""

from __future__ import annotations

import qt
from RadOncAILib.widgets import build, marks
from RadOncAILib.widgets.counts import structures
from RadOncAILib.widgets.message_row import MessageRow
from slicer.i18n import tr as _

LIST_PX = 132


class ChannelBlock:
    """One line "inside what it was trained on", and a list of structures and channels that opens below it."""

    def __init__(self, placeholder) -> None:
        self.row = MessageRow(lines=2)
        self.button = build.tool("", _("Shows which structure the model takes for what."))
        self.button.checkable = True
        self.button.toolButtonStyle = qt.Qt.ToolButtonTextBesideIcon
        self.button.connect("toggled(bool)", self._on_open)
        self.list = qt.QTreeWidget()
        self.list.setColumnCount(3)
        self.list.setHeaderLabels([_("Structure"), _("taken as"), _("because of")])
        self.list.rootIsDecorated = False
        self.list.setFixedHeight(LIST_PX)
        box = build.column(placeholder)
        box.addWidget(self.row.widget)
        box.addLayout(build.row(self.button, 1))
        box.addWidget(self.list)
        self._on_open(False)
        self.forget()

    def forget(self) -> None:
        """Nothing is known yet."""
        self.row.show("", "")
        self.list.clear()
        self.button.text = _("Structures for the model")
        self.button.enabled = False

    def show(self, answer: dict) -> None:
        """`answer` is the result of the worker's `dose_channels`."""
        self._judge(answer["refusals"], answer["doubts"])
        self.list.clear()
        for row in answer["channels"]:
            self.list.addTopLevelItem(qt.QTreeWidgetItem([row["structure"], row["channel"], _why(row["how"])]))
        for column in range(3):
            self.list.resizeColumnToContents(column)
        others = sum(row["how"] != "exact" for row in answer["channels"])
        text = _("{count} for the model").format(count=structures(len(answer["channels"])))
        self.button.text = _("{text}, {others} not by exact name").format(text=text, others=others) if others else text
        self.button.enabled = bool(answer["channels"])

    def _judge(self, refusals: list[str], doubts: list[str]) -> None:
        every = "\n".join([*refusals, *doubts])
        if refusals:
            self.row.show(marks.BAD, refusals[0], tool_tip=every, word=_("Outside"))
        elif doubts:
            more = _(" (and {n} more)").format(n=len(doubts) - 1) if len(doubts) > 1 else ""
            self.row.show(marks.DOUBT, doubts[0] + more, tool_tip=every)
        else:
            self.row.show(marks.GOOD, _("inside what it was trained on"))

    def _on_open(self, is_open: bool) -> None:
        self.list.setVisible(is_open)
        self.button.arrowType = qt.Qt.DownArrow if is_open else qt.Qt.RightArrow


def _why(how: str) -> str:
    return {"exact": _("its name"), "alias": _("another name of it"), "level": _("its dose alone")}.get(how, how)
