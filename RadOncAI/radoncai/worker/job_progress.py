"""From the steps of a job to one fraction of the whole and the time left."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

LEAST_S, LEAST_SHARE = 2.0, 0.15
MOST_A_SECOND, SAME_STEP_S = 10, 0.15
SILENT_S, SILENT_SHARE = 0.5, 0.95
NEW_STEP, SAME_STEP = 0.15, 0.01

Report = Callable[[str, float, float | None], None]


class JobProgress:
    """Listens to a `Progress` and calls `report(step, fraction, left_s)` at most ten times a second.

    `typical` maps step names, in order, to the seconds they took before; without any, each step moves a part of the
    rest. The fraction never falls. A new step is told at once, since it may stay silent for long; `tick`, called from
    another thread, then moves it on by the usual seconds.
    """

    def __init__(self, typical: Mapping[str, float], report: Report, clock: Callable[[], float] = time.monotonic):
        self._report, self._clock = report, clock
        self._start = self._began = clock()
        self._lock = threading.Lock()
        self._sent: deque[float] = deque(maxlen=MOST_A_SECOND)
        self._step, self._told, self._fraction = "", "", 0.0
        self._total = sum(typical.values())
        self._spans: dict[str, tuple[float, float]] = {}
        begin = 0.0
        for name, seconds in typical.items():
            self._spans[name] = (begin / self._total, seconds / self._total) if self._total else (0.0, 0.0)
            begin += seconds

    def __call__(self, step: str, fraction: float) -> None:
        with self._lock:
            now = self._clock()
            self._fraction = min(max(self._fraction, self._whole(step, fraction)), 0.99)
            if step != self._step:
                self._step, self._began = step, now
            if self._may_send(now):
                self._send(now)

    def tick(self) -> None:
        """Say that a silent step goes on; nothing where it spoke within half a second or its length is not known."""
        with self._lock:
            now = self._clock()
            if self._step not in self._spans or (self._sent and now - self._sent[-1] < SILENT_S):
                return
            begin, share = self._spans[self._step]
            gone = min((now - self._began) / max(share * self._total, 1e-9), SILENT_SHARE)
            self._fraction = min(max(self._fraction, begin + share * gone), 0.99)
            if self._may_send(now):
                self._send(now)

    def close(self) -> None:
        """Nothing is told from now on: the result comes."""
        with self._lock:
            self._report = _nothing

    def _send(self, now: float) -> None:
        self._told = self._step
        self._sent.append(now)
        self._report(self._step, round(self._fraction, 4), self._left(now - self._start))

    def _may_send(self, now: float) -> bool:
        if len(self._sent) == MOST_A_SECOND and now - self._sent[0] < 1.0:
            return False
        return self._step != self._told or now - self._sent[-1] >= SAME_STEP_S

    def _whole(self, step: str, fraction: float) -> float:
        if step in self._spans:
            begin, share = self._spans[step]
            return begin + share * fraction
        if self._total or not self._step:
            return self._fraction
        return self._fraction + (1.0 - self._fraction) * (NEW_STEP if step != self._step else SAME_STEP)

    def _left(self, elapsed: float) -> float | None:
        """From what has passed, and more from what is usual the less has passed."""
        if self._fraction <= 0.01 or (elapsed < LEAST_S and self._fraction < LEAST_SHARE):
            return None
        total = elapsed / self._fraction
        if self._total:
            total = self._fraction * total + (1 - self._fraction) * max(self._total, elapsed)
        return round(max(total - elapsed, 0.0), 1)


def _nothing(step: str, fraction: float, left_s: float | None) -> None:
    pass
