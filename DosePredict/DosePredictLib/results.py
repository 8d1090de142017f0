"""A result of the worker becomes a dose, a chart and kept goals; without Qt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import slicer
from RadOncAILib.scene import freshness
from RadOncAILib.scene.dose import show_dose
from RadOncAILib.scene.nodes import VolumeNode
from RadOncAILib.scene.segmentation import segments
from slicer.i18n import tr as _

from . import chart, record
from .requests import Plan


def show(result: dict[str, Any], plan: Plan) -> VolumeNode:
    """The new dose node of a result of `dose`."""
    portions = show_in_portions(result, plan)
    while True:
        try:
            next(portions)
        except StopIteration as end:
            return end.value


def show_in_portions(result: dict[str, Any], plan: Plan) -> Iterator[None]:
    """The same in portions; closed early it takes out again what it had put in."""
    clock = time.strftime("%H:%M")
    name = slicer.mrmlScene.GenerateUniqueName(_("Predicted dose {time}").format(time=clock))
    dose = show_dose({**result, "kind": "predicted", "prescription": plan.prescription}, plan.volume, plan.structures,
                     name)
    try:
        record.keep(dose, plan, result, clock)
        yield
        freshness.remember(dose, made_from(plan, with_image=True))
        yield
        _draw(dose, result, plan)
    except BaseException:
        remove(dose)
        raise
    return dose


def show_evaluation(dose: VolumeNode, result: dict[str, Any], plan: Plan) -> None:
    """Put DVH and goals of a result of `dvh` beside a dose that is in the scene."""
    kept = record.kept_with(dose) or {}
    record.keep(dose, plan, result, kept.get("run") or time.strftime("%H:%M"))
    if record.kind_of(dose) != "predicted":
        freshness.remember(dose, made_from(plan, with_image=False))
    _draw(dose, result, plan)


def _draw(dose, result: dict[str, Any], plan: Plan) -> None:
    """The chart, with the bands of the target that is prescribed most."""
    chart.show(dose, result, plan.structures, dash=record.kind_of(dose) == "predicted")
    top = max(plan.prescription, key=plan.prescription.get, default="")
    chart.show_bands(dose, record.kept_with(dose), top, chart.colors_of(plan.structures).get(top, (0.5, 0.5, 0.5)))


def remove(dose: VolumeNode) -> None:
    """Take a dose, its display and its chart out of the scene."""
    chart.forget(dose)
    display = dose.GetDisplayNode()
    slicer.mrmlScene.RemoveNode(dose)
    if display is not None:
        slicer.mrmlScene.RemoveNode(display)


def made_from(plan: Plan, *, with_image: bool) -> dict[str, Any]:
    """What a dose or its goals were made from, as `freshness` remembers it."""
    inputs = {segment.GetName(): (plan.structures, segment_id) for segment_id, segment in segments(plan.structures)}
    return {plan.volume.GetName(): plan.volume, **inputs} if with_image else inputs


def changes(dose: VolumeNode | None, plan: Plan) -> tuple[str, ...]:
    """What of prescription, fractions and choice of nodes changed since; contours and voxels are `freshness`'s."""
    kept = record.kept_with(dose)
    if not kept or not kept.get("evaluated"):
        return ()
    words = {"prescription": _("prescription changed"), "fractions": _("number of fractions changed"),
             "structures": _("other structures chosen"), "volume": _("another image chosen")}
    return tuple(words[key] for key in record.differs(kept, plan))


def needs_evaluation(dose: VolumeNode, plan: Plan) -> bool:
    """Whether DVH and goals of a dose are missing, or are those of another goals table."""
    kept = record.kept_with(dose) or {}
    return not kept.get("evaluated") or kept.get("goals_table") != plan.goals
