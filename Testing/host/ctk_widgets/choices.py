"""Combo boxes, buttons and text fields of CTK that add little to Qt's."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QColorDialog, QComboBox, QLineEdit, QPushButton, QTextBrowser, QWidget

from ..properties import kept
from ..registry import stands_in
from ..signals import CppSignal


@stands_in
class ctkComboBox(QComboBox):
    defaultText = kept(str, "defaultText", "")


@stands_in
class ctkCheckBox(QCheckBox):
    pass


@stands_in
class ctkMenuButton(QPushButton):
    pass


@stands_in
class ctkExpandableWidget(QWidget):
    pass


@stands_in
class ctkFittedTextBrowser(QTextBrowser):
    pass


@stands_in
class ctkSearchBox(QLineEdit):
    showSearchIcon = kept(bool, "showSearchIcon", False)


@stands_in
class ctkColorPickerButton(QPushButton):
    colorChanged = CppSignal("QColor")
    color = kept(QColor, "color", QColor("black"), "colorChanged")
    displayColorName = kept(bool, "displayColorName", True)

    def setColor(self, color: QColor) -> None:
        self.color = color

    def changeColor(self) -> None:
        self.color = QColorDialog.getColor(self.color)
