"""One line of state: symbol, word, sentence, and a link that offers the next step."""

from __future__ import annotations

from collections.abc import Callable

import qt

from . import build, marks


class MessageRow:
    """Keeps room for two lines, so that a longer sentence moves nothing below it.

    `widget` goes into a layout; `show` and `clear` change what it says; `symbol` and `text` tell what stands there.
    """

    def __init__(self, placeholder=None, lines: int = 2) -> None:
        self.widget = qt.QWidget() if placeholder is None else placeholder
        self.symbol, self.text, self._follow = "", "", None
        self._mark = build.label()
        self._mark.setAlignment(qt.Qt.AlignTop | qt.Qt.AlignHCenter)
        self._mark.setFixedWidth(16)
        font = self._mark.font
        font.setBold(True)
        self._mark.font = font
        self._sentence = build.label(wrap=True)
        self._sentence.setAlignment(qt.Qt.AlignTop | qt.Qt.AlignLeft)
        self._sentence.textInteractionFlags = qt.Qt.TextBrowserInteraction
        self._sentence.setMinimumHeight(lines * self._sentence.fontMetrics().lineSpacing())
        self._sentence.connect("linkActivated(QString)", self._on_link)
        box = qt.QHBoxLayout(self.widget)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(build.EDGE_PX)
        box.addWidget(self._mark)
        box.addWidget(self._sentence, 1)

    def show(self, symbol: str, text: str, link: str = "", on_link: Callable[[], None] | None = None,
             tool_tip: str = "", word: str | None = None) -> None:
        """`link` is the remedy's words, `on_link` what a click on them does; `word` else goes with the symbol."""
        self.symbol, self.text, self._follow = symbol, text, on_link
        self._mark.text = symbol
        self._mark.setVisible(bool(symbol))
        build.tint(self._mark, marks.COLORS.get(symbol))
        word = marks.word_of(symbol) if word is None else word
        sentence = f"<b>{_escape(word)}:</b> {_escape(text)}" if word and text else _escape(text)
        self._sentence.text = f'{sentence} <a href="next">{_escape(link)}</a>' if link else sentence
        self.widget.toolTip = tool_tip

    def clear(self) -> None:
        self.show("", "")

    def follow(self) -> None:
        """What a click on the link does."""
        if self._follow is not None:
            self._follow()

    def _on_link(self, _address: str) -> None:
        self.follow()


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
