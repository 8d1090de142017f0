"""Is the image what the model is made for? Asked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.volume import Volume
from radoncai.models.engine.orientation import tilt_degrees, to_lps
from radoncai.models.spec import ModelSpec

AXES = ("slices", "rows", "columns")
TILT_DEGREES = 10.0
OUTSIDE_SHARE, BEYOND = 0.01, 150
NO_AIR = -100.0
ALL_THE_SAME = "; --override runs it all the same and records it"


@dataclass(frozen=True)
class Applicability:
    """`refusals`: why the model must not run on the image; `warnings`: what a person should know. Sentences."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(volume: Volume, spec: ModelSpec, *, values: bool = True) -> Applicability:
    """Modality, values, spacing, slices, tilt and body part against `model.json`; nothing is raised.

    `values`: whether the volume has voxels to judge; headers alone have none.
    """
    refusals, warnings = [], []
    allowed = (spec.images[0].modality,) if spec.images[0].modality else spec.modality
    if volume.modality and volume.modality not in allowed:
        refusals.append(f"The image is {volume.modality}; the model {spec.name} is made for {_any(allowed)}.")
    elif not volume.modality:
        warnings.append(f"The file does not say what image it holds; it was taken to be {_any(allowed)}.")
    if values and not refusals:
        _judge_values(volume, spec, refusals, warnings)
    _judge_grid(volume, spec, refusals, warnings)
    _judge_body_part(volume, spec, warnings)
    return Applicability(tuple(refusals), tuple(warnings))


def check_images(spec: ModelSpec, images: Mapping[str, Volume]) -> None:
    """Raises InputError where `images` are not the further images that `model.json` names."""
    first, *further = spec.images
    wanted = {image.name: image for image in further}
    for name, image in wanted.items():
        if name not in images:
            kind = f" ({image.modality})" if image.modality and image.modality != name else ""
            raise InputError(f"The model {spec.name} also needs the image {name}{kind}; add it (--image {name}=PATH).")
        found = images[name].modality
        if image.modality and found and found != image.modality:
            raise InputError(f"The image {name} is {found}; the model {spec.name} needs {image.modality} there.")
    for name in images:
        if name not in wanted and name != first.name:
            names = ", ".join(wanted) or "none but the planning image"
            raise InputError(f"The model {spec.name} takes no image named {name}; it takes {names}.")


def check(volume: Volume, spec: ModelSpec, override: bool = False) -> tuple[str, ...]:
    """Warnings; raises InputError with a sentence for each refusal, which `override` turns into warnings."""
    found = judge(volume, spec)
    if found.refusals and not override:
        raise InputError(f"{' '.join(found.refusals).removesuffix('.')}{ALL_THE_SAME}.")
    return tuple(f"Overridden: {text}" for text in found.refusals) + found.warnings


def _judge_values(volume: Volume, spec: ModelSpec, refusals: list[str], warnings: list[str]) -> None:
    array = volume.array
    if min(array.shape) == 0 or array.ndim != 3:
        refusals.append(f"The image has the shape {array.shape}; three dimensions with voxels are needed.")
        return
    lowest, highest = float(array.min()), float(array.max())
    if not np.isfinite([lowest, highest]).all():
        refusals.append("The image holds values that are not numbers; export it again.")
    elif lowest > NO_AIR and "CT" in (volume.modality or spec.modality):
        refusals.append(f"The image holds no air (lowest value {lowest:.0f}); its values do not look like HU.")
    limits = spec.applicability.get("hu_range")
    if limits:
        low, high = limits[0] - BEYOND, limits[1] + BEYOND
        share = sum(int(np.count_nonzero((plane < low) | (plane > high))) for plane in array) / array.size
        if share > OUTSIDE_SHARE:
            warnings.append(f"{100 * share:.0f} % of the voxels lie outside {limits[0]} to {limits[1]} HU, "
                            f"which the model {spec.name} does not know.")


def _judge_grid(volume: Volume, spec: ModelSpec, refusals: list[str], warnings: list[str]) -> None:
    grid = to_lps(volume)[0].grid
    for axis, spacing, limits in zip(AXES, grid.spacing_mm, spec.applicability.get("spacing_mm") or (), strict=False):
        if not limits[0] * 0.999 <= spacing <= limits[1] * 1.001:
            refusals.append(f"The {axis} lie {spacing:.2f} mm apart; the model {spec.name} is made for "
                            f"{limits[0]:g} to {limits[1]:g} mm.")
    extents = np.array(grid.shape) * grid.spacing_mm
    for axis, extent, least in zip(AXES, extents, spec.applicability.get("field_of_view_mm") or (), strict=False):
        if extent < least:
            refusals.append(f"The {axis} cover {extent:.0f} mm; the model {spec.name} needs {least:g} mm.")
    least = spec.applicability.get("min_slices", 1)
    if grid.shape[0] < least:
        refusals.append(f"The image has {grid.shape[0]} slices; the model {spec.name} needs {least}.")
    if tilt_degrees(grid) > TILT_DEGREES:
        warnings.append(f"The image is tilted by {tilt_degrees(grid):.0f} degrees; the model knows straight ones.")


def _judge_body_part(volume: Volume, spec: ModelSpec, warnings: list[str]) -> None:
    """Body Part Examined is written in many ways (HEADNECK, HEAD & NECK): one shared word is enough."""
    part = str(volume.source.header.get("BodyPartExamined") or "").upper()
    given = spec.applicability.get("body_part") or ()
    allowed = [given] if isinstance(given, str) else list(given)
    words = [word for text in allowed for word in text.upper().split() if len(word) > 3]
    if part and words and not any(word in part for word in words):
        warnings.append(f"The image says that it shows {part}; the model {spec.name} is made for {_any(allowed)}.")


def _any(names: tuple[str, ...] | list[str]) -> str:
    return " or ".join(names) or "any image"
