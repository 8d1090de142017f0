"""Pictures of widgets, for tests that look at pixels and for the documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from .event_loop import pump
from .views.picture_view import PictureView


def grab(widget: QWidget, path=None) -> np.ndarray:
    """Draw every view inside the widget now, and return the widget as RGB array (rows, columns, 3)."""
    pump()
    widget.grab()  # lays out what was never shown, so that the views know their size
    for view in [*widget.findChildren(PictureView), widget]:
        if isinstance(view, PictureView):
            view._draw()
    image = widget.grab().toImage().convertToFormat(QImage.Format_RGB888)
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        image.save(str(path))
    rows, columns, stride = image.height(), image.width(), image.bytesPerLine()
    colors = np.frombuffer(image.constBits(), np.uint8).reshape(rows, stride)[:, : 3 * columns]
    return colors.reshape(rows, columns, 3).copy()
