"""The contour job: one image, one model, one set of structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from radoncai.contour import classical as _registers_body  # noqa: F401
from radoncai.contour.findings import check_all
from radoncai.core.errors import InputError
from radoncai.core.naming import resolve
from radoncai.core.progress import Progress
from radoncai.core.structures import Algorithm, Structure, StructureSet
from radoncai.core.templates import match
from radoncai.core.volume import Volume
from radoncai.models import runners
from radoncai.models.applicability import check, check_images
from radoncai.models.catalogue import ModelFolder, find
from radoncai.models.engine.contours import segment
from radoncai.models.engine.memory import check_memory
from radoncai.models.options import RunOptions, other_task
from radoncai.models.segmentation import Found


@dataclass(frozen=True, eq=False)
class ContourResult:
    """What the job gives: the set (findings in each structure, `missing` with reasons), warnings, wall seconds a step.

    `weights` is the sha256 of the weights in use, "" for classical models. `passes` networks, mirrorings and grids were
    averaged, `mirrored` says whether mirrorings were among them; where uncertainty was asked for, `entropy` is uint8 on
    the image's grid, 0 .. 255 = 0 .. 1 bit, and `entropies` each structure's mean entropy in bits (`segmentation`);
    neither is calibrated. `inputs` names each image that the model read, `outputs` the model's outputs behind each
    structure where they bear other names.
    """

    structures: StructureSet
    model: ModelFolder
    device: str
    weights: str
    warnings: tuple[str, ...]
    seconds: dict[str, float]
    passes: int = 1
    entropy: np.ndarray | None = None
    entropies: dict[str, float] = field(default_factory=dict)
    inputs: dict[str, dict[str, object]] = field(default_factory=dict)
    outputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mirrored: bool = False

    @property
    def findings(self) -> dict[str, tuple[str, ...]]:
        """Structure name to its sentences, only where there are any."""
        return {s.name: s.findings for s in self.structures if s.findings}


def contour(volume: Volume, model: str | ModelFolder, *, structures: Sequence[str] | None = None, device: str = "auto",
            progress: Progress | None = None, flips: bool = False, override: bool = False, uncertainty: bool = False,
            images: Mapping[str, Volume] | None = None, folds: tuple[int, ...] | None = None) -> ContourResult:
    """Draw structures on an image with one model.

    `structures` are names of the model's outputs or their aliases (None: all), `flips` averages with the mirrored
    image, `override` runs on an image outside the model's applicability and says so in the warnings, `uncertainty`
    also gives entropies, `folds` picks members of an ensemble. `images` are further images by the names of
    `model.json`, each in the volume's patient space (a registration is applied to its grid before).
    Raises InputError, ModelError, PlatformError, Cancelled.
    """
    progress = progress or Progress()
    before = dict(progress.seconds)
    folder = find(model) if isinstance(model, str) else model
    names, said = asked_names(folder, structures)
    progress.step("checking the image")
    check_images(folder.model, images or {})
    options, straight = RunOptions(device, flips, uncertainty, override, folds).allowed_by(folder.model)
    warnings = (*volume.source.warnings, *said, *straight, *check(volume, folder.model, override),
                *check_memory(folder.model, override))
    progress.step("loading the model")
    runner = runners.open(folder, device)
    if runners.takes_images(runner):
        found = runner.run({folder.model.images[0].name: volume, **(images or {})}, names, progress, options)
    else:
        found = segment(volume, folder.model, runner, names, progress, options, images)
    if uncertainty and found.entropy is None:
        warnings += (f"The model {folder.name} gives no probabilities, so nothing is known of its uncertainty.",)
    algorithm = Algorithm(folder.name, folder.version, runner.weights)
    drawn = tuple(_structure(name, found.found[name], folder, algorithm) for name in names if name in found.found)
    progress.step("checking the contours")
    result = check_all(StructureSet(volume.grid, drawn, volume.source, folder.title, found.missing, warnings), volume)
    progress.finish()
    seconds = {step: s - before.get(step, 0.0) for step, s in progress.seconds.items() if s > before.get(step, 0.0)}
    entropies = {name: f.entropy for name, f in found.found.items() if f.entropy is not None}
    return ContourResult(result, folder, runner.device, runner.weights, warnings, seconds, found.passes, found.entropy,
                         entropies, mirrored=found.mirrored)


def asked_names(folder: ModelFolder, structures: Sequence[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Outputs that are wanted, in the model's order, and what was said about aliases. Raises InputError."""
    if folder.model.task != "contour":
        raise InputError(other_task(folder.model, "contours"))
    if structures is None:
        return folder.model.names, ()
    resolved = resolve(structures, folder.model.names, where=f"the model {folder.name}")
    return tuple(n for n in folder.model.names if n in resolved.names.values()), resolved.said


def _structure(name: str, found: Found, folder: ModelFolder, algorithm: Algorithm) -> Structure:
    template = match(name)
    role = next(o.role for o in folder.model.outputs if o.name == name)
    looks = {"standard_name": template.name, "color": template.color, "code": template.code} if template else {}
    return Structure(name, found.mask, found.box, role=role, origin="AUTOMATIC", algorithm=algorithm,
                     uncertainty=found.uncertainty, **looks)
