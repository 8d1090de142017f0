"""A model's card, readable: licence, what it is for, what it is not for, limits, figures."""

from __future__ import annotations

import html

import qt
from slicer.i18n import tr as _

FIELDS = ("intended_use", "not_intended", "limits", "metrics", "licence", "training_data", "method", "citation",
          "contact", "date")
FIGURE_COLUMNS = ("structure", "metric", "value", "n", "data")


class CardDialog:
    """A window with one model's card; it does not stop the panel behind it."""

    def __init__(self, parent=None) -> None:
        self.dialog = qt.QDialog(parent)
        self.browser = qt.QTextBrowser()
        self.browser.openExternalLinks = True
        buttons = qt.QDialogButtonBox()
        buttons.setStandardButtons(qt.QDialogButtonBox.Close)
        buttons.connect("rejected()", self.dialog.close)
        box = qt.QVBoxLayout(self.dialog)
        box.addWidget(self.browser)
        box.addWidget(buttons)
        self.dialog.resize(640, 560)

    def show(self, model: dict) -> None:
        """`model` is a row of the worker's `models`."""
        self.dialog.windowTitle = _("Model card: {title}").format(title=model["title"])
        self.browser.html = card_html(model)
        self.dialog.show()
        self.dialog.raise_()


def card_html(model: dict) -> str:
    """The card as plain HTML in the theme's own colours."""
    card = model.get("card") or {}
    head = f"<h2>{_text(model['title'])}</h2><p>{_text(model['name'])} {_text(model['version'])}</p>"
    parts = [f"<h3>{_text(title)}</h3>{_value(name, card.get(name))}" for name, title in _titles() if card.get(name)]
    return head + "".join(parts) if parts else head + f"<p>{_text(_('This model came without a card.'))}</p>"


def _titles() -> tuple[tuple[str, str], ...]:
    return tuple(zip(FIELDS, (
        _("What it is for"), _("What it is not for"), _("Known limits"), _("Measured"), _("Licence"),
        _("Learned from"), _("Method"), _("Cite as"), _("Contact"), _("Date")), strict=True))


def _value(name: str, value) -> str:
    if name == "metrics" and isinstance(value, list):
        return _figures(value)
    if isinstance(value, list):
        return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in value) + "</ul>"
    if isinstance(value, dict):
        return "".join(f"<p>{_text(item)}</p>" for item in value.values() if item)
    return f"<p>{_text(value)}</p>"


def _figures(rows: list[dict]) -> str:
    titles = (_("structure"), _("measure"), _("value"), _("n"), _("data"))
    head = "".join(f"<th align='left'>{_text(t)}</th>" for t in titles)
    body = "".join("<tr>" + "".join(f"<td>{_text(row.get(c, ''))}</td>" for c in FIGURE_COLUMNS) + "</tr>"
                   for row in rows if isinstance(row, dict))
    return f"<table cellspacing='0' cellpadding='3'><tr>{head}</tr>{body}</table>"


def _text(value) -> str:
    return html.escape(str(value))
