"""What a dose means: DVHs, metrics and goals of every structure, for a predicted dose with its bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from radoncai.core.dose import Dose, Prescription
from radoncai.core.progress import Progress
from radoncai.core.structures import StructureSet
from radoncai.dose import dvh, goals, metrics
from radoncai.dose.bands import Bands
from radoncai.dose.resolve import with_prescription

LEFT_OUT = ("support",)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """DVHs and rows of dvh_metrics.csv and goals.csv; `goals` are the verdicts, `counts` how many of each."""

    dvhs: tuple[dvh.Dvh, ...]
    metric_rows: list[dict[str, object]]
    goals: tuple[goals.GoalResult, ...] = ()

    @property
    def goal_rows(self) -> list[dict[str, object]]:
        return list(goals.rows(self.goals))

    @property
    def dvh_choices(self) -> dict[str, object]:
        """How the DVH was sampled, for provenance."""
        return {
            "end_caps": self.dvhs[0].end_caps if self.dvhs else None,
            "supersampling_mm": {d.structure: round(d.supersampling_mm, 3) for d in self.dvhs},
        }

    @property
    def counts(self) -> dict[str, int]:
        return goals.summary(self.goals)


def evaluate(
    dose: Dose,
    structures: StructureSet,
    prescription: Prescription | None = None,
    tables: Sequence[goals.GoalTable] = (),
    bands: Bands | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a dose. `bands` are the 90 % errors of a model's predicted metrics; a given dose has none."""
    progress = progress or Progress()
    kept = [s for s in structures if s.role not in LEFT_OUT]
    found = []
    for number, one in enumerate(dvh.dvhs_of(kept, structures.grid, dose.volume)):
        progress.step("computing the DVH", (number + 1) / len(kept))
        found.append(one)
    curves = with_prescription(found, prescription)
    results = tuple(r for table in tables for r in goals.evaluate(table, curves, prescription, bands))
    return Evaluation(curves, list(metrics.rows(curves, bands)), results)
