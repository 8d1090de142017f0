"""Ending a process and whatever it started, by its own id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def kill_tree(pid: int) -> None:
    """Hard, at once; a process that is gone already is no error. Off Windows it must lead a group of its own."""
    if sys.platform == "win32":
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, creationflags=hidden,
                       check=False)
        return
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
