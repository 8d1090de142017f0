"""ctkCollapsibleButton."""

from __future__ import annotations

from PySide6.QtCore import Property, QRect, QSize
from PySide6.QtWidgets import QAbstractButton, QStyle, QStyleOptionButton, QStylePainter, QWidget

from ..registry import stands_in
from ..signals import CppSignal

HEADER_PX = 24
WIDGET_MAX = 16777215


@stands_in
class ctkCollapsibleButton(QAbstractButton):
    contentsCollapsed = CppSignal("bool")

    def __init__(self, text: str | QWidget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(text if isinstance(text, QWidget) else parent)
        self._collapsed, self._shown = False, []
        if isinstance(text, str):
            self.setText(text)
        self.setContentsMargins(0, HEADER_PX, 0, 0)
        self.clicked.connect(self._toggle)

    def _toggle(self) -> None:
        self.setCollapsed(not self._collapsed)

    def setCollapsed(self, collapsed: bool) -> None:
        if collapsed == self._collapsed:
            return
        self._collapsed = bool(collapsed)
        self._arrange()
        self.contentsCollapsed(self._collapsed)

    collapsed = Property(bool, lambda self: self._collapsed, setCollapsed)

    def _arrange(self) -> None:
        if self._collapsed:
            self._shown += [w for w in self.children() if isinstance(w, QWidget) and not w.isHidden()]
        for widget in self._shown:
            widget.setVisible(not self._collapsed)
        if not self._collapsed:
            self._shown = []
        self.setMaximumHeight(HEADER_PX if self._collapsed else WIDGET_MAX)
        self.updateGeometry()

    def showEvent(self, event) -> None:
        if self._collapsed:
            self._arrange()

    def hitButton(self, point) -> bool:
        return point.y() < HEADER_PX

    def _open_layout(self):
        return None if self._collapsed else self.layout()

    def sizeHint(self) -> QSize:
        inside = self._open_layout()
        return inside.totalSizeHint() if inside is not None else QSize(120, HEADER_PX)

    def minimumSizeHint(self) -> QSize:
        inside = self._open_layout()
        return inside.totalMinimumSize() if inside is not None else QSize(80, HEADER_PX)

    def hasHeightForWidth(self) -> bool:
        inside = self._open_layout()
        return inside is not None and inside.hasHeightForWidth()

    def heightForWidth(self, width: int) -> int:
        inside = self._open_layout()
        return inside.totalHeightForWidth(width) if inside is not None else HEADER_PX

    def paintEvent(self, event) -> None:
        option = QStyleOptionButton()
        option.initFrom(self)
        option.features = QStyleOptionButton.ButtonFeature.Flat
        option.rect = self.rect.adjusted(0, 0, 0, HEADER_PX - self.height)
        painter = QStylePainter(self)
        painter.fillRect(option.rect, option.palette.button())
        arrow = QStyle.PE_IndicatorArrowRight if self._collapsed else QStyle.PE_IndicatorArrowDown
        room = QRect(option.rect)
        option.rect = room.adjusted(6, 5, 20 - room.width(), -5)
        painter.drawPrimitive(arrow, option)
        painter.drawItemText(room.adjusted(28, 0, 0, 0), 0x81, option.palette, self.enabled, self.text)
