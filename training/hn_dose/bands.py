"""Error bands of predicted DVH metrics from the early-stop patients: 5 % and 95 % quantiles of (true - predicted)."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from data import STANDARD

LEVEL_KEYS = {"PTV70": "PTV_HIGH", "PTV63": "PTV_MID", "PTV56": "PTV_LOW"}
PERCENTILES = {"D99%[Gy]": 1, "D98%[Gy]": 2, "D95%[Gy]": 5, "D50%[Gy]": 50, "D2%[Gy]": 98, "D1%[Gy]": 99}


def metrics(dose: np.ndarray, voxel_mm3: float, target: bool) -> dict[str, float]:
    """Metrics of the doses of one structure's voxels, in Gy."""
    out = {"Dmean[Gy]": float(dose.mean())}
    if target:
        out |= {name: float(np.percentile(dose, q)) for name, q in PERCENTILES.items()}
    for name, volume in (("D0.03cc[Gy]", 30.0), ("D0.1cc[Gy]", 100.0), ("D1cc[Gy]", 1000.0)):
        n = max(1.0, round(volume / voxel_mm3))
        out[name] = float(np.percentile(dose, max(0.0, 100 - 100 * n / len(dose))))
    return out


def differences(patient: dict, predicted: np.ndarray) -> dict[tuple[str, str], float]:
    """(structure key, metric) to true minus predicted."""
    volume, out = float(np.prod(patient["spacing_mm"])), {}
    for name, mask in patient["structures"].items():
        target = name.startswith("PTV")
        key = LEVEL_KEYS[name] if target else STANDARD.get(name, name)
        true, found = (metrics(d[mask], volume, target) for d in (patient["dose"], predicted))
        out |= {(key, metric): true[metric] - found[metric] for metric in true}
    return out


def bands(rows: list[dict[tuple[str, str], float]]) -> dict:
    """The content of bands.json; a pool over the organs and one over the targets serve structures without an entry."""
    pooled: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for (key, metric), value in row.items():
            role = "role:ptv" if key in LEVEL_KEYS.values() else "role:oar"
            for k in (key, role):
                pooled[k][metric].append(value)
    table = {key: {metric: [*(round(float(q), 2) for q in np.quantile(v, (0.05, 0.95))), len(v)]
                   for metric, v in sorted(entry.items())} for key, entry in sorted(pooled.items())}
    return {"source": "OpenKBP early-stop patients", "n_patients": len(rows), "metrics": table}
