"""pip as a child process: what it is fetching as progress, and why it failed in one sentence."""

from __future__ import annotations

import importlib.util
import os
import queue
import re
import subprocess
import sys
import threading

from radoncai.core.errors import ModelError, PlatformError
from radoncai.core.progress import Progress

_PATIENCE = ["--timeout", "20", "--retries", "2"]
_COLLECTING = re.compile(r"^\s*(?:Collecting|Processing|Saved)\s+(\S+)")
_BARE = re.compile(r"(?:.*[/\\])?([A-Za-z0-9]+(?:[._][A-Za-z][A-Za-z0-9]*)*)")
_CAUSES: tuple[tuple[tuple[str, ...], type[Exception], str], ...] = (
    (("no space left", "errno 28", "disk quota", "not enough space"), PlatformError,
     "the disk is full; free some space and run again."),
    (("permission denied", "access is denied", "errno 13", "read-only file system"), PlatformError,
     "the folder may not be written; choose another one with RADONCAI_ENVIRONMENTS, or ask whoever looks after this "
     "machine."),
    (("certificate", "sslerror", "ssl:"), PlatformError,
     "the network answers with a certificate that Python does not know, as hospital proxies do; set PIP_CERT to the "
     "proxy's certificate file, or install from a folder with --from."),
    (("proxyerror", "proxy authentication", "407 ", "cannot connect to proxy"), PlatformError,
     "the proxy refused the connection; set HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT, or install from a folder "
     "with --from."),
    (("connection", "name resolution", "resolve", "timed out", "max retries", "unreachable"), PlatformError,
     "there is no way to pypi.org from here; check the network and HTTPS_PROXY, or fetch the wheels on a connected "
     "machine with --download FOLDER and install them here with --from FOLDER."),
    (("no module named pip",), PlatformError,
     "this Python has no pip; run python -m ensurepip first."),
)
_NONE = re.compile(r"no matching distribution found for (\S+)", re.IGNORECASE)


def run_pip(arguments: list[str], title: str, progress: Progress, wheels: object = None) -> None:
    """Run `python -m pip` with the arguments. `title` names what is installed, `wheels` the folder it comes from.

    Raises PlatformError or ModelError with the cause in one sentence, Cancelled when asked to stop: pip is ended then.
    """
    if importlib.util.find_spec("pip") is None:
        raise PlatformError(f"{title} could not be installed: this Python has no pip; run python -m ensurepip first.")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *_PATIENCE, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, "PIP_PROGRESS_BAR": "off", "PIP_REQUIRE_VIRTUALENV": "0"})
    try:
        said = _follow(process, title, progress)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise _cause(title, said, wheels)


def _follow(process: subprocess.Popen, title: str, progress: Progress) -> list[str]:
    """Progress of a running pip, asked for a stop five times a second; all it said."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    said, step, count = [], f"installing {title}", 0
    progress.step(step)
    while True:
        try:
            line = lines.get(timeout=0.2)
        except queue.Empty:
            progress.step(step, count / (count + 20))
            continue
        if line is None:
            process.wait()
            return said
        said.append(line)
        found = _COLLECTING.match(line)
        if found and (name := _BARE.match(found.group(1))):
            count, step = count + 1, f"fetching {name.group(1)}"
        elif line.startswith("Installing collected"):
            step = f"unpacking {title}"
        progress.step(step, count / (count + 20))


def _read(process: subprocess.Popen, lines: queue.Queue[str | None]) -> None:
    for line in process.stdout:
        lines.put(line.decode("utf-8", "replace").rstrip())
    lines.put(None)


def _cause(title: str, said: list[str], wheels: object) -> Exception:
    text = "\n".join(said).lower()
    for signs, error, sentence in _CAUSES:
        if any(sign in text for sign in signs):
            return error(f"{title} could not be installed: {sentence}")
    version = f"Python {sys.version_info.major}.{sys.version_info.minor} on {sys.platform}"
    if lacking := _NONE.search("\n".join(said)):
        where = f"{wheels} holds no fitting wheel of" if wheels else "there is no fitting package of"
        what = "fetch the wheels again with --download on a machine with the same" if wheels else "use another"
        return ModelError(f"{title} could not be installed: {where} {lacking.group(1)} for {version}; {what} system "
                          "and Python.")
    errors = [line for line in said if line.upper().startswith("ERROR")] or said[-1:] or ["pip said nothing"]
    return ModelError(f"{title} could not be installed: {errors[-1].removeprefix('ERROR: ').rstrip('.')}.")


