"""Dose score and DVH score of the OpenKBP challenge (Babier 2021), arrays in Gy on the patient's grid.

Dose score: sum of |difference| over the grid divided by the voxels of the possible dose mask, mean over patients; the
prediction is zeroed outside the mask first, as the challenge's sample code does. DVH score: mean over all (patient,
metric, structure) cells of |difference|; organs D_0.1_cc and mean, targets D_99, D_95, D_1; percentiles interpolate
linearly between order statistics.
"""

from __future__ import annotations

import numpy as np

ORGANS = ("Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Esophagus", "Larynx", "Mandible")
TARGETS = ("PTV56", "PTV63", "PTV70")


def dose_error(reference: np.ndarray, predicted: np.ndarray, mask: np.ndarray) -> float:
    """Gy; both doses zeroed outside the mask."""
    difference = np.asarray(reference, float) - np.asarray(predicted, float)
    return float(np.abs(difference)[mask].sum() / mask.sum())


def dvh_cells(dose: np.ndarray, structures: dict[str, np.ndarray], spacing_mm: tuple[float, ...]) -> dict[str, float]:
    """'metric structure' to Gy for the structures that exist."""
    tenth_cc = max(1.0, float(np.round(100.0 / np.prod(spacing_mm))))
    cells = {}
    for name in (*ORGANS, *TARGETS):
        if name not in structures or not structures[name].any():
            continue
        values = np.asarray(dose, float)[structures[name]]
        if name in ORGANS:
            cells[f"D_0.1_cc {name}"] = float(np.percentile(values, max(0.0, 100.0 - 100.0 * tenth_cc / values.size)))
            cells[f"mean {name}"] = float(values.mean())
        else:
            for metric, percentile in (("D_99", 1), ("D_95", 5), ("D_1", 99)):
                cells[f"{metric} {name}"] = float(np.percentile(values, percentile))
    return cells


def dvh_errors(
    reference: np.ndarray, predicted: np.ndarray, structures: dict[str, np.ndarray], spacing_mm: tuple[float, ...]
) -> dict[str, float]:
    """'metric structure' to |difference| in Gy."""
    true, found = dvh_cells(reference, structures, spacing_mm), dvh_cells(predicted, structures, spacing_mm)
    return {cell: abs(true[cell] - found[cell]) for cell in true}


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2.0 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))
