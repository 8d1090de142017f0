"""Body composition as a section of the report."""

from __future__ import annotations

from radoncai.bodycomp.checks import SENTENCES
from radoncai.bodycomp.job import BodyResult
from radoncai.bodycomp.measure import BodyComposition
from radoncai.core.volume import Volume
from radoncai.models.catalogue import short
from radoncai.report.sections import BodySection


def body_section(result: BodyResult, volume: Volume, row: dict[str, object]) -> BodySection:
    """The tissues at one level; `row` is that of bodycomp.csv."""
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
