"""A window with one model's card; it does not stop the panel behind it."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from .card_page import Look, page
from .question import Question

SIZE_PX = (520, 680)


class CardDialog:
    """`show(model)` asks the worker for the card of a row of its `models`."""

    def __init__(self, parent=None) -> None:
        self.dialog = qt.QDialog(parent)
        self.browser = qt.QTextBrowser()
        self.browser.openExternalLinks = True
        self.browser.horizontalScrollBarPolicy = qt.Qt.ScrollBarAlwaysOff
        self.browser.setWordWrapMode(qt.QTextOption.WrapAtWordBoundaryOrAnywhere)
        buttons = qt.QDialogButtonBox()
        buttons.setStandardButtons(qt.QDialogButtonBox.Close)
        buttons.connect("rejected()", self.dialog.close)
        box = qt.QVBoxLayout(self.dialog)
        box.addWidget(self.browser)
        box.addWidget(buttons)
        self.dialog.resize(*SIZE_PX)
        self._question = Question("card")

    @property
    def waiting(self) -> bool:
        return self._question.waiting

    def show(self, model: dict) -> None:
        self.dialog.windowTitle = _("Model card: {title}").format(title=model["title"])
        self.browser.plainText = ""
        self._question.ask({"model": model["id"]}, self._on_card, self._on_failure)
        self.dialog.show()
        self.dialog.raise_()

    def close(self) -> None:
        self._question.forget()
        self.dialog.close()

    def _on_card(self, card: dict) -> None:
        self.browser.html = page(card, look_of(self.browser.palette))

    def _on_failure(self, text: str) -> None:
        self.browser.plainText = text


def look_of(palette) -> Look:
    """The theme's text and background, mixed."""
    text, base = palette.color(qt.QPalette.Text), palette.color(qt.QPalette.Base)
    return Look(*(_mixed(text, base, share) for share in (0.65, 0.2, 0.08)))


def _mixed(first, second, share: float) -> str:
    parts = ((first.red(), second.red()), (first.green(), second.green()), (first.blue(), second.blue()))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in parts)
