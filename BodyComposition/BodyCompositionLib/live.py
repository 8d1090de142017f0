"""Numbers that follow what a person does: which job makes them true again, soon after the last change."""

from __future__ import annotations

import qt

from . import person, results, words

SOON_MS = 400


class Live:
    """`soon()` after each change; several changes make one run. A run that is under way is stopped for a newer one."""

    def __init__(self, panel) -> None:
        self.panel, self.pending = panel, False
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(SOON_MS)
        self._timer.connect("timeout()", self._due)

    def soon(self, *_arguments) -> None:
        self.pending = True
        self._timer.start()

    def forget(self) -> None:
        self.pending = False
        self._timer.stop()

    def on_state(self) -> None:
        """The run ended: what changed meanwhile is next."""
        if self.pending and not self.panel.run.running:
            self._timer.start()

    def _due(self) -> None:
        panel = self.panel
        if panel.node is None or not self.pending:
            return
        if panel.run.running:
            if panel.run.state == "running" and panel.may_interrupt:
                panel.run.cancel()
            return
        self.pending = False
        kind = what_to_run(panel.node)
        if kind == "level":
            panel.measure()
        elif kind == "regions":
            panel.measure_regions()


def what_to_run(node) -> str:
    """"level" where the network is to run, "regions" where those in the scene are to be counted, "" for nothing."""
    result = results.shown_result(node)
    if result is None:
        return ""
    if level_moved(node, result):
        return "level"
    return "regions" if results.is_changed(node.regions) or stale(node, result) else ""


def stale(node, result: dict) -> list[str]:
    """What a person chose since the numbers were made, in words."""
    level = node.level_mm if node.level_given else None
    return words.changes(result, person.asked(node), level)


def level_moved(node, result: dict) -> bool:
    level = node.level_mm if node.level_given else None
    return words.level_moved(result, level)
