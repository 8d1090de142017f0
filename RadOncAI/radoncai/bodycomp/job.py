"""The body composition job: one CT, the level, the tissues, the numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radoncai.bodycomp.measure import BodyComposition, Person, measure
from radoncai.core.errors import InputError, ModelError
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models import runners
from radoncai.models.catalogue import ModelFolder, find
from radoncai.models.options import other_task
from radoncai.models.spec import read_json

CALIBRATION = "calibration.json"


@dataclass(frozen=True, eq=False)
class BodyResult:
    """The measurement and what made it."""

    measured: BodyComposition
    model: ModelFolder
    device: str
    weights: str
    seconds: dict[str, float]


def measure_l3(
    volume: Volume,
    model: str | ModelFolder = "l3_tissue",
    *,
    level_mm: float | None = None,
    person: Person | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> BodyResult:
    """Find L3 (or take the level given, S in mm), segment its slice, measure it.

    Raises InputError where the scan has no L3 or is no CT, ModelError, PlatformError, Cancelled.
    """
    progress = progress or Progress()
    folder = find(model) if isinstance(model, str) else model
    if folder.model.task != "tissue":
        raise ModelError(other_task(folder.model, "tissue"))
    if volume.modality not in ("CT", ""):
        raise InputError(f"The image is {volume.modality}; muscle and fat are measured on CT.")
    progress.step("loading the model")
    runner = runners.open(folder, device)

    def predict(batch: np.ndarray) -> np.ndarray:
        return np.stack([runner.run(view, progress) for view in batch])

    factors = read_json(folder.path / CALIBRATION) if (folder.path / CALIBRATION).is_file() else None
    calibration = {k: float(v) for k, v in factors["factors"].items()} if factors else None
    measured = measure(volume, predict, level_mm, person, calibration, progress)
    progress.finish()
    return BodyResult(measured, folder, runner.device, runner.weights, dict(progress.seconds))
