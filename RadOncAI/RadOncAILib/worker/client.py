"""Runs jobs in the worker process; knows the protocol and nothing of Qt.

Every job ends with exactly one `result` or `failed`, whatever becomes of the process. All calls and callbacks happen
on the thread that runs the transport's events: in Slicer the main thread.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from RadOncAILib.worker.folders import PrivateFolders
from RadOncAILib.worker.python import command, environment

GRACE_S = 1.5
STOP_S = 1.0

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


class Transport(Protocol):
    """A child process. `on_end(reason)` is called once: reason is "" for a good end, "start" where it never ran."""

    running: bool

    def start(self, command: list[str], environment: dict[str, str], on_bytes: Callable[[bytes], None],
              on_end: Callable[[str], None]) -> None: ...

    def write(self, data: bytes) -> None: ...

    def kill(self, pid: int | None) -> None: ...

    def later(self, seconds: float, call: Callable[[], None]) -> None: ...

    def wait(self, seconds: float) -> None: ...


class Job:
    """One run. `state` is waiting, running or ended; `folder` goes with `close()`, by itself where the job failed."""

    def __init__(self, client: Client, name: str, request: Event, folder: Path, on_event: OnEvent) -> None:
        self._client, self._on_event = client, on_event
        self.id, self.request, self.folder = name, request, folder
        self.state, self.sends, self.cancelled, self.closed = "waiting", 0, False, False
        self.last: Event | None = None

    @property
    def ended(self) -> bool:
        return self.state == "ended"

    def cancel(self) -> None:
        """Ask the worker to stop; after 1.5 s its process is killed."""
        self._client.cancel(self)

    def close(self) -> None:
        """The result was taken: the folder goes."""
        self._client.close(self)

    def deliver(self, event: Event) -> None:
        """Hand one event to whoever waits for it; an error there must not stop the others."""
        self.last = event
        try:
            self._on_event(event)
        except Exception:
            logging.exception("A panel failed on an event of the worker")


class Client:
    """Starts the process when a job needs it, sends requests, hands events out, and mends what breaks."""

    def __init__(self, make_transport: Callable[[], Transport], *, python: str | None = None,
                 folder: Path | None = None, idle_s: float | None = None) -> None:
        self._make, self._python, self._idle_s = make_transport, python, idle_s
        self._folders = PrivateFolders(folder)
        self._transport: Transport | None = None
        self._dying: list[Transport] = []
        self._rest, self._pid, self._started, self._count = b"", None, False, 0
        self._jobs: dict[str, Job] = {}

    @property
    def pid(self) -> int | None:
        """The worker's process id, None while there is none."""
        return self._pid

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    def new_folder(self) -> Path:
        """A private folder for the arrays of one request. Raises PlatformError where the disk refuses."""
        return self._folders.new()

    def discard(self, folder: Path) -> None:
        """Remove a folder whose request was never run."""
        self._folders.remove(folder)

    def run(self, name: str, request: Event, on_event: OnEvent) -> Job:
        """Queue a job; `request["folder"]` is a folder of `new_folder`, made here where it is absent."""
        self._count += 1
        folder = Path(request["folder"]) if request.get("folder") else self.new_folder()
        full = {**request, "do": "run", "id": str(self._count), "job": name, "folder": str(folder)}
        job = Job(self, full["id"], full, folder, on_event)
        self._jobs[job.id] = job
        self._send(job)
        return job

    def cancel(self, job: Job) -> None:
        """Ask; kill the process where the job has not ended after 1.5 s. A job that ended is left alone."""
        if job.ended or job.cancelled:
            return
        job.cancelled = True
        transport = self._transport
        if transport is None or not transport.running:
            self._end(job, _failed(job, "cancelled", "Stopped as asked."))
            return
        transport.write(_line({"do": "cancel", "id": job.id}))
        transport.later(GRACE_S, lambda: self._kill_for(job, transport))

    def close(self, job: Job) -> None:
        """Remove the folder of a job that has ended; one that runs is cancelled first."""
        job.closed = True
        if not job.ended:
            self.cancel(job)
        else:
            self._folders.remove(job.folder)

    def stop(self) -> None:
        """End the process and every job, and remove all folders."""
        transport, self._transport = self._transport, None
        if transport is not None and transport.running:
            transport.write(_line({"do": "quit"}))
            transport.wait(0.2 if self._jobs else STOP_S)
            if transport.running:
                transport.kill(self._pid)
                transport.wait(STOP_S)
        for dying in list(self._dying):
            dying.wait(STOP_S)
        self._pid = None
        for job in list(self._jobs.values()):
            self._end(job, _failed(job, "cancelled", "Stopped as the application asked."))
        self._folders.remove_all()

    def wait(self, job: Job, seconds: float) -> Event:
        """Pump events until the job ends, for tests and scripts; returns its last event. Raises TimeoutError."""
        if not self.wait_until(lambda: job.ended, seconds):
            raise TimeoutError(f"The job {job.request['job']} did not end within {seconds:g} s.")
        return job.last

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Pump events until the condition holds; whether it does."""
        import time

        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            for dying in list(self._dying):
                dying.wait(0.0)
            if self._transport is None:
                time.sleep(0.01)
            else:
                self._transport.wait(0.02)
        return condition()

    def _send(self, job: Job) -> None:
        job.sends += 1
        if self._transport is None or not self._transport.running:
            self._start()
        if self._transport is not None:
            self._transport.write(_line(job.request))

    def _start(self) -> None:
        self._rest, self._pid, self._started = b"", None, False
        transport = self._transport = self._make()
        arguments = [] if self._idle_s is None else ["--idle-s", f"{self._idle_s:g}"]
        transport.start(command(self._python, arguments), environment(),
                        lambda data: self._on_bytes(transport, data), lambda why: self._on_end(transport, why))

    def _on_bytes(self, transport: Transport, data: bytes) -> None:
        if transport is not self._transport:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line.decode("utf-8", "replace"))
            except ValueError:
                continue
            if isinstance(event, dict):
                self._on_event(event)

    def _on_event(self, event: Event) -> None:
        if event.get("event") == "started":
            self._pid, self._started = event.get("pid"), True
            return
        job = self._jobs.get(str(event.get("id")))
        if job is None:
            return
        if event.get("event") == "waiting":
            job.deliver(event)
            return
        job.state = "running"
        if event.get("event") in ("result", "failed"):
            self._end(job, event)
        else:
            job.deliver(event)

    def _on_end(self, transport: Transport, why: str) -> None:
        """The process is gone or dying: its running job has failed, those behind it go to a new one."""
        if transport is not self._transport:
            self._dying = [t for t in self._dying if t is not transport]
            return
        was_ready, self._transport, self._pid = self._started, None, None
        waiting = list(self._jobs.values())
        for job in [j for j in waiting if j.cancelled or j.state == "running" or not was_ready or j.sends > 1]:
            if job.cancelled:
                self._end(job, _failed(job, "cancelled", "Stopped as asked."))
            else:
                self._end(job, _failed(job, "platform", self._lost(was_ready, why)))
        for job in [j for j in waiting if not j.ended and j.state == "waiting"]:
            self._send(job)

    def _lost(self, was_ready: bool, why: str) -> str:
        if was_ready:
            return ("The worker process ended in the middle of the job (killed, or out of memory); press Apply again, "
                    "a new one starts by itself.")
        return (f"The worker process could not start with {command(self._python, [])[0]}"
                f"{': ' + why if why and why != 'start' else ''}; check that this Python and the library radoncai are "
                "installed, then press Apply again.")

    def _kill_for(self, job: Job, transport: Transport) -> None:
        """A job that only waits behind another one must not cost that one its process."""
        if job.ended or transport is not self._transport or not transport.running:
            return
        if job.state == "waiting" and any(j.state == "running" for j in self._jobs.values()):
            self._end(job, _failed(job, "cancelled", "Stopped as asked."))
        else:
            transport.kill(self._pid)
            self._dying.append(transport)
            self._on_end(transport, "")

    def _end(self, job: Job, event: Event) -> None:
        if job.ended:
            return
        self._jobs.pop(job.id, None)
        job.state = "ended"
        job.deliver(event)
        if event["event"] == "failed" or job.closed:
            self._folders.remove(job.folder)


def _line(request: Event) -> bytes:
    return json.dumps(request, ensure_ascii=False).encode("utf-8") + b"\n"


def _failed(job: Job, kind: str, text: str) -> Event:
    return {"event": "failed", "id": job.id, "kind": kind, "text": text}
