"""Progress on stderr: a bar on a terminal, elsewhere one line a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TextIO

from radoncai.core.progress import Progress

WIDTH = 30


class TerminalProgress:
    """Owns the `Progress` that a command hands to its job."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar = stream.isatty()
        self._name = ""
        self.progress = Progress(self._show)

    def _show(self, name: str, fraction: float) -> None:
        if self._bar:
            done = int(WIDTH * fraction)
            self._stream.write(f"\r\033[K{name:<32} [{'=' * done}{' ' * (WIDTH - done)}] {100 * fraction:3.0f} %")
        elif name != self._name:
            self._stream.write(f"{name}\n")
        self._name = name
        self._stream.flush()

    def close(self) -> None:
        """Leave the line clean for what follows."""
        if self._bar and self._name:
            self._stream.write("\r\033[K")
            self._stream.flush()
        self._name = ""


@dataclass(frozen=True)
class Outcome:
    """What a command gives back: `result` for machines, `lines` for people, and the exit code."""

    result: dict[str, object]
    lines: list[str] = field(default_factory=list)
    exit_code: int = 0


def table(rows: list[list[str]], header: list[str], right: set[int] = frozenset()) -> list[str]:
    """Plain text columns, the ones in `right` aligned right."""
    widths = [max(len(r[c]) for r in [header, *rows]) for c in range(len(header))]
    return [
        "  ".join(
            v.rjust(w) if c in right else v.ljust(w) for c, (v, w) in enumerate(zip(r, widths, strict=True))
        ).rstrip()
        for r in [header, *rows]
    ]
