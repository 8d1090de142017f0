"""A person's mouse and keys, handed to VTK's interactor."""

from __future__ import annotations

from PySide6.QtCore import Qt

PRESS = {Qt.LeftButton: "LeftButtonPressEvent", Qt.RightButton: "RightButtonPressEvent",
         Qt.MiddleButton: "MiddleButtonPressEvent"}  # fmt: skip


class Mouse:
    """Mixed into a view that has `_interactor`."""

    def _place(self, event) -> None:
        point, keys = event.position(), event.modifiers()
        self._interactor.SetEventInformationFlipY(
            round(point.x()), round(point.y()), bool(keys & Qt.ControlModifier), bool(keys & Qt.ShiftModifier)
        )

    def mousePressEvent(self, event) -> None:
        self._place(event)
        if event.button() in PRESS:
            self._interactor.InvokeEvent(PRESS[event.button()])

    def mouseReleaseEvent(self, event) -> None:
        self._place(event)
        if event.button() in PRESS:
            self._interactor.InvokeEvent(PRESS[event.button()].replace("Press", "Release"))

    def mouseMoveEvent(self, event) -> None:
        self._place(event)
        self._interactor.InvokeEvent("MouseMoveEvent")

    def wheelEvent(self, event) -> None:
        self._place(event)
        self._interactor.InvokeEvent("MouseWheel" + ("Forward" if event.angleDelta().y() > 0 else "Backward") + "Event")
