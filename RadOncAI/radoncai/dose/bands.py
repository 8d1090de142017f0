"""The 90 % error of predicted metrics, from `bands.json` beside a dose model's weights.

    {"source": "...", "n_patients": 20,
     "metrics": {"Brainstem": {"D0.1cc[Gy]": [q05, q95, n], "Dmean[Gy]": [...]}, "PTV_HIGH": {"D95%[Gy]": [...]},
                 "role:oar": {...}, "role:ptv": {...}}}

q05 and q95 are the 5 % and 95 % quantiles of (true - predicted) over n patients that the model was not fitted to, in
the metric's unit. Keys are standard names, PTV_HIGH, PTV_MID and PTV_LOW by prescribed level, and a pool a role. A
metric without an own entry takes its role's, then the nearest kind of dose metric (near-maximum, mean, near-minimum);
a volume at a dose needs its own entry. Where nothing fits there is no band: it is never invented.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from radoncai.core.errors import InputError, ModelError
from radoncai.core.templates import match
from radoncai.dose.dvh import Dvh
from radoncai.dose.metrics import Metric, MetricValue, parse
from radoncai.models.catalogue import ModelFolder

LEAST_PATIENTS = 10
_NEAREST = {
    "maximum": ("Dmax[Gy]", "D0.03cc[Gy]", "D0.1cc[Gy]", "D1cc[Gy]", "D1%[Gy]", "D2%[Gy]"),
    "mean": ("Dmean[Gy]", "D50%[Gy]"),
    "minimum": ("D98%[Gy]", "D99%[Gy]", "D95%[Gy]", "Dmin[Gy]"),
}


@dataclass(frozen=True)
class Bands:
    """Quantiles of the error by structure key and metric name."""

    metrics: dict[str, dict[str, tuple[float, float, int]]]
    source: str = ""
    n_patients: int | None = None
    highest_gy: float | None = None

    def for_levels(self, levels: Iterable[float | None]) -> Bands:
        """The bands for a plan of these prescribed levels, so that its highest target is PTV_HIGH."""
        known = [level for level in levels if level]
        return replace(self, highest_gy=max(known)) if known and self.highest_gy is None else self

    def around(self, dvh: Dvh, value: MetricValue) -> tuple[float | None, float | None]:
        """(low, high) that holds the true metric in about 90 % of patients; (None, None) where it is not known."""
        if value.value is None:
            return None, None
        asked = parse(value.metric)
        found, factor = self._find(dvh, asked)
        if found is None:
            return None, None
        low, high = value.value + found[0] * factor, value.value + found[1] * factor
        most = 100.0 if asked.kind in ("V", "CV") and asked.unit == "%" else float("inf")
        return min(max(low, 0.0), most), min(max(high, 0.0), most)

    def _find(self, dvh: Dvh, asked: Metric) -> tuple[tuple[float, float, int] | None, float]:
        keys = (key_of(dvh, self.highest_gy), f"role:{dvh.role}")
        names, factor = [asked.name], 1.0
        if asked.unit == "%" and asked.kind[0] == "D" and dvh.prescription_gy:
            names.append(asked.name.replace("[%]", "[Gy]"))
            factor = 100 / dvh.prescription_gy
        for name in names:
            entry = self._entry(keys, (name,))
            if entry is not None:
                return entry, (1.0 if name == asked.name else factor)
        kind = _kind(asked) if asked.unit == "Gy" or dvh.prescription_gy else ""
        return (self._entry(keys, _NEAREST[kind]) if kind else None), factor

    def _entry(self, keys: tuple[str, ...], names: tuple[str, ...]) -> tuple[float, float, int] | None:
        for key in keys:
            for name in names:
                entry = self.metrics.get(key, {}).get(name)
                if entry is not None and entry[2] >= LEAST_PATIENTS:
                    return entry
        return None


def read_bands(path: Path, highest_gy: float | None = None) -> Bands:
    """Read bands.json; `highest_gy` is the plan's highest prescribed level. Raises ModelError for a damaged file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        metrics = {key: {parse(name).name: (float(low), float(high), int(n)) for name, (low, high, n) in entry.items()}
                   for key, entry in data["metrics"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError) as error:
        raise ModelError(f"The error bands in {path} are damaged ({error}); install the model again.") from error
    return Bands(metrics, data.get("source", ""), data.get("n_patients"), highest_gy)


def key_of(dvh: Dvh, highest_gy: float | None) -> str:
    """Standard name of an organ; PTV_HIGH for the highest level, PTV_MID from 85 % of it, else PTV_LOW."""
    if dvh.role != "ptv":
        found = match(dvh.standard_name or dvh.structure)
        return found.name if found else dvh.structure
    if not dvh.prescription_gy or not highest_gy:
        return "role:ptv"
    share = dvh.prescription_gy / highest_gy
    return "PTV_HIGH" if share > 0.999 else "PTV_MID" if share >= 0.85 else "PTV_LOW"


def _kind(asked: Metric) -> str:
    if asked.kind in ("Dmean", "gEUD"):
        return "mean" if asked.kind == "Dmean" else ""
    if asked.is_maximum or (asked.kind == "D" and asked.at_unit == "%" and asked.at <= 5):
        return "maximum"
    if asked.kind == "Dmin" or (asked.kind == "D" and asked.at_unit == "%" and asked.at >= 90):
        return "minimum"
    return "mean" if asked.kind == "D" and asked.at_unit == "%" and asked.at == 50 else ""


def bands_of(folder: ModelFolder) -> Bands | None:
    """The 90 % errors of a model's metrics, None where it has none."""
    path = folder.path / "bands.json"
    return read_bands(path) if path.is_file() else None
