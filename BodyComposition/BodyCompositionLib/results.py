"""A result of the worker in the scene: regions on their slice, level, vertebrae, numbers; without Qt."""

from __future__ import annotations

import json
import time

import slicer
from RadOncAILib.scene import freshness, level_line, tissue

from . import numbers, person, words

RESULT, RUN_AT, CHECKSUM = "RadOncAI.bodycomp", "RadOncAI.RunAt", "RadOncAI.RegionsChecksum"


def show(result: dict, volume, node, who: dict, level_mm: float | None):
    """Regions, level line and numbered vertebrae; `who` and `level_mm` are what was asked. Gives the regions' node.

    Regions that a person edited are never overwritten: a new measurement beside them gets a node of its own. What
    cannot be shown as a whole leaves nothing behind.
    """
    before = result_of(node.regions)
    vertebrae = result["vertebrae"] or (before or {}).get("vertebrae") or {}
    old = _replaceable(node.regions, volume)
    regions = tissue.show_tissue(result, volume, old)
    try:
        _remember(regions, volume, {**result, "vertebrae": vertebrae, "network": result["measured"]}, who, level_mm)
    except BaseException:
        if regions is not old:
            slicer.mrmlScene.RemoveNode(regions)
        raise
    if node.regions is not None and node.regions is not regions:
        node.regions.SetDisplayVisibility(False)
    node.regions = regions
    show_level(node, volume, result["level"]["level_mm"], vertebrae)
    return regions


def show_numbers(result: dict, volume, node, who: dict, level_mm: float | None):
    """New numbers of the regions in the scene: a person drew in them, or is said to be taller. Gives their node."""
    before = result_of(node.regions)
    kept = {**result, "vertebrae": before["vertebrae"], "network": before["network"]}
    _remember(node.regions, volume, kept, who, level_mm)
    return node.regions


def show_level(node, volume, s_mm: float, vertebrae: dict[str, float]) -> None:
    """The line that can be dragged, and the numbers of the vertebrae."""
    node.level_line = level_line.show_level(s_mm, volume, node.level_line)
    _only_in(node.level_line, "Yellow")
    shown = node.vertebrae.GetNumberOfControlPoints() if node.vertebrae is not None else -1
    if shown != len(words.numbered(vertebrae)):
        node.vertebrae = level_line.show_vertebrae(words.numbered(vertebrae), volume, node.vertebrae)
        _only_in(node.vertebrae, "Yellow", "Green")


def show_again(node, regions) -> None:
    """Level, person and overlay of a result that was measured earlier."""
    asked = result_of(regions)["asked"]
    for key in person.KEYS:
        if asked.get(key) and asked[key] != (getattr(node, key) or None):
            person.set_by_hand(node, key, asked[key])
    node.level_given = asked.get("level_mm") is not None
    node.level_mm = asked.get("level_mm") or 0.0
    node.regions = regions
    regions.SetDisplayVisibility(True)
    found = result_of(regions)
    show_level(node, volume_of(regions), found["level"]["level_mm"], found["vertebrae"])


def _only_in(node, *views: str) -> None:
    """Where the slice views of the standard layouts are there, the node is shown in these alone."""
    ids = [f"vtkMRMLSliceNode{name}" for name in views]
    if all(slicer.mrmlScene.GetNodeByID(i) is not None for i in ids):
        node.GetDisplayNode().SetViewNodeIDs(ids)


def _remember(regions, volume, result: dict, who: dict, level_mm: float | None) -> None:
    """Keep the numbers with the regions they belong to; both are saved with the scene."""
    kept = {key: value for key, value in result.items() if key not in ("labels", "folder")}
    text = json.dumps({**kept, "asked": {**who, "level_mm": level_mm}}, ensure_ascii=False)
    freshness.remember(regions, {volume.GetName(): volume})
    regions.SetAttribute(RUN_AT, time.strftime("%H:%M"))
    regions.SetAttribute(RESULT, text)
    regions.SetAttribute(CHECKSUM, freshness.checksum(regions))


def result_of(regions) -> dict | None:
    """The numbers of these regions, None where nothing was measured."""
    text = regions.GetAttribute(RESULT) if regions is not None else None
    return json.loads(text) if text else None


def shown_result(node) -> dict | None:
    """The numbers of the parameter node's regions where they belong to its image."""
    regions = node.regions
    return result_of(regions) if regions is not None and volume_of(regions) is node.volume else None


def is_changed(regions) -> bool:
    """Whether somebody drew in the regions since their numbers were made."""
    return bool(regions is not None and regions.GetAttribute(RESULT)
                and regions.GetAttribute(CHECKSUM) != freshness.checksum(regions))


def run_at(regions) -> str:
    return regions.GetAttribute(RUN_AT) or "" if regions is not None else ""


def regions_of(volume):
    """The newest measured regions on this volume, None where there are none."""
    found = [node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
             if node.GetAttribute(RESULT) and volume_of(node) is volume]
    return found[-1] if found else None


def volume_of(regions):
    """The image that the regions lie on."""
    return regions.GetNodeReference(regions.GetReferenceImageGeometryReferenceRole())


def _replaceable(regions, volume):
    """The earlier overlay where its regions are still the network's own and lie on this volume, else None."""
    before = result_of(regions)
    if before is None:
        return None
    if volume_of(regions) is not volume:
        return None
    return None if numbers.is_edited(before) or is_changed(regions) else regions
