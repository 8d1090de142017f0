"""report.html of one job, as the demo writes it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from radoncai import __version__
from radoncai.core.provenance import Provenance, pseudonym
from radoncai.core.volume import Volume
from radoncai.models.catalogue import ModelFolder, cards
from radoncai.report.html import write_report


def report_of(folder: Path, volume: Volume, record: Provenance, model: ModelFolder, **sections: Any) -> Path:
    """Write one section (`dose` or `body`) with the model's card and the provenance; returns the file."""
    path = folder / "report.html"
    write_report(path, subject=pseudonym(volume.source), cards=cards([model]), provenance=[asdict(record)],
                 version=__version__, **sections)
    return path
