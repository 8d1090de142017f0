"""A process in a private environment: runs what clashes with this one's packages, and can be ended at any moment.

`inside/serve.py` is its program. It leads a process group of its own; when this process goes, however it goes, its
input ends and it removes its folder and itself.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Any

from radoncai.core.array_file import disk_sentence
from radoncai.core.errors import InputError, ModelError, PlatformError, RadOncAIError
from radoncai.core.process_tree import kill_tree
from radoncai.core.progress import Progress
from radoncai.models.install.environments import Environment, environment, recipes, variables

SERVE = Path(__file__).parent / "inside" / "serve.py"
HEAR_S = 0.1
_KINDS = {"input": InputError, "model": ModelError, "platform": PlatformError}
_alive: dict[str, Child] = {}


class Refusal(ModelError):
    """A job inside said no; `code` tells the runner what it could do about it."""

    code = ""


class Child:
    """One process, one request at a time. `folder` holds the arrays of the request in work."""

    def __init__(self, env: Environment, more: dict[str, str] | None = None) -> None:
        self.settings = dict(more or {})
        self._title = recipes()[env.name].title if env.name in recipes() else env.name
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=f"radoncai-{os.getpid()}-"))
        except OSError as problem:
            raise PlatformError(disk_sentence(Path(tempfile.gettempdir()), problem)) from problem
        command = [str(env.python), "-u", str(SERVE), str(self.folder), *([str(env.packages)] if env.packages else [])]
        settings = {**variables(env), "MPLBACKEND": "Agg", "nnUNet_compile": "f", **self.settings}
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, env=settings, start_new_session=True)
        except OSError as problem:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise ModelError(f"{self._title} could not be started ({problem.strerror}); radoncai install {env.name} "
                             "makes its environment again.") from problem
        self._pid: int | None = None
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._errors: deque[str] = deque(maxlen=40)
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], progress: Progress, step: str = "loading the model") -> dict[str, Any]:
        """The result of a job; its steps are reported. `network` of the answer counts refused connections.

        Raises Refusal or another error of the job, PlatformError where the process ended or memory is short, Cancelled:
        the process is ended then, within a tenth of a second.
        """
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass
        try:
            return self._follow(progress, step)
        except RadOncAIError as problem:
            if not isinstance(problem, Refusal | InputError):
                self.end()
            raise
        except BaseException:
            self.end()
            raise
        finally:
            for file in self.folder.glob("*"):
                file.unlink(missing_ok=True)

    def end(self) -> None:
        """The process, what it started, and its folder are gone after this."""
        if self.running:
            kill_tree(self._process.pid)
            if self._pid is not None and self._pid != self._process.pid:
                kill_tree(self._pid)
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _follow(self, progress: Progress, step: str) -> dict[str, Any]:
        fraction = 0.0
        while True:
            progress.step(step, fraction)
            try:
                event = self._events.get(timeout=HEAR_S)
            except queue.Empty:
                continue
            if event is None:
                raise self._lost()
            if event["event"] == "started":
                self._pid = event["pid"]
            elif event["event"] == "progress":
                step, fraction = event["step"], event["fraction"]
            elif event["event"] == "result":
                return self._loaded(event["result"]) | {"network": event["network"]}
            else:
                raise self._failure(event)

    def _loaded(self, result: dict[str, Any]) -> dict[str, Any]:
        """The arrays that a result names under `arrays` are read: their files go."""
        import numpy as np

        return result | {"arrays": {key: np.load(self.folder / name) for key, name in result.get("arrays", {}).items()}}

    def _failure(self, event: dict[str, Any]) -> Exception:
        if event["kind"] == "memory":
            return PlatformError(f"The memory is used up while {self._title} runs; close other programs, crop the "
                                 "image or choose --device cpu.")
        if event["kind"] == "failed":
            return ModelError(f"{self._title} failed on this model or image ({event['text'].rstrip('.')}); check the "
                              "model's files and the image.")
        if event["code"]:
            refusal = Refusal(event["text"])
            refusal.code = event["code"]
            return refusal
        return _KINDS[event["kind"]](event["text"])

    def _lost(self) -> Exception:
        self._process.wait()
        if self._pid is None:
            reason = f" ({self._errors[-1]})" if self._errors else ""
            return ModelError(f"{self._title} could not be started{reason}; make its environment again with "
                              "radoncai install.")
        return PlatformError(f"The process of {self._title} ended in the middle of the job (killed, or out of memory); "
                             "close other programs or crop the image, then run again.")

    def _read(self) -> None:
        for line in self._process.stdout:
            try:
                self._events.put(json.loads(line))
            except ValueError:
                continue
        self._events.put(None)

    def _read_errors(self) -> None:
        for line in self._process.stderr:
            if text := line.decode("utf-8", "replace").strip():
                self._errors.append(text[:300])


def shared(name: str, more: dict[str, str] | None = None) -> Child:
    """The environment's process, alive since an earlier job or started now. One at a time: others are ended for it.

    `more` are environment variables; a process that was started with others is ended too.
    """
    for other in [n for n, c in _alive.items() if n != name or not c.running or c.settings != (more or {})]:
        _alive.pop(other).end()
    if name not in _alive:
        _alive[name] = Child(environment(name), more)
    return _alive[name]


@atexit.register
def end_all() -> None:
    """No process outlives this one."""
    while _alive:
        _alive.popitem()[1].end()
