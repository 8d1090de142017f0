"""Doses, prescriptions and evaluations of a request or a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Source, Volume
from radoncai.dose.evaluate import Evaluation
from radoncai.dose.goals import GoalTable, load_goals
from radoncai.models.catalogue import ModelFolder, find
from radoncai.models.engine.orientation import to_lps
from radoncai.worker.arrays import load_array, save_array
from radoncai.worker.image import matrix
from radoncai.worker.protocol import field, optional

MOST_GY = 300.0


def dose_to_json(dose: Dose, folder: Path) -> dict[str, Any]:
    """Gray as dose.npy, float32, on the dose's own grid."""
    grid = dose.volume.grid
    return {"array": save_array(folder, "dose.npy", np.asarray(dose.volume.array, np.float32)),
            "ijk_to_lps": [float(v) for v in grid.index_to_lps.ravel()], "spacing_mm": list(grid.spacing_mm)}


def dose_from_json(request: dict[str, Any], folder: Path, source: Source, prescription: Prescription | None) -> Dose:
    """The request's dose; `source` gives patient and study. Raises InputError for values that are no dose in Gy."""
    given = field(request, "dose", dict)
    array = load_array(folder, given.get("array")).astype(np.float32)
    if not np.isfinite(array).all() or array.min() < -1e-3 or array.max() > MOST_GY:
        raise InputError("The dose volume holds values that cannot be a dose in Gy; choose another volume.")
    turned, _ = to_lps(Volume(array, Grid(array.shape, matrix(given)), "RTDOSE", "Gy", source))
    kind = optional(given, "kind", str) or "clinical"
    return Dose(turned.with_array(np.ascontiguousarray(turned.array)), kind, prescription)


def prescription_of(request: dict[str, Any]) -> Prescription | None:
    """`prescription` {name: Gy} with `fractions`; None where it is null or empty. Raises InputError."""
    given = optional(request, "prescription", dict)
    if not given:
        return None
    targets = {}
    for name, gy in given.items():
        if not isinstance(gy, (int, float)) or isinstance(gy, bool) or not 0 < gy < 200:
            raise InputError(f"The dose prescribed to {name} must lie between 0 and 200 Gy, not {gy}.")
        targets[name] = float(gy)
    fractions = optional(request, "fractions", int)
    if fractions is not None and fractions < 1:
        raise InputError(f"The number of fractions must be 1 or more, not {fractions}.")
    return Prescription(targets, fractions)


def goal_tables_of(request: dict[str, Any]) -> list[GoalTable]:
    """The named goals tables. Raises InputError for one that is not there."""
    return [load_goals(str(name)) for name in optional(request, "goals", list) or ()]


def dose_model(request: dict[str, Any]) -> ModelFolder:
    """The request's model, hn_dose where none is named."""
    return find(optional(request, "model", str) or "hn_dose")


def evaluation_to_json(evaluation: Evaluation) -> dict[str, Any]:
    """`dvh`, `metrics`, `goals` and `counts` of a result."""
    curves = [{"structure": d.structure, "role": d.role, "dose_gy": _short(d.dose_gy),
               "volume_pct": None if d.cumulative_pct is None else _short(d.cumulative_pct),
               "volume_cc": d.volume_cc, "color": list(d.color),
               "reason": "" if d.cumulative_pct is not None else "it is not wholly inside the dose grid"}
              for d in evaluation.dvhs]
    goals = [{**row, "missed_by": g.missed_by, "text": g.text, "reason": g.reason}
             for row, g in zip(evaluation.goal_rows, evaluation.goals, strict=True)]
    return {"dvh": curves, "metrics": evaluation.metric_rows, "goals": goals,
            "counts": evaluation.counts if evaluation.goals else {}, "dvh_choices": evaluation.dvh_choices}


def _short(values: np.ndarray) -> list[float]:
    return [round(float(v), 4) for v in values]
