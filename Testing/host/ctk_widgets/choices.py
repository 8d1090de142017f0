"""ctkComboBox."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox

from ..properties import kept
from ..registry import stands_in


@stands_in
class ctkComboBox(QComboBox):
    defaultText = kept(str, "defaultText", "")
