"""What a job is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radoncai.core.progress import Progress


@dataclass(frozen=True)
class Work:
    """A request, the private folder its arrays lie in, where to report, and how to say a line for the log."""

    request: dict[str, Any]
    folder: Path
    progress: Progress
    log: Callable[[str], None]
