"""Body composition of a request or a result: the level, the labelled slice, the numbers, and back again."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.bodycomp.checks import SENTENCES
from radoncai.bodycomp.cutoffs import METRIC_OF, matching
from radoncai.bodycomp.job import BodyResult
from radoncai.bodycomp.level import Level, given_level
from radoncai.bodycomp.measure import BodyComposition, Person, measure_labels, with_indices
from radoncai.bodycomp.write import provenance, row
from radoncai.core.errors import InputError
from radoncai.models.catalogue import find
from radoncai.worker.arrays import load_array, save_array
from radoncai.worker.image import Image
from radoncai.worker.model import in_short
from radoncai.worker.protocol import field, optional

MOST_LABEL = 5


def person_of(request: dict[str, Any]) -> Person:
    """`person` {height_m, weight_kg, sex, age_y}; null is unknown. Raises InputError."""
    given = optional(request, "person", dict) or {}
    sex = optional(given, "sex", str) or None
    if sex not in (None, "F", "M"):
        raise InputError(f"The sex {sex!r} is not known here; choose F, M or leave it open.")
    numbers = (optional(given, key, (int, float)) for key in ("age_y", "height_m", "weight_kg"))
    age, height, weight = (None if n is None else float(n) for n in numbers)
    return Person(age, sex, height, weight)


def result_to_json(result: BodyResult, image: Image, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The whole answer of `bodycomp` and `bodycomp_edit`. `measured` is what `write_bodycomp` takes back."""
    measured, level = result.measured, result.measured.level
    record = provenance(result, image.volume, options)
    vertebrae = dict(sorted(level.vertebrae.items(), key=lambda pair: -pair[1]))
    return {"values": measured.values, "sd": measured.sd, "level": _level_to_json(level, image),
            "vertebrae": vertebrae, "labels": _labels_to_json(measured, image, folder),
            "flags": [SENTENCES[f] for f in measured.flags], "percentile": None,
            "cutoffs": cutoffs(measured), "person": asdict(measured.person),
            "model": in_short(result.model, result.weights), "provenance": asdict(record),
            "row": row(result, image.volume, record.run), "device": result.device, "seconds": result.seconds,
            "measured": {"level": asdict(level), "values": measured.values, "sd": measured.sd,
                         "flags": list(measured.flags), "device": result.device, "weights": result.weights,
                         "model": result.model.name, "seconds": result.seconds, "options": options}}


def edited(request: dict[str, Any], image: Image, folder: Path) -> tuple[BodyResult, dict[str, Any]]:
    """The result of the request's labels at its level, and the options it was made with. Raises InputError.

    With `measured`, what the network found there, an exact undo of an edit gives its answer back.
    """
    level = _level_of(request, image)
    before = optional(request, "measured", dict)
    if before and (before.get("level") or {}).get("slice_index") == level.slice_index:
        result, is_same = measured_before(request, image, folder)
        options = before.get("options") or {}
        return result, options if is_same else {**options, "edited": True}
    labels = labels_from_json(request, image, folder, level)
    model = find(optional(request, "model", str) or "l3_tissue")
    weights = next(iter(model.model.weights.values()), "")
    measured = measure_labels(image.volume, labels, level, person_of(request))
    return BodyResult(measured, model, "cpu", weights, {}), {"level_mm": request["level_mm"], "edited": True}


def measured_before(request: dict[str, Any], image: Image, folder: Path) -> tuple[BodyResult, bool]:
    """A result from `measured`, `labels` and `person`, and whether the labels are still those that were measured.

    Numbers are computed again from the labels; standard deviations and flags stay only where the labels did.
    """
    before = field(request, "measured", dict)
    level = _level_again(field(before, "level", dict))
    labels = labels_from_json(request, image, folder, level)
    now = measure_labels(image.volume, labels, level, person_of(request))
    is_same = _same_numbers(now.values, before.get("values") or {})
    if is_same:
        sd = with_indices({**now.sd, **(before.get("sd") or {})}, now.person.height_m)
        now = replace(now, sd=sd, flags=tuple(before.get("flags") or ()))
    result = BodyResult(now, find(before.get("model") or "l3_tissue"), before.get("device") or "cpu",
                        before.get("weights") or "", before.get("seconds") or {})
    return result, is_same


