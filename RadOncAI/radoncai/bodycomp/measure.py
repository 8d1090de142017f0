"""Numbers of one patient at L3 with their standard deviations, and the row of `bodycomp.csv`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from radoncai.bodycomp.checks import contrast_of, slice_flags
from radoncai.bodycomp.level import Level, find_level
from radoncai.bodycomp.tissue import PROTOCOL, Predict, TissueSlice, denoised, numbers, segment_slice
from radoncai.bodycomp.upright import upright
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress
from radoncai.core.tables import columns
from radoncai.core.volume import Volume
from radoncai.dicom.series.planes import was_resampled

READER_SHARE = {"muscle_cm2": 0.019}
NEIGHBOUR_MM = 3.0
LEVEL_FLOOR_MM = 1.5
MEASURED = ("muscle_cm2", "imat_cm2", "vat_cm2", "sat_cm2", "unclassified_fat_cm2", "muscle_hu", "fat_hu",
            "smi_cm2_m2", "vati_cm2_m2", "sati_cm2_m2", "nama_cm2", "lama_cm2")
INDEX_OF = {"smi_cm2_m2": "muscle_cm2", "vati_cm2_m2": "vat_cm2", "sati_cm2_m2": "sat_cm2"}
COLUMNS = tuple(columns("bodycomp"))


@dataclass(frozen=True)
class Person:
    """What is known about the patient; unknown is None."""

    age_y: float | None = None
    sex: str | None = None
    height_m: float | None = None
    weight_kg: float | None = None


@dataclass(frozen=True)
class BodyComposition:
    """One measurement. `values` and `sd` hold the MEASURED names, None where unknown; `sd` are standard deviations.

    `tissue` is the label slice as a Volume of one slice (1 muscle, 2 SAT, 3 VAT, 4 IMAT, 5 unclassified fat), `image`
    the CT slice it was made on, `neighbours` the muscle, VAT, SAT areas one step above and below.
    """

    level: Level
    tissue: Volume
    image: Volume
    values: dict[str, float | None]
    sd: dict[str, float | None]
    person: Person
    flags: tuple[str, ...]
    facts: dict[str, object] = field(default_factory=dict)

    def to_row(self, case: str = "", run: str = "", model: str = "", version: str = "",
               weights: str = "") -> dict[str, object]:
        """Exactly COLUMNS; None = unknown."""
        row: dict[str, object] = {"case": case, "run": run, **self.facts, **vars(self.person)}
        row["level_mm"] = round(self.level.level_mm, 1)
        row["level_methods_agree"] = None if self.level.agree is None else f"{self.level.agree} of {self.level.asked}"
        row["level_spread_mm"] = None if self.level.spread_mm is None else round(self.level.spread_mm, 1)
        row.update({name: _rounded(self.values[name]) for name in MEASURED})
        row.update({f"{name}_sd": _rounded(self.sd[name]) for name in MEASURED})
        row.update(flags=";".join(self.flags), review="unreviewed", model=model, version=version, weights=weights)
        return {name: row[name] for name in COLUMNS}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def person_from(header: dict[str, object], person: Person | None = None) -> Person:
    """The given person, gaps filled from the DICOM header (PatientAge, PatientSex, PatientSize, PatientWeight)."""
    person = person or Person()
    age = str(header.get("PatientAge") or "")
    years = float(age[:-1]) if age[:-1].isdigit() and age[-1:] == "Y" else None
    sex = str(header.get("PatientSex") or "").upper()
    return Person(person.age_y if person.age_y is not None else years,
                  person.sex or (sex if sex in ("M", "F") else None),
                  person.height_m or _positive(header.get("PatientSize")),
                  person.weight_kg or _positive(header.get("PatientWeight")))


def _positive(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if number > 0 else None


def check_person(person: Person) -> None:
    """InputError for a height or weight no adult or child has (a height in centimetres, say)."""
    if person.height_m is not None and not 0.4 <= person.height_m <= 2.5:
        raise InputError(f"A height of {person.height_m:g} m is not possible; give it in metres, for example 1.72.")
    if person.weight_kg is not None and not 2 <= person.weight_kg <= 400:
        raise InputError(f"A weight of {person.weight_kg:g} kg is not possible; give it in kilograms.")


def measure(volume: Volume, predict: Predict, level_mm: float | None = None, person: Person | None = None,
            calibration: dict[str, float] | None = None, progress: Progress | None = None) -> BodyComposition:
    """Find L3 (or take `level_mm`), segment its slice, measure it.

    `predict` maps (n, 2, 256, 256) float32 to (n, 5, 256, 256) logits. `calibration` holds the factor for each
    measured number that turns the spread over eight views into a standard deviation; without it no sd is given.
    Raises InputError where L3 is not found or the slice holds no body.
    """
    person = person_from(volume.source.header, person)
    check_person(person)
    level = find_level(volume, level_mm, progress)
    volume = upright(volume)
    if progress:
        progress.step("segmenting tissue", 0.0)
    spacing = volume.grid.spacing_mm[1:]
    image = np.asarray(volume.array[level.slice_index], np.float32)
    tissue = segment_slice(image, spacing, predict)
    if progress:
        progress.step("segmenting tissue", 0.7)
    values = _values(tissue.labels, image, spacing)
    sd = _deviations(values, tissue, _slopes(volume, level, predict, calibration), level, calibration)
    values, sd = with_indices(values, person.height_m), with_indices(sd, person.height_m)
    box = (slice(level.slice_index, level.slice_index + 1), slice(0, image.shape[0]), slice(0, image.shape[1]))
    one = volume.crop(box)
    grid = one.grid
    facts = _facts(volume)
    flags = _flags(image, tissue.labels, tissue.uncertain, spacing, level, facts) + slice_origin_flags(volume, level)
    labels = Volume(tissue.labels[None], grid, volume.modality, "1", volume.source)
    return BodyComposition(level, labels, one, values, sd, person, flags, facts)


def measure_labels(volume: Volume, labels: np.ndarray, level: Level, person: Person | None = None) -> BodyComposition:
    """The numbers of regions that a person drew or corrected, without standard deviations.

    `labels` (rows, columns) belongs to the slice `level.slice_index` of the upright volume, as in `measure`. Raises
    InputError where its shape is another one or it is empty.
    """
    person = person_from(volume.source.header, person)
    check_person(person)
    volume = upright(volume)
    spacing = volume.grid.spacing_mm[1:]
    image = np.asarray(volume.array[level.slice_index], np.float32)
    if labels.shape != image.shape or not np.any(labels):
        raise InputError("The edited regions are empty or do not fit the slice; measure L3 again.")
    values = _values(labels, image, spacing)
    values = with_indices(values, person.height_m)
    sd: dict[str, float | None] = dict.fromkeys(values)
    facts = _facts(volume)
    flags = _flags(image, labels, 0.0, spacing, level, facts) + slice_origin_flags(volume, level)
    box = (slice(level.slice_index, level.slice_index + 1), slice(0, image.shape[0]), slice(0, image.shape[1]))
    one = volume.crop(box)
    drawn = Volume(labels[None].astype(np.uint8), one.grid, volume.modality, "1", volume.source)
    return BodyComposition(level, drawn, one, values, sd, person, flags, facts)


def _values(labels: np.ndarray, image: np.ndarray, spacing: tuple[float, float]) -> dict[str, float | None]:
    found = numbers(labels, image, denoised(image, spacing), spacing[0] * spacing[1])
    return {name: None if math.isnan(v) else v for name, v in found.items()}


def _slopes(volume: Volume, level: Level, predict: Predict, calibration: dict | None) -> dict[str, float]:
    """Change of each number per mm along the body, from the slices about 3 mm above and below."""
    if calibration is None or level.spread_mm is None and level.agree is None:
        return {}
    dz = volume.grid.spacing_mm[0]
    step = max(1, int(round(NEIGHBOUR_MM / dz)))
    ends = [int(np.clip(level.slice_index + s, 0, volume.grid.shape[0] - 1)) for s in (-step, step)]
    spacing = volume.grid.spacing_mm[1:]
    low, high = (_values(segment_slice(volume.array[k], spacing, predict, spread=False).labels,
                         np.asarray(volume.array[k], np.float32), spacing) for k in ends)
    apart = max(ends[1] - ends[0], 1) * dz
    return {n: abs(high[n] - low[n]) / apart for n in low if low[n] is not None and high[n] is not None}


def _deviations(values: dict, tissue: TissueSlice, slopes: dict[str, float], level: Level,
                calibration: dict[str, float] | None) -> dict[str, float | None]:
    """Standard deviations: calibrated spread, level term and reader floor in quadrature."""
    if calibration is None:
        return dict.fromkeys(values)
    level_sd = max(level.spread_mm or 0.0, LEVEL_FLOOR_MM)
    out: dict[str, float | None] = {}
    for name, value in values.items():
        seen = [v[name] for v in tissue.variants]
        if value is None or name not in calibration or not np.isfinite(seen).all():
            out[name] = None
            continue
        terms = (calibration[name] * float(np.std(seen, ddof=1)), slopes.get(name, 0.0) * level_sd,
                 READER_SHARE.get(name, 0.0) * value)
        out[name] = math.sqrt(sum(t * t for t in terms))
    return out


def with_indices(areas: dict[str, float | None], height_m: float | None) -> dict[str, float | None]:
    """Areas, or their standard deviations, in cm2 with the indices by the square of the height; None = unknown."""
    square = height_m * height_m if height_m else None
    return areas | {index: areas[area] / square if square and areas[area] is not None else None
                    for index, area in INDEX_OF.items()}


def _facts(volume: Volume) -> dict[str, object]:
    header = volume.source.header
    return {"series_uid": volume.source.series_uid or None, "study_date": header.get("StudyDate") or None,
            "kvp": _positive(header.get("KVP")), "slice_mm": round(volume.grid.spacing_mm[0], 2),
            "contrast": contrast_of(header), "protocol": PROTOCOL}


def slice_origin_flags(volume: Volume, level: Level) -> tuple[str, ...]:
    """Whether the slice was taken as it is or interpolated from oblique, tilted or missing images."""
    if was_resampled(volume):
        return ("resampled",)
    slices = volume.source.slices
    between = len(slices) == volume.grid.shape[0] and any(uid for _, uid in slices) and not slices[level.slice_index][1]
    return ("interpolated_slice",) if between else ()


def _flags(image: np.ndarray, labels: np.ndarray, uncertain: float, spacing: tuple[float, float], level: Level,
           facts: dict[str, object]) -> tuple[str, ...]:
    flags = slice_flags(image, labels, spacing)
    if level.agree is None:
        flags.append("level_given")
    elif level.agree < level.asked:
        flags.append("level_methods_disagree")
    elif level.asked == 1:
        flags.append("level_one_method")
    if facts["contrast"]:
        flags.append("contrast")
    if facts["kvp"] is not None and facts["kvp"] <= 100:
        flags.append("low_kv")
    if uncertain > 0.25:
        flags.append("uncertain_regions")
    return tuple(flags)
