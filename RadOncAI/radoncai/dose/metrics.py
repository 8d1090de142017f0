"""Dose metrics by name, in TG-263's form: `D95%[Gy]`, `D0.03cc[Gy]`, `V20Gy[%]`, `Dmean[Gy]`, `HI`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.resources import resources, user_folder
from radoncai.dose.dvh import ALLOWED_MISSING, Dvh

if TYPE_CHECKING:
    from radoncai.dose.bands import Bands

HOT_CC = 2.0
_NUMBER = r"(\d+(?:\.\d+)?)"
_VOLUME_POINT = re.compile(rf"^(DC?){_NUMBER}(%|cc)\[(Gy|%)\]$", re.IGNORECASE)
_DOSE_POINT = re.compile(rf"^(C?V){_NUMBER}(Gy|%)\[(cc|%)\]$", re.IGNORECASE)
_NAMED = re.compile(r"^D?(mean|max|min|median)\[(Gy|%)\]$", re.IGNORECASE)
_EUD = re.compile(r"^gEUD\((-?\d+(?:\.\d+)?)\)\[(Gy|%)\]$", re.IGNORECASE)
_INDEX = re.compile(r"^(HI|CI|GI)(?:\[\])?$", re.IGNORECASE)
_UNITS = {"gy": "Gy", "cc": "cc", "%": "%"}


@dataclass(frozen=True)
class Metric:
    """What a metric's name asks for: `kind` D, DC, V, CV, Dmean, Dmax, Dmin, gEUD, HI, CI or GI; `at` with its unit."""

    kind: str
    at: float | None = None
    at_unit: str = ""
    unit: str = "Gy"

    @property
    def name(self) -> str:
        if self.kind in ("HI", "CI", "GI"):
            return self.kind
        if self.kind == "gEUD":
            return f"gEUD({self.at:g})[{self.unit}]"
        return f"{self.kind}{'' if self.at is None else f'{self.at:g}'}{self.at_unit}[{self.unit}]"

    @property
    def needs_prescription(self) -> bool:
        return (self.kind in ("V", "CV") and self.at_unit == "%") or \
            (self.kind[0] in "Dg" and self.unit == "%")

    @property
    def is_maximum(self) -> bool:
        """True where the hottest small volume decides, so that it holds for a part of the structure too."""
        return self.kind == "Dmax" or (self.kind == "D" and self.at_unit == "cc" and self.at <= HOT_CC)


@dataclass(frozen=True)
class MetricValue:
    """A value with its unit, or None with the reason; a reason beside a value says what it holds for."""

    metric: str
    value: float | None
    unit: str
    reason: str = ""


@cache
def parse(text: str) -> Metric:
    """Read a metric's name; `Mean[Gy]`, `Max[Gy]`, `Min[Gy]` and `Median[Gy]` are synonyms. Raises InputError."""
    plain = text.replace(" ", "")
    if found := _VOLUME_POINT.match(plain):
        kind, at, at_unit, unit = found.groups()
        return Metric(kind.upper(), float(at), _UNITS[at_unit.lower()], _UNITS[unit.lower()])
    if found := _DOSE_POINT.match(plain):
        kind, at, at_unit, unit = found.groups()
        return Metric(kind.upper(), float(at), _UNITS[at_unit.lower()], _UNITS[unit.lower()])
    if found := _NAMED.match(plain):
        word, unit = found.group(1).lower(), _UNITS[found.group(2).lower()]
        return Metric("D", 50.0, "%", unit) if word == "median" else Metric("D" + word, unit=unit)
    if found := _EUD.match(plain):
        return Metric("gEUD", float(found.group(1)), unit=_UNITS[found.group(2).lower()])
    if found := _INDEX.match(plain):
        return Metric(found.group(1).upper(), unit="")
    raise InputError(f"The dose metric {text} is not understood; write it like D95%[Gy], V20Gy[%] or Dmean[Gy].")


def metric(dvh: Dvh, text: str, prescription_gy: float | None = None, *, partial: bool = False) -> MetricValue:
    """The metric of a structure; None with a reason where it cannot be computed.

    `prescription_gy` (else the DVH's own) is what per cent of dose refers to. Of a structure that the scan or the dose
    grid cuts only maxima are given, marked so; `partial` computes the others too, for the part there is.
    """
    asked = parse(text)
    prescription = prescription_gy or dvh.prescription_gy
    reason = _cannot(asked, dvh, prescription) or ("" if partial or asked.is_maximum else _cut(dvh))
    if reason:
        return MetricValue(asked.name, None, asked.unit, reason)
    value = _value(asked, dvh, prescription)
    if asked.kind[0] in "Dg" and asked.unit == "%":
        value *= 100 / prescription
    mark = _mark(dvh) if asked.is_maximum or partial else ""
    return MetricValue(asked.name, float(value), asked.unit, mark)


