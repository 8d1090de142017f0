"""One job at a time on the main thread; a second thread reads requests, so that a cancel is heard meanwhile."""

from __future__ import annotations

import os
import queue
import threading
from pathlib import Path
from typing import Any, BinaryIO

from radoncai.core.errors import Cancelled, InputError
from radoncai.core.progress import Progress
from radoncai.worker import failure, jobs, typical
from radoncai.worker.job_progress import JobProgress
from radoncai.worker.protocol import Channel, field, parse
from radoncai.worker.words import in_panels_words
from radoncai.worker.work import Work

GRACE_S = 1.5
MODELS_KEPT = 6
TICK_S = 0.5


class Service:
    """The worker's two threads and what they share."""

    def __init__(self, channel: Channel, requests: BinaryIO, idle_s: float) -> None:
        self._channel, self._requests, self._idle_s = channel, requests, idle_s
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._lock = threading.Lock()
        self._current: tuple[str, Progress] | None = None
        self._waiting: dict[str, None] = {}

    def serve(self) -> int:
        """Until quit, end of input or idle time-out."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            try:
                request = self._queue.get(timeout=self._idle_s)
            except queue.Empty:
                return 0
            if request is None:
                return 0
            self._run(request)

    def _listen(self) -> None:
        for line in self._requests:
            if not line.strip():
                continue
            try:
                request = parse(line)
            except InputError as error:
                self._channel.send("failed", id=None, kind="input", text=str(error))
                continue
            if request["do"] == "quit":
                break
            if request["do"] == "cancel":
                self._cancel(str(request.get("id")))
            else:
                with self._lock:
                    self._waiting[str(request.get("id"))] = None
                    self._tell_queue()
                self._queue.put(request)
        self._leave()

    def _leave(self) -> None:
        """Nobody waits any more: stop the running job, and leave without it where it does not hear."""
        with self._lock:
            self._waiting.clear()
            if self._current:
                self._current[1].cancel()
        self._queue.put(None)
        threading.Timer(GRACE_S, os._exit, (0,)).start()

    def _cancel(self, name: str) -> None:
        with self._lock:
            if self._current and self._current[0] == name:
                self._current[1].cancel()
            elif name in self._waiting:
                del self._waiting[name]
                self._tell_queue()
                self._channel.send("failed", id=name, kind="cancelled", text="Stopped as asked.")

    def _tell_queue(self) -> None:
        """To each waiting job how many run before it; the next one of an idle worker does not wait."""
        for ahead, name in enumerate(self._waiting, bool(self._current)):
            if ahead:
                self._channel.send("waiting", id=name, ahead=ahead)

    def _run(self, request: dict[str, Any]) -> None:
        name = str(request.get("id"))
        size = typical.size_of(request)
        report = JobProgress(
            typical.seconds(request, size),
            lambda step, fraction, left: self._channel.send(
                "progress", id=name, step=step, fraction=fraction, left_s=left
            ),
        )
        progress = Progress(report)
        with self._lock:
            if name not in self._waiting:
                return
            del self._waiting[name]
            self._current = (name, progress)
            self._tell_queue()
        ended = threading.Event()
        threading.Thread(target=_tick, args=(report, ended), daemon=True).start()
        try:
            result = self._result(request, name, progress)
            report.close()
            self._channel.send("result", id=name, result=result)
        except BaseException as error:
            report.close()
            kind, text = failure.describe(error, request)
            self._channel.send("failed", id=name, kind=kind, text=text)
        finally:
            ended.set()
            with self._lock:
                self._current = None

    def _result(self, request: dict[str, Any], name: str, progress: Progress) -> dict[str, Any]:
        progress.step(typical.START)
        _keep_models()
        folder = Path(field(request, "folder", str))
        if not folder.is_dir():
            raise InputError("The request's folder is not there; run again.")
        job = jobs.load(field(request, "job", str))
        result = job(Work(request, folder, progress, lambda text: self._channel.send("log", id=name, text=text)))
        _raise_if_stopped(progress)
        typical.remember(request, progress.seconds, typical.size_of(request))
        self._channel.send("log", id=name, text=_seconds_in_words(progress.seconds))
        return in_panels_words(result)


def _seconds_in_words(seconds: dict[str, float]) -> str:
    """12.4 s: reading the image 0.3, running the model 12.1."""
    told = [f"{step} {s:.1f}" for step, s in seconds.items() if s >= 0.05]
    return f"{sum(seconds.values()):.1f} s{': ' if told else ''}{', '.join(told)}"


def _tick(report: JobProgress, ended: threading.Event) -> None:
    """Steps that stay silent for long still move."""
    while not ended.wait(TICK_S):
        report.tick()


def _keep_models() -> None:
    """Here and not at the start, so that starting imports little."""
    from radoncai.models.runners import warm

    warm.keep(MODELS_KEPT)


def _raise_if_stopped(progress: Progress) -> None:
    """A cancel that came too late for the last step still ends as one."""
    try:
        progress.finish()
    except Cancelled:
        raise Cancelled("Stopped as asked.") from None
