"""From results of the jobs to sections of the report."""

from __future__ import annotations

from collections.abc import Sequence

from radoncai.bodycomp.checks import SENTENCES
from radoncai.bodycomp.job import BodyResult
from radoncai.bodycomp.measure import BodyComposition
from radoncai.contour.job import ContourResult
from radoncai.contour.table import structure_rows
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume
from radoncai.dose.evaluate import Evaluation
from radoncai.dose.job import DoseResult
from radoncai.models.catalogue import ModelFolder
from radoncai.report.sections import BodySection, ContourSection, DoseSection


def contour_section(results: Sequence[ContourResult], structures: StructureSet, volume: Volume) -> ContourSection:
    findings = {s.name: s.findings for s in structures if s.findings}
    warnings = [w for r in results for w in r.warnings]
    return ContourSection(
        volume, structures, structure_rows(structures), findings, [short(r.model) for r in results], warnings
    )


def dose_section(result: DoseResult, evaluation: Evaluation, structures: StructureSet, volume: Volume) -> DoseSection:
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


def body_section(result: BodyResult, volume: Volume, row: dict[str, object]) -> BodySection:
    measured = result.measured
    level = measured.level
    agree = level.rule if level.agree is None else f"{level.agree} of {level.asked} methods agree"
    text = f"L3 at S {level.level_mm:.1f} mm, {agree}"
    return BodySection(
        volume, level.level_mm, text, measured.tissue, [row], sentences(measured), short(result.model), level.notes
    )


def sentences(measured: BodyComposition) -> list[str]:
    """The flags of a measurement in words."""
    return [SENTENCES[flag] for flag in measured.flags]


def short(folder: ModelFolder) -> dict[str, object]:
    """The model in a line."""
    return {"name": folder.name, "version": folder.version, "title": folder.title, "licence": folder.model.licence}


def cards(folders: Sequence[ModelFolder]) -> list[dict[str, object]]:
    """Each model's card once, with its name and version."""
    unique = {f.name: f for f in folders}
    return [{"name": f.name, "version": f.version, "title": f.title, **f.card} for f in unique.values()]
