"""Short ways to build plain Qt widgets the same way everywhere."""

from __future__ import annotations

import qt

EDGE_PX = 4
SNUG_PX = 10
WIDEST_CAPTION = "Contours"


def column(widget, spacing: int = EDGE_PX):
    """A vertical layout without margins on `widget` (its own one, where it has one)."""
    box = widget.layout() or qt.QVBoxLayout(widget)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(spacing)
    return box


def row(*items, spacing: int = EDGE_PX):
    """A horizontal layout of widgets; a number among them is a stretch."""
    box = qt.QHBoxLayout()
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(spacing)
    for item in items:
        if isinstance(item, int):
            box.addStretch(item)
        else:
            box.addWidget(item)
    return box


def label(text: str = "", *, wrap: bool = False, buddy=None):
    """A label; with `buddy` its & key goes to that widget."""
    made = qt.QLabel(text)
    made.wordWrap = wrap
    if buddy is not None:
        made.setBuddy(buddy)
    return made


def caption(text: str, buddy=None):
    """The label in front of a row: all of one width, so that what follows is aligned."""
    return as_caption(label(text, buddy=buddy))


def as_caption(made):
    """Give a label of a .ui file the width of the others."""
    made.setMinimumWidth(qt.QLabel(WIDEST_CAPTION).sizeHint.width())
    return made


def push(text: str, tool_tip: str, on_click):
    """A push button with a tool tip."""
    made = qt.QPushButton(text)
    made.toolTip = tool_tip
    made.connect("clicked()", on_click)
    return made


def snug(button):
    """As wide as its text: platforms give a push button more."""
    button.setFixedWidth(button.fontMetrics().boundingRect(button.text).width() + 2 * SNUG_PX)
    return button


def tool(text: str, tool_tip: str, on_click=None):
    """A flat button for side paths: card, filters, log."""
    made = qt.QToolButton()
    made.text = text
    made.toolTip = tool_tip
    made.autoRaise = True
    if on_click is not None:
        made.connect("clicked()", on_click)
    return made


def shrinkable(widget):
    """Let a wide widget (a selector with long names) become narrow, so that the panel fits 380 px."""
    policy = widget.sizePolicy
    policy.setHorizontalPolicy(qt.QSizePolicy.Ignored)
    policy.setHorizontalStretch(1)
    widget.setSizePolicy(policy)
    widget.setMinimumWidth(90)
    return widget


def tint(widget, code: str | None) -> None:
    """Text colour by palette, None for the theme's own. Inside a collapsible button labels take its text role."""
    palette = qt.QPalette()
    for role in (qt.QPalette.WindowText, qt.QPalette.ButtonText) if code else ():
        palette.setColor(role, qt.QColor(code))
    widget.setPalette(palette)
