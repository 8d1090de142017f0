"""From a recipe to what a model is run on: the drawn sample patient, or files of this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.dose import Prescription
from radoncai.core.errors import InputError
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.image import read_image
from radoncai.dicom.structures import read_structures
from radoncai.models.catalogue import ModelFolder
from radoncai.phantom.patient import sample_patient

SAMPLE = "sample"
HEAD = {"spacing_mm": [5.0, 3.0, 3.0], "z_range_mm": [-195.0, 158.0]}
TRUNK = {"spacing_mm": [5.0, 2.5, 2.5], "z_range_mm": [-760.0, -330.0]}
ALL = {"spacing_mm": [6.0, 4.0, 4.0]}
PRESCRIPTION = {"targets": {"PTV_7000": 70.0, "PTV_5600": 56.0}, "fractions": 35}


@dataclass(frozen=True, eq=False)
class Input:
    """An image, and for a dose its structures and prescription."""

    volume: Volume
    structures: StructureSet | None = None
    prescription: Prescription | None = None

    @property
    def fingerprint(self) -> str:
        """Hash of voxels and grid."""
        digest = hashlib.sha256(np.ascontiguousarray(self.volume.array).tobytes())
        digest.update(np.round(self.volume.grid.index_to_lps, 4).tobytes())
        return digest.hexdigest()


def sample_recipe(folder: ModelFolder) -> dict[str, Any]:
    """The part of the drawn patient that a model of this task and site is for."""
    if folder.model.task in ("tissue", "level"):
        part = TRUNK
    elif folder.model.task == "dose" or "head and neck" in folder.model.sites:
        part = HEAD
    else:
        part = ALL
    return {"sample_patient": {"seed": 0, **part}}


def file_recipe(image: Path, series: int | str | None = None, structures: Path | None = None,
                targets: Mapping[str, float] | None = None, fractions: int | None = None) -> dict[str, Any]:
    """Files of this machine; a dose needs structures, prescription and fractions too."""
    recipe: dict[str, Any] = {"image": str(Path(image).absolute())}
    if series is not None:
        recipe["series"] = series
    if structures is not None:
        recipe |= {"structures": str(Path(structures).absolute()),
                   "prescription": {"targets": dict(targets or {}), "fractions": fractions}}
    return recipe


def open_input(recipe: Mapping[str, Any]) -> Input:
    """Draw or read it. Raises InputError where the recipe is unknown or files are gone."""
    if isinstance(drawn := recipe.get("sample_patient"), Mapping):
        whole = {key: tuple(drawn[key]) for key in ("spacing_mm", "z_range_mm") if key in drawn}
        phantom = sample_patient(int(drawn.get("seed", 0)), **whole)
        return Input(phantom.ct, phantom.truth, _prescription(PRESCRIPTION))
    if "image" not in recipe:
        raise InputError("The case names neither the sample patient nor an image; keep it again.")
    volume = read_image(Path(str(recipe["image"])), series=recipe.get("series"))
    if "structures" not in recipe:
        return Input(volume)
    return Input(volume, read_structures(Path(str(recipe["structures"])), volume),
                 _prescription(recipe["prescription"]))


def is_drawn(recipe: Mapping[str, Any]) -> bool:
    return "sample_patient" in recipe


def _prescription(content: Mapping[str, Any]) -> Prescription:
    return Prescription({str(k): float(v) for k, v in content["targets"].items()}, int(content["fractions"]))