def standard_metrics(role: str) -> tuple[str, ...]:
    """What dvh_metrics.csv lists for a role; all targets share a list, a role without one takes that of organs."""
    lists = _lists()
    return tuple(lists.get("ptv" if role in ("gtv", "ctv") else role, lists["oar"]))


def rows(dvhs: Iterable[Dvh], bands: Bands | None = None) -> Iterator[dict[str, object]]:
    """Rows of dvh_metrics.csv; per cent of dose needs `Dvh.prescription_gy`."""
    dvhs = list(dvhs)
    bands = bands.for_levels(d.prescription_gy for d in dvhs) if bands is not None else None
    for dvh in dvhs:
        for text in standard_metrics(dvh.role):
            result = metric(dvh, text)
            low, high = bands.around(dvh, result) if bands is not None else (None, None)
            yield {"structure": dvh.structure, "metric": result.metric, "value": result.value, "unit": result.unit,
                   "low": low, "high": high, "reason": result.reason}


@cache
def _lists() -> dict[str, list[str]]:
    own = user_folder() / "templates" / "metrics.json"
    lists = json.loads((resources() / "Templates" / "metrics.json").read_text(encoding="utf-8"))
    return lists | (json.loads(own.read_text(encoding="utf-8")) if own.is_file() else {})


def _cannot(asked: Metric, dvh: Dvh, prescription: float | None) -> str:
    if asked.kind in ("CI", "GI"):
        return "needs the dose of the whole body"
    if dvh.volume_cc <= 0:
        return "the structure is empty"
    if dvh.is_empty:
        return "the structure lies outside the dose grid"
    if asked.needs_prescription and not prescription:
        return "no prescription is known for it"
    if asked.at_unit == "cc" and asked.at > dvh.covered_cc:
        return f"the structure has only {dvh.covered_cc:.3g} cc with dose"
    if asked.at_unit == "%" and asked.kind in ("D", "DC") and asked.at > 100:
        return "more than 100 % of a volume is not possible"
    return ""


def _cut(dvh: Dvh) -> str:
    missing = 1 - dvh.covered_fraction
    if missing > ALLOWED_MISSING:
        return f"{100 * missing:.0f} % of it lies outside the dose grid" if missing >= 0.015 else \
            "more than 1 % of it lies outside the dose grid"
    return f"cut by the {dvh.cut_by}" if dvh.cut_by else ""


def _mark(dvh: Dvh) -> str:
    if 1 - dvh.covered_fraction > ALLOWED_MISSING or dvh.cut_by == "dose grid":
        return "in the part inside the dose grid"
    return "in the scanned part" if dvh.cut_by else ""


def _value(asked: Metric, dvh: Dvh, prescription: float | None) -> float:
    doses, volumes, total = dvh.sample_gy, dvh.sample_cc, dvh.covered_cc
    if asked.kind == "Dmean":
        return float((doses * volumes).sum() / total)
    if asked.kind in ("Dmax", "Dmin"):
        return dvh.highest_gy if asked.kind == "Dmax" else dvh.lowest_gy
    if asked.kind == "HI":
        return (dvh.dose_at_volume(0.02) - dvh.dose_at_volume(0.98)) / max(dvh.dose_at_volume(0.5), 1e-9)
    if asked.kind == "gEUD":
        return _eud(doses, volumes / total, asked.at)
    if asked.kind in ("D", "DC"):
        fraction = asked.at / (100 if asked.at_unit == "%" else total)
        return dvh.dose_at_volume(fraction if asked.kind == "D" else 1 - fraction)
    threshold = asked.at if asked.at_unit == "Gy" else asked.at * prescription / 100
    above = float(dvh.volume_at_least(threshold))
    volume = above if asked.kind == "V" else total - above
    return volume if asked.unit == "cc" else 100 * volume / total


def _eud(doses: np.ndarray, shares: np.ndarray, a: float) -> float:
    """Niemierko's (sum v D^a)^(1/a); a = 0 is not defined and gives the mean of logarithms."""
    doses = np.maximum(doses, 1e-6)
    if a == 0:
        return float(np.exp((shares * np.log(doses)).sum()))
    top = doses.max()
    return float(top * (shares * (doses / top) ** a).sum() ** (1 / a))