def labels_from_json(request: dict[str, Any], image: Image, folder: Path, level: Level) -> np.ndarray:
    """(rows, columns) of the level's slice of the upright volume. Raises InputError where they lie elsewhere."""
    given = field(request, "labels", dict)
    array = load_array(folder, given.get("array"))
    try:
        own = tuple(slice(int(a), int(b)) for a, b in given["box"])
    except (KeyError, TypeError, ValueError):
        raise InputError("The regions have no place on the image; measure L3 again.") from None
    fits = len(own) == 3 and tuple(b.stop - b.start for b in own) == array.shape and all(
        0 <= b.start < b.stop <= n for b, n in zip(own, image.grid.shape, strict=True))
    if not fits or array.min() < 0 or array.max() > MOST_LABEL:
        raise InputError("The regions do not fit the image; measure L3 again.")
    box, turned = image.box(own), image.turn.apply(array)
    if not box[0].start <= level.slice_index < box[0].stop:
        raise InputError("The regions lie on another slice than the level; measure there again.")
    out = np.zeros(image.volume.grid.shape[1:], np.uint8)
    out[box[1], box[2]] = turned[level.slice_index - box[0].start]
    return out


def cutoffs(measured: BodyComposition) -> list[dict[str, Any]]:
    """Published values that fit the person, each with the measured value beside it; none without the sex."""
    person = measured.person
    bmi = person.weight_kg / person.height_m ** 2 if person.weight_kg and person.height_m else None
    return [{"column": column, "measured": measured.values.get(column), **asdict(reference)}
            for column in METRIC_OF for reference in matching(column, person.sex, person.age_y, bmi)]


def _level_to_json(level: Level, image: Image) -> dict[str, Any]:
    return {"level_mm": level.level_mm, "agree": level.agree, "asked": level.asked, "rule": level.rule,
            "notes": list(level.notes), "spread_mm": level.spread_mm, "votes": level.votes,
            "slice": _own_slice(level.slice_index, image)}


def _own_slice(index: int, image: Image) -> int:
    """The number of an upright slice along the request's own axis that runs along the body."""
    return image.volume.grid.shape[0] - 1 - index if image.turn.flips[0] else index


def _level_of(request: dict[str, Any], image: Image) -> Level:
    """The level of `measured` where the regions still lie there, so that a found one stays found; else as given."""
    given = given_level(image.volume, float(field(request, "level_mm", (int, float))))
    before = (optional(request, "measured", dict) or {}).get("level")
    if before and before.get("slice_index") == given.slice_index:
        return _level_again(before)
    return given


def _level_again(fields: dict[str, Any]) -> Level:
    try:
        return Level(**{**fields, "notes": tuple(fields.get("notes") or ())})
    except TypeError:
        raise InputError("The measurement's level is damaged; measure L3 again.") from None


def _labels_to_json(measured: BodyComposition, image: Image, folder: Path) -> dict[str, Any]:
    labels, index = measured.tissue.array, measured.level.slice_index
    shape = image.volume.grid.shape
    own = image.own_box((slice(index, index + 1), slice(0, shape[1]), slice(0, shape[2])))
    name = save_array(folder, "labels.npy", image.turn.undo(labels).astype(np.uint8))
    return {"array": name, "box": [[b.start, b.stop] for b in own], "slice": _own_slice(index, image)}


def _same_numbers(now: dict[str, float | None], before: dict[str, float | None]) -> bool:
    areas = [name for name in now if name.endswith("_cm2")]
    return all(before.get(n) is not None and abs(now[n] - before[n]) < 1e-6 for n in areas if now[n] is not None)


