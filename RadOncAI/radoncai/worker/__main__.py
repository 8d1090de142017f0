"""`python -m radoncai.worker`: serve jobs until the input ends, someone says quit, or nothing happens for long."""

from __future__ import annotations

import argparse
import os
import sys

from radoncai import __version__
from radoncai.worker.protocol import Channel
from radoncai.worker.service import Service

IDLE_S = 15 * 60.0


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code: 0 for quit, end of input and idleness."""
    parser = argparse.ArgumentParser(prog="python -m radoncai.worker", description="Run jobs for a panel.")
    parser.add_argument("--idle-s", type=float, default=IDLE_S, metavar="S", help="end after S seconds without a job")
    args = parser.parse_args(argv)
    channel = Channel(_own_output())
    _lead_a_group()
    channel.send("started", pid=os.getpid(), version=__version__)
    return Service(channel, sys.stdin.buffer, args.idle_s).serve()


def _lead_a_group() -> None:
    """So that a kill reaches what a job starts. At a terminal, where a group of its own may not read, it is left."""
    if hasattr(os, "setpgid") and not sys.stdin.isatty():
        try:
            os.setpgid(0, 0)
        except OSError:
            pass


def _own_output() -> int:
    """A private copy of stdout; the shared one leads to stderr from now on, for C libraries too."""
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return private


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)
