"""A dose as a section of the report."""

from __future__ import annotations

from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume
from radoncai.dose.evaluate import Evaluation
from radoncai.dose.job import DoseResult
from radoncai.models.catalogue import short
from radoncai.report.sections import DoseSection


def dose_section(result: DoseResult, evaluation: Evaluation, structures: StructureSet, volume: Volume) -> DoseSection:
    """A predicted dose with its DVHs, metrics and goals."""
    curves = [
        {"structure": d.structure, "dose_gy": d.dose_gy, "volume_pct": d.cumulative_pct, "volume_cc": d.volume_cc}
        for d in evaluation.dvhs
        if d.cumulative_pct is not None and d.role != "external"
    ]
    goals = [{**row, "reason": g.reason} for row, g in zip(evaluation.goal_rows, evaluation.goals, strict=True)]
    warnings = [*(f"Overridden: {text}" for text in result.overrides), *result.warnings]
    return DoseSection(
        volume,
        structures,
        result.dose,
        result.dose.prescription,
        curves,
        evaluation.metric_rows,
        goals,
        short(result.model),
        warnings,
    )
