"""What a report is made from: core nouns for the pictures, plain table rows for the tables.

Rows are dicts with the columns of the CSV tables; a value is a number, its text, or None or "" where unknown.
A row may carry `reason`, one sentence why a value is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from radoncai.core.dose import Dose, Prescription
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume

Row = Mapping[str, object]


@dataclass(frozen=True, eq=False)
class ContourSection:
    """Contours on a CT. `rows` as structures.csv; `findings` maps a structure's name to its sentences."""

    ct: Volume
    structures: StructureSet
    rows: Sequence[Row]
    findings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    model: Row | Sequence[Row] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class DoseSection:
    """A dose with its DVH and goals.

    `dvh_rows`: one dict a curve with `structure`, `dose_gy` and `volume_pct` (arrays of one length, cumulative)
    and, where it helps, `kind` (clinical or predicted; the dose's own by default) and `volume_cc`. `metric_rows`
    as dvh_metrics.csv, `goal_rows` as goals.csv; rows of one `group` count once, with their best verdict.
    """

    ct: Volume
    structures: StructureSet
    dose: Dose
    prescription: Prescription | None = None
    dvh_rows: Sequence[Row] = ()
    metric_rows: Sequence[Row] = ()
    goal_rows: Sequence[Row] = ()
    model: Row | Sequence[Row] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class BodySection:
    """Tissues at one level, `level_mm` in LPS S; `rows` as bodycomp.csv, `flags` as sentences.

    `tissue` is the label map of the slice: 1 muscle, 2 SAT, 3 VAT, 4 IMAT, 5 unclassified fat; best a Volume of
    one slice on its own grid, else uint8 (rows, columns) of the CT's grid.
    """

    ct: Volume
    level_mm: float
    level_text: str
    tissue: Volume | np.ndarray
    rows: Sequence[Row]
    flags: Sequence[str] = ()
    model: Row | Sequence[Row] = field(default_factory=dict)
    warnings: Sequence[str] = ()
