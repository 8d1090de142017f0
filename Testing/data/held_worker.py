"""A worker that stops at a named step of its job until it is told to go on: what does a cancel or a kill do there?

The launcher puts a `sitecustomize.py` before the worker: it wraps `Progress.step`, the one place every job reports to.
Files in `folder` steer it: `hold` names the step, `held` appears when it is reached, `go` lets it go on; `steps` lists
the steps that were reached. `memory` instead of `hold` leaves 8 MB of address space from that step on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from worker_requests import launcher

HOOK = '''
import pathlib, resource, time
from radoncai.core import progress
place, usual = pathlib.Path({folder!r}), progress.Progress.step

def text(name):
    path = place / name
    return path.read_text() if path.exists() else None

def limit(size):
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

def step(self, name, fraction=0.0):
    usual(self, name, fraction)
    with (place / "steps").open("a") as file:
        file.write(name + "\\n")
    if name == text("hold"):
        (place / "hold").unlink()
        (place / "held").touch()
        while not (place / "go").exists():
            time.sleep(0.01)
        (place / "go").unlink()
        usual(self, name, fraction)
    if name == text("memory"):
        (place / "memory").unlink()
        pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
        limit(pages * resource.getpagesize() + (8 << 20))
    elif (place / "plenty").exists():
        (place / "plenty").unlink()
        limit(resource.RLIM_INFINITY)

progress.Progress.step = step
'''


class Held:
    """The folder that steers the worker, and the launcher that starts it so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "steering"
        hook = folder / "hook"
        self.folder.mkdir()
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(HOOK.format(folder=str(self.folder)), encoding="utf-8")
        self.python = launcher(folder, f'export PYTHONPATH="{hook}:$PYTHONPATH"', "exec")

    def at(self, step: str, what: str = "hold") -> None:
        """From now on stop, or run short of memory, at this step."""
        for name in ("held", "go", "hold", "memory"):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / f"{what}.new").write_text(step)
        (self.folder / f"{what}.new").rename(self.folder / what)

    def is_held(self) -> bool:
        return (self.folder / "held").exists()

    def go(self) -> None:
        (self.folder / "go").touch()

    def plenty(self) -> None:
        """The next step has all memory again."""
        (self.folder / "memory").unlink(missing_ok=True)
        (self.folder / "plenty").touch()

    def steps(self) -> list[str]:
        """The steps reached since they were last asked for, each once, in order."""
        path = self.folder / "steps"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [step for step in dict.fromkeys(lines) if step]


POSIX = sys.platform.startswith("linux")
