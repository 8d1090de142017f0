"""The worker as a QProcess: its signals arrive on the main thread, nothing is polled."""

from __future__ import annotations

from collections.abc import Callable

import qt

from radoncai.core.process_tree import kill_tree
from RadOncAILib.worker.pipe import last_line


class QtProcess:
    """A transport over qt.QProcess."""

    def __init__(self) -> None:
        self.running = False
        self._errors, self._told = b"", False
        self._timers: list[qt.QTimer] = []
        process = self._process = qt.QProcess()
        process.setProcessChannelMode(qt.QProcess.SeparateChannels)
        process.connect("readyReadStandardOutput()", self._read)
        process.connect("readyReadStandardError()", self._read_errors)
        process.connect("finished(int,QProcess::ExitStatus)", self._finished)
        process.connect("errorOccurred(QProcess::ProcessError)", self._failed)

    def start(self, command: list[str], environment: dict[str, str], on_bytes: Callable[[bytes], None],
              on_end: Callable[[str], None]) -> None:
        self._on_bytes, self._on_end = on_bytes, on_end
        settings = qt.QProcessEnvironment.systemEnvironment()
        for key, value in environment.items():
            settings.insert(key, value)
        self._process.setProcessEnvironment(settings)
        self.running = True
        self._process.start(command[0], command[1:])

    def write(self, data: bytes) -> None:
        if self.running:
            self._process.write(data)

    def kill(self, pid: int | None) -> None:
        """The worker by its own id, then the launcher that may stand before it."""
        if pid is not None:
            kill_tree(pid)
        self._process.kill()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Timers of this object, so that none fires into a client that is gone."""
        timer = qt.QTimer()
        timer.setSingleShot(True)
        timer.connect("timeout()", call)
        timer.start(int(seconds * 1000))
        self._timers.append(timer)

    def wait(self, seconds: float) -> None:
        """Only for the application's end and for scripts: blocks, then hands out what arrived."""
        if self.running:
            self._process.waitForFinished(int(seconds * 1000))

    def _read(self) -> None:
        data = self._process.readAllStandardOutput().data()
        if data:
            self._on_bytes(bytes(data))

    def _read_errors(self) -> None:
        self._errors = (self._errors + bytes(self._process.readAllStandardError().data()))[-4096:]

    def _finished(self, code: int, status: object) -> None:
        self._read()
        self._tell_end()

    def _failed(self, error: object) -> None:
        """Only a start that failed has no `finished` after it."""
        if error == qt.QProcess.FailedToStart:
            self._errors = b""
            self._tell_end()

    def _tell_end(self) -> None:
        self.running = False
        if not self._told:
            self._told = True
            self._on_end(last_line(self._errors))
