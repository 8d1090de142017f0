"""What the benchmarks share: rows, the machine they ran on, and their table in docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
TITLE = "# Benchmarks\n\nEach table is written by the script it names. Figures are what that run saw.\n"


@dataclass(frozen=True)
class Row:
    table: str
    row: str
    metric: str
    value: float | None
    unit: str
    n: int


def limited(rows: list[Row], limits: dict[tuple[str, str], float], shown: Callable[[Row], str]) -> list[str]:
    """A table of rows beside the limits that the design sets for (row, metric)."""
    lines = ["| what | metric | value | unit | limit | n |", "|---|---|---:|---|---:|---:|"]
    for row in rows:
        limit = limits.get((row.row, row.metric))
        asked = "" if limit is None else f"{limit:g}"
        lines.append(f"| {row.row} | {row.metric} | {shown(row)} | {row.unit} | {asked} | {row.n} |")
    return lines


def machine(*packages: str) -> str:
    """One line: date, processor, cores, Python, versions, peak memory of this process."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"model name\s*: (.*)", info.read_text())):
        model = found.group(1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    versions = ", ".join(f"{p} {version(p)}" for p in packages)
    return (
        f"{date.today()}, {model}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}; "
        f"peak memory {peak:.1f} GB"
    )


def publish(script: str, name: str, text: str) -> None:
    """Replace the section `name` of docs/benchmarks.md, or append it."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else TITLE
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    section = f"{begin}\n{text.strip()}\n\nWritten by `{script}`.\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    page = pattern.sub(lambda _: section, page) if pattern.search(page) else f"{page.rstrip()}\n\n{section}\n"
    PAGE.write_text(page, encoding="utf-8")


def emit(rows: list[Row], *, as_json: bool, script: str, name: str, text: str) -> None:
    """`--json` prints the rows and changes no file; else the table is written and shown."""
    if as_json:
        json.dump([asdict(r) for r in rows], sys.stdout, indent=1)
        print()
    else:
        publish(script, name, text)
        print(text)
