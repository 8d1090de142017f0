"""A block of the panel that folds to one line which says what was chosen."""

from __future__ import annotations


class Section:
    """`button` is a ctkCollapsibleButton of the .ui file; its title carries `summary` while it is folded."""

    def __init__(self, button) -> None:
        self.button, self.title, self._summary = button, button.text, ""
        button.connect("contentsCollapsed(bool)", self._show)

    @property
    def summary(self) -> str:
        return self._summary

    def summarise(self, text: str) -> None:
        if text != self._summary:
            self._summary = text
            self._show()

    def retitle(self, title: str) -> None:
        if title != self.title:
            self.title = title
            self._show()

    def _show(self, *_folded) -> None:
        folded = self.button.collapsed and self._summary
        self.button.text = f"{self.title}:  {self._summary}" if folded else self.title
