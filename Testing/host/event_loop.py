"""Let the application live for a while: what a test does instead of waiting for a person."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop


def pump(seconds: float = 0.0) -> None:
    """Run the event loop for so long, at least once."""
    end = time.monotonic() + seconds
    while True:
        QCoreApplication.processEvents(QEventLoop.AllEvents, 20)
        QCoreApplication.sendPostedEvents(None, QEvent.DeferredDelete)
        if time.monotonic() >= end:
            return
        time.sleep(0.001)


def wait_until(condition: Callable[[], object], seconds: float = 10.0, what: str = "") -> None:
    """Run the event loop until the condition holds; TimeoutError names it otherwise."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not reached within {seconds} s: {what or condition}")
        pump(0.01)
