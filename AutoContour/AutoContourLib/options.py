"""Options that few runs need: mirrored runs, an uncertainty map, and to run in spite of a refusal."""

from __future__ import annotations

from collections.abc import Callable

import qt
from RadOncAILib.widgets import build
from slicer.i18n import tr as _


class Options:
    """A button that opens the options. `override` is no setting: it holds for one image and one model."""

    def __init__(self, placeholder, on_change: Callable[[], None]) -> None:
        self.widget, self._on_change = placeholder, on_change
        self._model: dict = {}
        self.button = build.tool("", _("Mirrored runs, uncertainty, and what is refused."))
        self.button.checkable = True
        self.button.toolButtonStyle = qt.Qt.ToolButtonTextBesideIcon
        self.button.connect("toggled(bool)", self._on_open)
        self.flips = qt.QCheckBox(_("Mirror as well, and take the mean (twice the time)"))
        self.uncertainty = qt.QCheckBox(_("Map where the model is unsure"))
        self.override = qt.QCheckBox(_("Run though the model refuses this image"))
        self.override.toolTip = _("Stands in the result's provenance, warnings and report.")
        box = build.column(placeholder)
        for check in (self.flips, self.uncertainty, self.override):
            box.addWidget(check)
            check.connect("toggled(bool)", self._changed)
        self.override.hide()
        self._on_open(False)

    @property
    def chosen(self) -> dict:
        """The fields of the worker's `contour`, without those that the model cannot do."""
        return {"flips": self.flips.checked and self.flips.enabled,
                "uncertainty": self.uncertainty.checked and self.uncertainty.enabled,
                "override": self.override.checked}

    def offer(self, model: dict | None) -> None:
        """What this model can do."""
        self._model = model or {}
        self.override.checked = False
        for check, key, yes, no in (
            (self.flips, "flips", _("Runs the model on the mirrored image too; the answers are averaged."),
             _("This model must not be mirrored.")),
            (self.uncertainty, "spreads", _("Entropy of the answers at each voxel; not calibrated."),
             _("This model gives no probabilities.")),
        ):
            check.enabled = bool(self._model.get(key))
            check.toolTip = yes if check.enabled else no
        self._tell()

    def look(self, is_refused: bool) -> None:
        """Whether the model refuses the image: only then can a person run it all the same."""
        if self.override.isVisibleTo(self.widget) != is_refused:
            self.override.setVisible(is_refused)
            self.override.checked = False
        self._tell()

    def _changed(self, _checked: bool) -> None:
        self._tell()
        self._on_change()

    def _tell(self) -> None:
        words = {"flips": _("mirrored"), "uncertainty": _("unsure map"), "override": _("in spite of refusal")}
        said = [words[key] for key, is_on in self.chosen.items() if is_on]
        self.button.text = ", ".join(said) or _("Options")

    def _on_open(self, is_open: bool) -> None:
        self.widget.setVisible(is_open)
        self.button.arrowType = qt.Qt.DownArrow if is_open else qt.Qt.RightArrow
