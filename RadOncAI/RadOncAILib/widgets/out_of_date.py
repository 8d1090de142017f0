"""The mark above a result whose input has changed since."""

from __future__ import annotations

from slicer.i18n import tr as _

from RadOncAILib.scene import freshness

from . import marks
from .message_row import MessageRow


class OutOfDateMark:
    """`look(node)` compares a result with what it was made from; `stale` then says whether it may be exported."""

    def __init__(self, placeholder) -> None:
        self.row = MessageRow(placeholder, lines=1)
        self.changes: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        return bool(self.changes)

    def look(self, node, otherwise: str = "", also: tuple[str, ...] = ()) -> None:
        """`otherwise` stands there while the result is up to date ("run 14:02"); `also` are further changes."""
        self.changes = (*freshness.out_of_date(node), *also) if node is not None else ()
        if self.stale:
            self.row.show(marks.DOUBT, _("Out of date: {what}").format(what="; ".join(self.changes)),
                          tool_tip=_("It is not exported until it is run again."), word="")
        else:
            self.row.show("", otherwise)
