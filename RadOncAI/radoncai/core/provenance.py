"""What was run on what. Every result carries it."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from radoncai import __version__
from radoncai.core.volume import Source


@dataclass(frozen=True)
class Provenance:
    """One run of one job, without patient identity: UIDs and hashes name the inputs."""

    job: str
    run: str
    inputs: dict[str, dict[str, str]]
    models: tuple[dict[str, object], ...] = ()
    options: dict[str, object] = field(default_factory=dict)
    device: str = "cpu"
    seconds: dict[str, float] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    name_mapping: dict[str, str] = field(default_factory=dict)
    postprocessing: dict[str, list[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    radoncai: str = __version__
    python: str = platform.python_version()

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def run_stamp(now: datetime | None = None) -> str:
    """The moment of a run, UTC, for the `run` column and provenance."""
    return (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def describe(source: Source) -> dict[str, str]:
    """How provenance names an input: its DICOM UIDs, or the hash of its file."""
    uids = {"study_uid": source.study_uid, "series_uid": source.series_uid, "frame_uid": source.frame_uid}
    return {k: v for k, v in {**uids, "sha256": source.sha256}.items() if v}


def file_hash(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def pseudonym(source: Source) -> str:
    """A short stable name for the `case` column that is no patient identity: from the UIDs or the file's hash."""
    text = source.series_uid or source.sha256
    return "case-" + hashlib.sha256(text.encode()).hexdigest()[:8] if text else "case"
