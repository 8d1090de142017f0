"""Body composition as a section of the report."""

from __future__ import annotations

from radoncai.bodycomp.checks import SENTENCES
from radoncai.bodycomp.job import BodyResult
from radoncai.bodycomp.level import slice_s_mm
from radoncai.bodycomp.measure import BodyComposition
from radoncai.core.volume import Volume
from radoncai.models.catalogue import short
from radoncai.report.sections import BodySection


def body_section(result: BodyResult, volume: Volume, row: dict[str, object]) -> BodySection:
    """The tissues at one level; `row` is that of bodycomp.csv, whose rounded numbers are replaced by the exact ones."""
    measured = result.measured
    exact = {**measured.values, **{f"{name}_sd": sd for name, sd in measured.sd.items()}}
    level = measured.level
    text = f"L3 at S {level.level_mm:.1f} mm, {level.agreement}; {measured_on(measured)}"
    flags, model = sentences(measured), short(result.model)
    return BodySection(volume, level.level_mm, text, measured.tissue, [row | exact], flags, model, level.notes)


def measured_on(measured: BodyComposition) -> str:
    """'measured on the slice at S -912.5 mm', which is the nearest to the level."""
    return f"measured on the slice at S {slice_s_mm(measured.tissue)[0]:.1f} mm"


def sentences(measured: BodyComposition) -> list[str]:
    """The flags of a measurement in words."""
    return [SENTENCES[flag] for flag in measured.flags]
