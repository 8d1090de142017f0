"""Small requests for the worker: a drawn trunk with two lungs, as a plain array or as a DICOM series."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from RadOncAILib.worker.client import Client, Event, Job
from RadOncAILib.worker.pipe import PipeProcess

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume

SHAPE, SPACING = (30, 54, 70), (5.0, 5.0, 5.0)


def trunk(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """An elliptic cylinder of 0 HU with two lungs of -800 HU in air, int16 [k, j, i]; left is where i is large."""
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij", sparse=True)
    hu = np.full(shape, -1000, np.int16)
    hu[np.broadcast_to((j / 0.8) ** 2 + (i / 0.9) ** 2 < 1, shape)] = 0
    for side in (-0.45, 0.45):
        hu[(j / 0.5) ** 2 + ((i - side) / 0.3) ** 2 + (k / 0.7) ** 2 < 1] = -800
    return hu


def trunk_volume() -> Volume:
    """The trunk on an axial grid."""
    return Volume(trunk(), Grid.axial(SHAPE, SPACING, (-170.0, -130.0, -60.0)), "CT", "HU")


def image_of(volume: Volume, folder: Path, files: list[Path] | None = None) -> dict[str, Any]:
    """The image of a request; its voxels go into the folder."""
    np.save(folder / "ct.npy", volume.array)
    return {"array": "ct.npy", "ijk_to_lps": volume.grid.index_to_lps.ravel().tolist(), "modality": volume.modality,
            "files": [str(p) for p in files or ()], "name": "CT"}


def body_request(client: Client, **more: Any) -> dict[str, Any]:
    """A contour job with the classical model, in a new folder."""
    folder = client.new_folder()
    return {"folder": str(folder), "image": image_of(trunk_volume(), folder), "model": "body", "override": True, **more}


class Heard:
    """Keeps the events of one job."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    @property
    def ends(self) -> list[Event]:
        return [e for e in self.events if e["event"] in ("result", "failed")]


def run(client: Client, name: str, request: dict[str, Any], seconds: float = 30.0) -> tuple[Event, Heard, Job]:
    """Run a job to its end."""
    heard = Heard()
    job = client.run(name, request, heard)
    return client.wait(job, seconds), heard, job


@contextmanager
def worker(**options: Any) -> Iterator[Client]:
    """A client over a pipe that is stopped at the end."""
    client = Client(PipeProcess, **options)
    try:
        yield client
    finally:
        client.stop()


def launcher(folder: Path, before: str = "", call: str = "") -> str:
    """A program that starts this Python as its child, as PythonSlicer does; `before` is a line of shell."""
    path = folder / "launcher.sh"
    path.write_text(f"#!/bin/sh\n{before}\n{call} '{sys.executable}' \"$@\"\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
        return state != "Z"
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
        return True
    except OSError:
        return False
