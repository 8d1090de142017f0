"""Which vertebrae the scan covers, said before anybody presses Apply."""

from __future__ import annotations

from collections.abc import Callable

from RadOncAILib.widgets import marks
from RadOncAILib.widgets.message_row import MessageRow
from RadOncAILib.worker import shared_client
from slicer.i18n import tr as _

from . import requests, words


class Coverage:
    """`refusal` is why L3 cannot be found here, "" where it can or is not known yet."""

    def __init__(self, placeholder, on_change: Callable[[], None], on_give: Callable[[], None]) -> None:
        self.row = MessageRow(placeholder, lines=1)
        self.on_change, self.on_give = on_change, on_give
        self.refusal, self._job, self._number, self._looked = "", None, 0, None

    def look(self, volume, key: object) -> None:
        """Ask the worker once for each `key` (volume and its content); the answer comes later."""
        if key == self._looked:
            return
        self.forget()
        self._looked = key
        client = shared_client()
        folder = client.new_folder()
        try:
            request = {**requests.coverage(folder, volume, None), "folder": str(folder)}
        except Exception as problem:
            client.discard(folder)
            self.row.show(marks.BAD, str(problem))
            return
        self.row.show(marks.BUSY, _("looking for the vertebrae…"))
        number = self._number

        def on_event(event: dict) -> None:
            if number == self._number and event["event"] in ("result", "failed"):
                self._take(event)

        job = client.run("describe", request, on_event)
        if number == self._number and not job.ended:
            self._job = job

    def forget(self) -> None:
        self._number += 1
        self.refusal, self._looked = "", None
        self._close()
        self.row.clear()

    def _take(self, event: dict) -> None:
        answer = event.get("result") or {}
        told = [line["text"] for line in answer.get("lines", ())]
        covers = answer.get("covers")
        refused = next((text for text in told if words.is_level_refusal(text)), "")
        if covers:
            self.row.show(marks.GOOD, _("covers {top} to {bottom}").format(**covers))
        elif refused:
            self.refusal = refused
            self.row.show(marks.DOUBT, _("No L3 found."), _("Give the level…"), self.on_give, word="")
        else:
            self.row.show("", "")
        self._close()
        self.on_change()

    def _close(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.close()
