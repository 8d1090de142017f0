"""Telling apart the phases, echoes or reconstructions that share one series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydicom.dataset import Dataset

from radoncai.dicom.values import number, numbers, text

# attribute: what a person calls it
_TELLING = {
    "NominalPercentageOfRespiratoryPhase": "respiratory phase %", "NominalPercentageOfCardiacPhase": "cardiac phase %",
    "TemporalPositionIdentifier": "time point", "TemporalPositionIndex": "time point",
    "NominalCardiacTriggerDelayTime": "trigger delay ms", "TriggerTime": "trigger time ms",
    "DiffusionBValue": "b value", "EchoNumbers": "echo", "EchoTime": "echo time ms",
    "EffectiveEchoTime": "echo time ms",
    "InversionTime": "inversion time ms", "SeriesDescription": "description", "ImageType": "image type",
    "AcquisitionNumber": "acquisition", "FrameReferenceTime": "time ms", "StackID": "stack",
    "ConvolutionKernel": "kernel", "KVP": "kV", "ImageComments": "comment", "AcquisitionDateTime": "taken",
    "AcquisitionTime": "taken at", "ContentTime": "made at", "SliceThickness": "slice thickness mm",
    "ContrastBolusAgent": "contrast"}
_MOST = 200


def split_phases(headers: Sequence[Dataset]) -> list[tuple[str, list[int]]]:
    """Groups of the headers of one series that hold each position once, with what tells each apart.

    One group named "" where no position repeats or nothing tells the repeats apart.
    """
    everything = [("", list(range(len(headers))))]
    places = [_place(h) for h in headers]
    if None in places or len(headers) < 2:
        return everything
    repeats = max(Counter(places).values())
    if not 2 <= repeats <= _MOST:
        return everything
    for keyword, word in _TELLING.items():
        groups: dict[str, list[int]] = {}
        for n, header in enumerate(headers):
            groups.setdefault(text(header, keyword), []).append(n)
        if len(groups) == repeats and "" not in groups and all(_once(places, g) for g in groups.values()):
            return [(f"{word} {value}", groups[value]) for value in sorted(groups, key=_by_number)]
    return _by_instance(headers, places, repeats) or everything


def _by_instance(headers: Sequence[Dataset], places: list[tuple], repeats: int) -> list[tuple[str, list[int]]]:
    """Where every position was taken equally often: the n-th of each position by instance number is one phase."""
    counts = set(Counter(places).values())
    order = [number(h, "InstanceNumber") for h in headers]
    if counts != {repeats} or None in order or len(set(order)) != len(order) or len(headers) == repeats:
        return []
    groups: list[list[int]] = [[] for _ in range(repeats)]
    seen: Counter = Counter()
    for n in np.argsort(order):
        groups[seen[places[n]]].append(int(n))
        seen[places[n]] += 1
    return [(f"pass {n} by instance number", group) for n, group in enumerate(groups, 1)]


def _place(header: Dataset) -> tuple | None:
    position, orientation = numbers(header, "ImagePositionPatient"), numbers(header, "ImageOrientationPatient")
    if position is None or orientation is None:
        return None
    return tuple(np.round(position, 2) + 0.0) + tuple(np.round(orientation, 3) + 0.0)


def _once(places: list[tuple], group: list[int]) -> bool:
    return len({places[n] for n in group}) == len(group)


def _by_number(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value
