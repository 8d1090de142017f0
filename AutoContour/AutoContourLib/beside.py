"""Results of other runs on the same image, shown beside the chosen one."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from . import results

CHOSEN_PX, BESIDE_PX = 2, 1


class BesideMenu:
    """The menu of the button Beside: a check mark for each other result of this image."""

    def __init__(self, button, on_change: Callable[[], None]) -> None:
        self.button, self._on_change = button, on_change
        self.menu = qt.QMenu(button)
        button.setMenu(self.menu)
        self._listed: list = []

    def refresh(self, contours) -> None:
        """List the other results; the button is off where there is none."""
        others = results.others(contours)
        listed = [(node.GetID(), node.GetName(), node.GetDisplayVisibility()) for node in others]
        self.button.enabled = bool(others)
        if listed == self._listed:
            return
        self._listed = listed
        self.menu.clear()
        for node in others:
            action = self.menu.addAction(node.GetName())
            action.checkable = True
            action.checked = bool(node.GetDisplayVisibility())
            action.toolTip = results.provenance_text(node)
            action.connect("toggled(bool)", self._toggler(node))
        shown = sum(bool(is_shown) for _id, _name, is_shown in listed)
        self.button.text = _("Beside: {n}").format(n=shown) if shown else _("Beside")

    def choose(self, contours) -> None:
        """The chosen result in full lines, the others hidden."""
        for node in results.others(contours):
            node.SetDisplayVisibility(False)
        contours.SetDisplayVisibility(True)
        draw(contours, CHOSEN_PX)

    def _toggler(self, node):
        def toggle(is_on: bool) -> None:
            draw(node, BESIDE_PX)
            node.SetDisplayVisibility(is_on)
            self._on_change()
        return toggle


def draw(node, width_px: int) -> None:
    display = node.GetDisplayNode()
    if display is not None:
        display.SetSliceIntersectionThickness(width_px)
