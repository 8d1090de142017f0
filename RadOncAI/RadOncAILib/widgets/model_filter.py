"""Which models are listed: words to look for, part of the body, kind of image."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from . import build

EVERY_SITE = "all"


class ModelFilter:
    """One row; `passes(row)` judges a model. `on_enter` is called when a person ends the words with Return."""

    def __init__(self, on_change: Callable[[], None], on_enter: Callable[[], None]) -> None:
        self._on_change, self._filling = on_change, False
        self.words = build.shrinkable(qt.QLineEdit())
        self.words.placeholderText = _("Find…")
        self.words.clearButtonEnabled = True
        self.words.toolTip = _("Show only models with these words in name, site or structures; Return takes the first.")
        self.site = build.shrinkable(qt.QComboBox())
        self.site.toolTip = _("Show only models of this part of the body.")
        self.modality = build.shrinkable(qt.QComboBox())
        self.modality.toolTip = _("Show only models for this kind of image.")
        self.row = build.row(build.caption(_("Show")), self.words, self.site, self.modality)
        self.fill([])
        self.words.connect("textChanged(QString)", self._changed)
        self.words.connect("returnPressed()", on_enter)
        for combo in (self.site, self.modality):
            combo.connect("currentIndexChanged(int)", self._changed)

    def fill(self, rows: list[dict]) -> None:
        """Offer the sites and modalities of these models; what was chosen stays where it is still there."""
        self._filling = True
        for combo, key, every in ((self.site, "sites", _("all sites")), (self.modality, "modality", _("all images"))):
            kept = combo.itemData(combo.currentIndex)
            combo.clear()
            combo.addItem(every, "")
            for value in sorted({v for row in rows for v in row.get(key) or ()} - {EVERY_SITE}):
                combo.addItem(value.replace("_", " "), value)
            combo.currentIndex = max(0, combo.findData(kept))
        self._filling = False

    def passes(self, row: dict) -> bool:
        site, modality = (c.itemData(c.currentIndex) for c in (self.site, self.modality))
        sites, kinds = row.get("sites") or (), row.get("modality") or ()
        text = row.get("search") or row["title"].lower()
        return ((not site or site in sites or EVERY_SITE in sites) and (not modality or not kinds or modality in kinds)
                and all(word in text for word in self.words.text.lower().split()))

    def _changed(self, *_arguments) -> None:
        if not self._filling:
            self._on_change()
