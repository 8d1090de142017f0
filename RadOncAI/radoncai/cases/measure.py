"""What a model gives on an input, as numbers and masks that can be kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from radoncai.cases.case import Kept
from radoncai.cases.inputs import Input
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress
from radoncai.core.resample import resample_array
from radoncai.core.structures import Structure
from radoncai.models.catalogue import ModelFolder


def measure(folder: ModelFolder, given: Input, device: str, progress: Progress) -> dict[str, Kept]:
    """Run the job of the model's task. Raises InputError for an input without what the task needs, ModelError,
    PlatformError, Cancelled.
    """
    return _TASKS[folder.model.task](folder, given, device, progress)


def _contours(folder: ModelFolder, given: Input, device: str, progress: Progress) -> dict[str, Kept]:
    from radoncai.contour.job import contour
    found = contour(given.volume, folder, device=device, progress=progress, override=True).structures
    missing = {name: Kept(None, "cc", str(why)) for name, why in found.missing.items()}
    return {s.name: _structure(s, given.volume.grid) for s in found} | missing


def _structure(structure: Structure, grid) -> Kept:
    k, j, i = (v.mean() + s.start for v, s in zip(np.nonzero(structure.mask), structure.box, strict=True))
    center = grid.to_lps(np.array([[i, j, k]]))[0]
    return Kept(round(float(structure.mask.sum()) * grid.voxel_cc, 3), "cc", "", tuple(float(v) for v in center),
                structure.mask, structure.box)


def _dose(folder: ModelFolder, given: Input, device: str, progress: Progress) -> dict[str, Kept]:
    """Mean dose in the structures and in the whole region."""
    from radoncai.dose.job import predict_dose
    if given.structures is None or given.prescription is None:
        raise InputError("A dose needs structures and a prescription; add --structure-set and --prescription.")
    dose = predict_dose(given.volume, given.structures, given.prescription, folder, device=device, override=True,
                        progress=progress).dose.volume
    grid = given.volume.grid
    gray = resample_array(dose.array.astype(np.float32), dose.grid, grid)
    means = {s.name: Kept(round(float(gray[s.box][s.mask].mean()), 3), "Gy") for s in given.structures if s.mask.any()}
    return {"everything": Kept(round(float(gray[gray > 0].mean()), 3), "Gy"), **means}


def _tissue(folder: ModelFolder, given: Input, device: str, progress: Progress) -> dict[str, Kept]:
    from radoncai.bodycomp.job import measure_l3
    measured = measure_l3(given.volume, folder, device=device, progress=progress).measured
    units = {"cm2": "cm2", "hu": "HU"}
    values = {name: Kept(None if v is None else round(float(v), 3), units.get(name.rpartition("_")[2], ""))
              for name, v in measured.values.items() if name.rpartition("_")[2] in units}
    return {"level": Kept(round(measured.level.level_mm, 2), "mm"), **values}


def _level(_folder: ModelFolder, given: Input, _device: str, progress: Progress) -> dict[str, Kept]:
    from radoncai.bodycomp.level import find_level
    level = find_level(given.volume, progress=progress)
    return {"L3": Kept(round(level.level_mm, 2), "mm"),
            **{f"vote {name}": Kept(round(s, 2), "mm") for name, s in level.votes.items()}}


def _image(folder: ModelFolder, given: Input, device: str, progress: Progress) -> dict[str, Kept]:
    """Mean, 5th and 95th percentile of the image that is made."""
    from radoncai.translate.job import make_image
    volume = make_image(given.volume, folder, device=device, progress=progress, override=True).image
    low, high = np.percentile(volume.array, (5, 95))
    return {name: Kept(round(float(v), 3), volume.unit) for name, v in
            (("mean", volume.array.mean()), ("5th percentile", low), ("95th percentile", high))}


_TASKS: dict[str, Callable[[ModelFolder, Input, str, Progress], dict[str, Kept]]] = {
    "contour": _contours, "dose": _dose, "tissue": _tissue, "level": _level, "image": _image}
