"""How a job says where it is, and hears that it should stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from radoncai.core.errors import Cancelled


class Progress:
    """`step(name, fraction)` reports to `listen(name, fraction)` and raises `Cancelled` once `cancel()` was called.

    `seconds` collects the wall time of each step for provenance.
    """

    def __init__(self, listen: Callable[[str, float], None] | None = None) -> None:
        self._listen = listen
        self._stop = threading.Event()
        self._name = ""
        self._since = time.monotonic()
        self.seconds: dict[str, float] = {}

    def part(self, name: str = "") -> Progress:
        """For one job of several: the same listener, told `NAME: step`, and the same stop, seconds of its own."""
        listen = self._listen
        other = Progress((lambda step, fraction: listen(f"{name}: {step}", fraction)) if listen and name else listen)
        other._stop = self._stop
        return other

    def cancel(self) -> None:
        self._stop.set()

    def step(self, name: str, fraction: float = 0.0) -> None:
        """`fraction` of this step that is done, 0 to 1."""
        if self._stop.is_set():
            raise Cancelled("Stopped as asked; nothing was written.")
        now = time.monotonic()
        if self._name:
            self.seconds[self._name] = self.seconds.get(self._name, 0.0) + now - self._since
        self._name, self._since = name, now
        if self._listen:
            self._listen(name, min(max(float(fraction), 0.0), 1.0))

    def finish(self) -> None:
        """Close the last step's time."""
        if self._name:
            self.step(self._name, 1.0)
