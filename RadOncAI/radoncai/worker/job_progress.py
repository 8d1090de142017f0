"""From the steps of a job to one fraction of the whole and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

LEAST_S, LEAST_SHARE = 2.0, 0.15
MOST_A_SECOND = 10.0
NEW_STEP, SAME_STEP = 0.15, 0.01

Report = Callable[[str, float, float | None], None]


class JobProgress:
    """Listens to a `Progress` and calls `report(step, fraction, left_s)` at most ten times a second.

    `typical` maps step names, in order, to the seconds they took before; without any, each step moves a part of
    the rest. The fraction never falls.
    """

    def __init__(self, typical: Mapping[str, float], report: Report, clock: Callable[[], float] = time.monotonic):
        self._report, self._clock = report, clock
        self._start = clock()
        self._last_sent, self._step, self._fraction = float("-inf"), "", 0.0
        self._total = sum(typical.values())
        self._spans: dict[str, tuple[float, float]] = {}
        begin = 0.0
        for name, seconds in typical.items():
            self._spans[name] = (begin / self._total, seconds / self._total) if self._total else (0.0, 0.0)
            begin += seconds

    def __call__(self, step: str, fraction: float) -> None:
        is_new, now = step != self._step, self._clock()
        self._fraction = min(max(self._fraction, self._whole(step, fraction, is_new)), 0.99)
        if now - self._last_sent < 1.0 / MOST_A_SECOND:
            return
        self._step, self._last_sent = step, now
        self._report(step, round(self._fraction, 4), self._left(now - self._start))

    def _whole(self, step: str, fraction: float, is_new: bool) -> float:
        if step in self._spans:
            begin, share = self._spans[step]
            return begin + share * fraction
        if self._total or not self._step:
            return self._fraction
        return self._fraction + (1.0 - self._fraction) * (NEW_STEP if is_new else SAME_STEP)

    def _left(self, elapsed: float) -> float | None:
        if self._fraction <= 0.01 or (elapsed < LEAST_S and self._fraction < LEAST_SHARE):
            return None
        total = elapsed / self._fraction
        if self._total:
            total = self._fraction * total + (1 - self._fraction) * max(self._total, elapsed)
        return round(max(total - elapsed, 0.0), 1)
