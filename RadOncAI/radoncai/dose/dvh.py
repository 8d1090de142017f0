"""Dose-volume histograms from weighted samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.structures import Structure
from radoncai.core.volume import Volume
from radoncai.dose.sampling import sample
from radoncai.dose.slabs import slabs_of

STEP_GY = 0.05
MOST_POINTS = 2000
ALLOWED_MISSING = 0.01


@dataclass(frozen=True, eq=False)
class Dvh:
    """The doses in a structure and the choices behind them.

    `volume_cc` is the whole structure, `covered_fraction` the share of it inside the dose grid. `cut_by` names what
    ends before the structure may ("scan", "dose grid"), "" where nothing does. `sample_gy` ascends, `sample_cc` is the
    volume of each sample; they hold the covered part. `prescription_gy` is the dose prescribed to it, for targets.
    """

    structure: str
    role: str
    volume_cc: float
    covered_fraction: float
    sample_gy: np.ndarray
    sample_cc: np.ndarray
    lowest_gy: float | None
    highest_gy: float | None
    standard_name: str = ""
    cut_by: str = ""
    supersampling_mm: float = 1.0
    end_caps: str = "half"
    centroid_lps: tuple[float, float, float] | None = None
    prescription_gy: float | None = None
    color: tuple[int, int, int] = (255, 255, 0)

    @property
    def is_empty(self) -> bool:
        return not len(self.sample_gy)

    @property
    def dose_gy(self) -> np.ndarray:
        """The doses of the cumulative curve: 0 Gy to the first one that nothing reaches, 0.05 Gy apart."""
        return self._curve[0]

    @property
    def cumulative_cc(self) -> np.ndarray:
        """Volume in cc that receives at least `dose_gy`."""
        return self._curve[1]

    @property
    def cumulative_pct(self) -> np.ndarray | None:
        """`cumulative_cc` in per cent of the structure; None where more than 1 % of it has no dose."""
        if self.is_empty or 1 - self.covered_fraction > ALLOWED_MISSING:
            return None
        return 100 * self.cumulative_cc / self.covered_cc

    @cached_property
    def covered_cc(self) -> float:
        return float(self.sample_cc.sum())

    @cached_property
    def _curve(self) -> tuple[np.ndarray, np.ndarray]:
        if self.is_empty:
            return np.empty(0), np.empty(0)
        most = max(float(self.highest_gy), 0.0)
        step = STEP_GY * max(1, int(np.ceil(most / STEP_GY / (MOST_POINTS - 2))))
        dose = step * np.arange(int(most / step) + 2)
        return dose, self.volume_at_least(dose)

    def volume_at_least(self, dose_gy: np.ndarray | float) -> np.ndarray:
        """Volume in cc of the covered part with at least this dose; exact steps at the samples."""
        above = np.concatenate([np.cumsum(self.sample_cc[::-1])[::-1], [0.0]])
        dose = np.asarray(dose_gy, float)
        return above[np.searchsorted(self.sample_gy, dose - 1e-6 * np.maximum(1.0, np.abs(dose)))]

    def dose_at_volume(self, fraction: float) -> float:
        """Largest dose that at least this fraction (0..1) of the covered part receives, Gy.

        Linear interpolation of the cumulative volume between the middles of the samples.
        """
        total = self.covered_cc
        middles = (np.cumsum(self.sample_cc) - self.sample_cc / 2) / total
        ends = np.concatenate([[0.0], middles, [1.0]])
        doses = np.concatenate([[self.lowest_gy], self.sample_gy, [self.highest_gy]])
        return float(np.interp(1.0 - fraction, ends, doses))


def dvh_of(structure: Structure, grid: Grid, dose: Volume, *, end_caps: str = "half") -> Dvh:
    """The DVH of one structure.

    `grid` is the grid of the structure set (for masks, and to see whether the scan cuts the structure); a structure
    with contours needs no mask. `end_caps` is half, none or full. Rule: see sampling.py.
    """
    slabs = slabs_of(structure, grid, dose.grid, end_caps)
    samples = sample(slabs, dose)
    volume = samples.missing_cc + float(samples.volume_cc.sum())
    covered = 1.0 - samples.missing_cc / volume if volume else 0.0
    return Dvh(structure.name, structure.role, volume, covered, samples.dose_gy, samples.volume_cc, samples.lowest_gy,
               samples.highest_gy, structure.standard_name, _cut_by(structure, grid, dose.grid, covered),
               samples.spacing_mm, end_caps, samples.centroid_lps, color=structure.color)


def dvhs_of(structures: Iterable[Structure], grid: Grid, dose: Volume, *, end_caps: str = "half") -> Iterator[Dvh]:
    """The DVHs of several structures, one after the other, so that a job can report progress between them."""
    dose = dose.with_array(np.asarray(dose.array, np.float32))
    for structure in structures:
        yield dvh_of(structure, grid, dose, end_caps=end_caps)


def joined(parts: Sequence[Dvh], name: str) -> Dvh:
    """One DVH of several structures that do not overlap, such as both lungs."""
    doses, volumes = (np.concatenate([getattr(p, field) for p in parts]) for field in ("sample_gy", "sample_cc"))
    order = np.argsort(doses, kind="stable")
    volume = sum(p.volume_cc for p in parts)
    covered = sum(p.volume_cc * p.covered_fraction for p in parts) / volume if volume else 0.0
    known = [p for p in parts if not p.is_empty]
    return replace(parts[0], structure=name, standard_name=name, volume_cc=volume, covered_fraction=covered,
                   sample_gy=doses[order], sample_cc=volumes[order],
                   lowest_gy=min((p.lowest_gy for p in known), default=None),
                   highest_gy=max((p.highest_gy for p in known), default=None),
                   cut_by=next((p.cut_by for p in parts if p.cut_by), ""), centroid_lps=None,
                   supersampling_mm=max(p.supersampling_mm for p in parts))


def rows(dvhs: Iterable[Dvh]) -> Iterator[dict[str, object]]:
    """Rows of dvh.csv; `volume_pct` is None where the structure is not wholly in the dose grid."""
    for dvh in dvhs:
        percents = dvh.cumulative_pct
        for n, (dose, volume) in enumerate(zip(dvh.dose_gy, dvh.cumulative_cc, strict=True)):
            yield {"structure": dvh.structure, "dose_gy": round(float(dose), 6), "volume_cc": float(volume),
                   "volume_pct": None if percents is None else float(percents[n])}


def _cut_by(structure: Structure, grid: Grid, dose_grid: Grid, covered: float) -> str:
    """What may end before the structure does: it reaches the border of its image, or leaves the dose grid."""
    if _reaches_the_end(structure, grid, dose_grid):
        return "dose grid" if structure.contours and grid.same_as(dose_grid) else "scan"
    return "dose grid" if 1 - covered > ALLOWED_MISSING else ""


def _reaches_the_end(structure: Structure, grid: Grid, dose_grid: Grid) -> bool:
    """True where it lies in an outermost slice, row or column beyond which there is no dose either.

    Dose beyond that border means that the image went on and the label map was merely cropped.
    """
    last = np.array(grid.shape[::-1]) - 1
    if structure.contours:
        index = grid.to_index(np.concatenate([c.points for c in structure.contours]))
        low, high = index.min(0) < 0.5, index.max(0) > last - 0.5
    elif structure.voxels:
        low = np.array([s.start for s in structure.box[::-1]]) <= 0
        high = np.array([s.stop - 1 for s in structure.box[::-1]]) >= last
    else:
        return False
    dose = grid.to_index(dose_grid.corners())
    slack = 1.0 + max(dose_grid.spacing_mm) / np.array(grid.spacing_mm[::-1])
    return bool(np.any((low & (dose.min(0) > -slack)) | (high & (dose.max(0) < last + slack))))
