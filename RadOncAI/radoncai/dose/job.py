"""The dose job: CT, contours and prescription to the dose a planner would reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError, ModelError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.resample import block_mean, resample_array
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dose import channels
from radoncai.dose.applicability import doubts, refusals
from radoncai.dose.predict import Network, Trees, dose_gy
from radoncai.dose.working import block_factors, dose_grid
from radoncai.models import runners
from radoncai.models.applicability import check
from radoncai.models.catalogue import ModelFolder, find
from radoncai.models.engine.memory import check_memory
from radoncai.models.options import other_task
from radoncai.models.runners import onnx

TREES = "trees"


@dataclass(frozen=True, eq=False)
class DoseResult:
    """The predicted dose on its own grid and what was said on the way. `overrides` are refusals that were overruled."""

    dose: Dose
    model: ModelFolder
    device: str
    weights: str
    overrides: tuple[str, ...]
    warnings: tuple[str, ...]
    name_mapping: dict[str, str]
    seconds: dict[str, float]


@dataclass(frozen=True, eq=False)
class WorkingInput:
    """What the channels are built from, on the working grid [k, j, i]."""

    grid: Grid
    hu: np.ndarray
    targets: dict[str, np.ndarray]
    levels_gy: dict[str, float]
    organs: dict[str, np.ndarray]
    body: np.ndarray | None


def predict_dose(
    volume: Volume,
    structures: StructureSet,
    prescription: Prescription,
    model: str | ModelFolder,
    *,
    device: str = "auto",
    override: bool = False,
    dose_grid_mm: float | None = None,
    progress: Progress | None = None,
) -> DoseResult:
    """Predict the dose for the targets of the prescription, named as they stand in the set.

    Raises InputError where the model does not apply (unless `override`, which is recorded), ModelError,
    PlatformError, Cancelled.
    """
    progress = progress or Progress()
    folder = find(model) if isinstance(model, str) else model
    if folder.model.task != "dose":
        raise ModelError(other_task(folder.model, "dose"))
    progress.step("checking the input")
    check_targets(structures, prescription)
    warnings = (*volume.source.warnings, *check(volume, folder.model, override), *check_memory(folder.model, override))
    organs = organ_names(structures)
    given = working_input(volume, structures, prescription, organs)
    progress.step("describing beams and distances")
    built = channels.build(given.hu, given.targets, given.levels_gy, given.organs, given.body, given.grid.spacing_mm)
    overrides = _overrides(folder, prescription, built, override)
    trees, network, runner = _load(folder, device, progress)
    gray = dose_gy(built, trees, network, given.grid.shape, progress=progress)
    progress.step("writing the dose on its grid")
    place = given.grid.crop(built.region.box)
    grid = dose_grid(volume.grid, place, dose_grid_mm)
    array = resample_array(gray[built.region.box], place, grid, outside=0.0)
    array *= _within_external(structures, volume.grid, grid)
    source = replace(volume.source, slices=(), frames=(), planes=None, sha256="")
    said = (*warnings, *doubts(folder.model.applicability, prescription, list(organs.values())))
    comment = "; ".join(f"OVERRIDDEN: {text}" for text in overrides)
    dose = Dose(Volume(array, grid, "RTDOSE", "Gy", source), "predicted", prescription, comment)
    progress.finish()
    return DoseResult(
        dose,
        folder,
        runner.device,
        runner.weights,
        overrides,
        said,
        {have: want for have, want in organs.items() if have != want},
        dict(progress.seconds),
    )


def organ_names(structures: StructureSet) -> dict[str, str]:
    """Name in the set to the model's organ, the first of several; exact names before standard names."""
    out: dict[str, str] = {}
    for wanted in channels.ORGANS:
        found = structures.find(wanted) or next(
            (s for s in structures if s.standard_name == wanted and s.role == "oar"), None
        )
        if found is not None:
            out[found.name] = wanted
    return out


def working_input(
    volume: Volume, structures: StructureSet, prescription: Prescription, organs: dict[str, str]
) -> WorkingInput:
    """CT and masks in blocks of whole CT voxels; a block belongs to a structure that fills half of it."""
    factors = block_factors(volume.grid.spacing_mm)
    hu, grid = block_mean(volume.array, volume.grid, factors)

    def gathered(structure: Structure) -> np.ndarray:
        return block_mean(structure.full(volume.grid.shape), volume.grid, factors)[0] >= 0.5

    targets = {name: gathered(structures.find(name)) for name in prescription.targets}
    masks = {wanted: gathered(structures.find(have)) for have, wanted in organs.items()}
    external = _external(structures)
    return WorkingInput(grid, hu, targets, dict(prescription.targets), masks, gathered(external) if external else None)


def _within_external(structures: StructureSet, ct: Grid, grid: Grid) -> np.ndarray | float:
    """1 inside a drawn External, which is where a planner computes dose; 1 everywhere without one."""
    external = _external(structures)
    if external is None:
        return 1.0
    return resample_array(external.full(ct.shape).astype(np.float32), ct, grid, outside=0.0) >= 0.5


def _external(structures: StructureSet) -> Structure | None:
    return next((s for s in structures if s.role == "external"), None)


def check_targets(structures: StructureSet, prescription: Prescription) -> None:
    """InputError where a prescribed structure is missing or no target, or none of them is a PTV."""
    for name in prescription.targets:
        structure = structures.find(name)
        if structure is None:
            raise InputError(f"{name} is prescribed a dose and is not among the structures; choose another one.")
        role = structure.role
        if role not in ("ptv", "ctv", "gtv"):
            raise InputError(f"{name} is not a target but of the role {role}; prescribe to a PTV.")
    if not any(structures.find(name).role == "ptv" for name in prescription.targets):
        raise InputError(
            "None of the prescribed structures is a PTV; the model was trained on planning target volumes."
        )


def _overrides(
    folder: ModelFolder, prescription: Prescription, built: channels.Channels, override: bool
) -> tuple[str, ...]:
    found = refusals(folder.model.applicability, prescription, built["level"] > 0, built.region.body, built.spacing_mm)
    if found and not override:
        raise InputError(f"{folder.title} does not apply: {found[0]}; --override predicts all the same and records it.")
    return tuple(found)


def _load(folder: ModelFolder, device: str, progress: Progress) -> tuple[Trees, Network | None, runners.Runner]:
    """Trees (the mean of several files) and, where the model has one, the network as plain functions; who runs last."""
    names = [n for n in sorted(folder.model.weights) if n.startswith(TREES) and n.endswith(".onnx")]
    if not names:
        raise ModelError(f"The model {folder.name} names no boosted trees in its model.json; install it again.")
    sessions = [onnx.open(folder, "cpu", name) for name in names]

    def trees(features: np.ndarray) -> np.ndarray:
        return sum(np.asarray(s.call(features), np.float32) for s in sessions) / len(sessions)

    if not folder.model.network:
        return trees, None, sessions[0]
    runner = runners.open(folder, device)
    return trees, lambda batch: runner.run(batch[0], progress)[None], runner
