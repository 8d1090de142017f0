"""Memory that this machine can still give, and models that say they need more."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from radoncai.core.errors import PlatformError
from radoncai.models.applicability import ALL_THE_SAME
from radoncai.models.spec import ModelSpec

MB = 1 << 20
GROUPS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))


def check_memory(spec: ModelSpec, override: bool = False) -> tuple[str, ...]:
    """Raises PlatformError where a model declares more than is available, which `override` turns into a warning."""
    free = available_mb()
    if not spec.memory_mb or free is None or spec.memory_mb <= free:
        return ()
    text = (f"The model {spec.name} needs {spec.memory_mb / 1024:.1f} GB of memory, of which this machine has "
            f"{free / 1024:.1f} GB left")
    if not override:
        raise PlatformError(f"{text}; close other programs or take a smaller model{ALL_THE_SAME}.")
    return (f"Overridden: {text}.",)


def available_mb() -> int | None:
    """Memory that can be had without swapping, MB, also inside a container; None where nothing says it."""
    if sys.platform == "win32":
        return _windows()
    found = [n for n in (_linux(), *_groups()) if n is not None]
    if not found and hasattr(os, "sysconf"):
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    return min(found) // MB if found else None


def _linux() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _groups(root: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """What the limits of a container leave; page cache counts as used there, so that this is on the safe side."""
    out = []
    for limit, used in GROUPS:
        try:
            most, now = (root / limit).read_text().strip(), int((root / used).read_text())
        except (OSError, ValueError):
            continue
        if most.isdigit() and int(most) < 1 << 60:
            out.append(int(most) - now)
    return out


def _windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong),
                    *((name, ctypes.c_ulonglong) for name in ("total", "free", "total_page", "free_page",
                                                              "total_virtual", "free_virtual", "extended"))]
    status = Status(length=ctypes.sizeof(Status))
    return status.free // MB if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
