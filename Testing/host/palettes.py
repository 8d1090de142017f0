"""Light and dark colours of the application, as a desktop would give them."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

PALETTES = json.loads(Path(__file__).with_name("palettes.json").read_text())


def use_palette(name: str) -> None:
    """Let every widget be `light` or `dark`."""
    application = QApplication.instance()
    application.setStyle("Fusion")
    application.setFont(QFont("DejaVu Sans", 9))
    palette = QPalette()
    for role, color in PALETTES[name].items():
        palette.setColor(QPalette.ColorRole[role], QColor(color))
    for role in ("Text", "WindowText", "ButtonText", "HighlightedText"):
        palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole[role], QColor(PALETTES[name]["Mid"]))
    application.setPalette(palette)
