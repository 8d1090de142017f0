"""Contours as a section of the report."""

from __future__ import annotations

from collections.abc import Sequence

from radoncai.contour.job import ContourResult
from radoncai.contour.table import structure_rows
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume
from radoncai.models.catalogue import short
from radoncai.report.sections import ContourSection


def contour_section(results: Sequence[ContourResult], structures: StructureSet, volume: Volume) -> ContourSection:
    """Contours of one or several models with their findings."""
    findings = {s.name: s.findings for s in structures if s.findings}
    warnings = [w for r in results for w in r.warnings]
    return ContourSection(
        volume, structures, structure_rows(structures), findings, [short(r.model) for r in results], warnings
    )
