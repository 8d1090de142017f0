"""Run by a private Python, not imported by the library: requests as JSON lines on stdin, events on stdout.

    python serve.py FOLDER [PACKAGES]

Arrays lie as .npy files in FOLDER. Each request names a module beside this file, whose `run(request, report)` gives a
JSON object. At the end of the input the folder is removed and the whole process group ended, whatever runs. Nothing
here reaches the network: connections are refused and counted.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

PAUSE_S = 0.1
FULL_MEMORY = ("out of memory", "can't allocate", "unable to allocate", "cannot allocate", "not enough memory")


class Refused(Exception):
    """What a job says to people: `kind` is input, model or platform; `code` tells the parent what it may do then."""

    def __init__(self, kind: str, text: str, code: str = "") -> None:
        super().__init__(text)
        self.kind, self.code = kind, code


class Pipe:
    """Events to the parent from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._lock = threading.Lock()
        self._step, self._said = "", 0.0

    def send(self, event: str, **fields: object) -> None:
        line = json.dumps({"event": event, **fields}).encode() + b"\n"
        with self._lock:
            self._file.write(line)

    def progress(self, step: str, fraction: float) -> None:
        """At most ten a second, but every step once."""
        now = time.monotonic()
        if step != self._step or now - self._said >= PAUSE_S:
            self._step, self._said = step, now
            self.send("progress", step=step, fraction=fraction)


class Network:
    """Counts and refuses connections; sockets within the machine (pipes of processes) stay."""

    attempts = 0

    @classmethod
    def close(cls) -> None:
        for name in ("connect", "connect_ex", "sendto"):
            setattr(socket.socket, name, cls._refusing(getattr(socket.socket, name)))
        resolve = socket.getaddrinfo

        def refused(host: object, *rest: object, **more: object) -> object:
            if host in (None, "", "localhost", "127.0.0.1", "::1"):
                return resolve(host, *rest, **more)
            cls.attempts += 1
            raise OSError("no network here")
        socket.getaddrinfo = refused

    @classmethod
    def _refusing(cls, original: object) -> object:
        def call(self: socket.socket, *rest: object) -> object:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                cls.attempts += 1
                raise OSError("no network here")
            return original(self, *rest)
        return call


def listen(requests: queue.Queue, folder: str) -> None:
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    shutil.rmtree(folder, ignore_errors=True)
    if os.name == "nt":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(os.getpid())], capture_output=True, check=False)
    elif os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def answer(request: dict, pipe: Pipe) -> None:
    try:
        result = importlib.import_module(request["job"]).run(request, pipe.progress)
        pipe.send("result", result=result, network=Network.attempts)
    except Refused as problem:
        pipe.send("failed", kind=problem.kind, text=str(problem), code=problem.code)
    except BaseException as problem:
        traceback.print_exc()
        text = (str(problem).strip() or type(problem).__name__).splitlines()[0][:300]
        full = isinstance(problem, MemoryError) or any(sign in str(problem).lower() for sign in FULL_MEMORY)
        pipe.send("failed", kind="memory" if full else "failed", text=f"{type(problem).__name__}: {text}", code="")


def main() -> None:
    folder, packages = sys.argv[1], sys.argv[2:]
    sys.path[:0] = packages
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    sys.modules["serve"] = sys.modules["__main__"]
    Network.close()
    pipe, requests = Pipe(private), queue.Queue()
    threading.Thread(target=listen, args=(requests, folder), daemon=True).start()
    pipe.send("started", pid=os.getpid())
    while True:
        answer(requests.get(), pipe)


if __name__ == "__main__":
    main()
