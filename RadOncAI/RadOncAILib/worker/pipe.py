"""The worker as a plain child process, for tests and scripts: events are handed out while somebody waits."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable

from radoncai.core.process_tree import kill_tree


class PipeProcess:
    """A transport over subprocess.Popen; `wait` calls `on_bytes`, `on_end` and what is due later."""

    def __init__(self) -> None:
        self.running = False
        self._process: subprocess.Popen | None = None
        self._arrived: queue.Queue[bytes | None] = queue.Queue()
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._errors = b""

    def start(self, command: list[str], environment: dict[str, str], on_bytes: Callable[[bytes], None],
              on_end: Callable[[str], None]) -> None:
        self._on_bytes, self._on_end = on_bytes, on_end
        self.running = True
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, bufsize=0, env={**os.environ, **environment})
        except OSError as error:
            self._errors = f"{error.strerror}\n".encode()
            self._arrived.put(None)
            return
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def write(self, data: bytes) -> None:
        """What a process that is gone does not take is dropped: its end is told by `on_end`."""
        try:
            if self._process is not None:
                self._process.stdin.write(data)
        except (OSError, ValueError):
            pass

    def kill(self, pid: int | None) -> None:
        """The worker by its own id, then the launcher; one that has not told its id yet sees its input end."""
        if pid is not None:
            kill_tree(pid)
        if self._process is not None:
            self._process.kill()
            try:
                self._process.stdin.close()
            except OSError:
                pass

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self._due.append((time.monotonic() + seconds, call))

    def wait(self, seconds: float) -> None:
        """Hand out what arrives within the time; returns after the first of it."""
        try:
            data = self._arrived.get(timeout=max(seconds, 0.0))
            self._hand_out(data)
            while self.running:
                self._hand_out(self._arrived.get_nowait())
        except queue.Empty:
            pass
        now = time.monotonic()
        ready = [call for at, call in self._due if at <= now]
        self._due = [pair for pair in self._due if pair[0] > now]
        for call in ready:
            call()

    def _hand_out(self, data: bytes | None) -> None:
        if data is not None:
            self._on_bytes(data)
            return
        self.running = False
        self._on_end(last_line(self._errors))

    def _read(self) -> None:
        while data := self._process.stdout.read(65536):
            self._arrived.put(data)
        self._process.wait()
        self._process.stdin.close()
        self._arrived.put(None)

    def _read_errors(self) -> None:
        while data := self._process.stderr.read(65536):
            self._errors = (self._errors + data)[-4096:]


def last_line(errors: bytes) -> str:
    """The last line of what a process complained, "" where it did not."""
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:200] if lines else ""
