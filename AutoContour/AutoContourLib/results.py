"""A result of the worker becomes one segmentation node; without Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import slicer
from RadOncAILib.scene import freshness, segmentation, uncertainty
from RadOncAILib.scene.checksum import segment_checksum
from slicer.i18n import tr as _

RUN_AT = "RadOncAI.RunAt"


def show(result: dict, volume):
    """The new segmentation node of a result of `contour`."""
    made = []
    for _done in show_in_portions(result, volume, made.append):
        pass
    return made[0]


def show_in_portions(result: dict, volume, on_node: Callable[[object], None]) -> Iterator[None]:
    """The same in portions; closed early it takes out again what it had put in."""
    clock, model = time.strftime("%H:%M"), result["model"]
    words = (model["name"], model.get("version"), clock)
    name = slicer.mrmlScene.GenerateUniqueName(" ".join(filter(None, words)))
    node, unsure = (yield from segmentation.show_structures_in_portions(result, volume, name)), None
    try:
        unsure = uncertainty.add_map(result, volume, node)
        for segment_id, _segment in segmentation.segments(node):
            yield
            segment_checksum(node, segment_id)  # kept: who watches the contours needs all of them at once
        node.SetAttribute(RUN_AT, clock)
        freshness.remember(node, {"image": volume})
        on_node(node)
        for other in others(node):
            other.SetDisplayVisibility(False)  # they would lie under the new one
    except BaseException:
        for made in filter(None, (unsure, node)):
            slicer.mrmlScene.RemoveNode(made)
        raise


def others(node) -> list:
    """The results of other runs on the same image."""
    role = node.GetReferenceImageGeometryReferenceRole() if node is not None else ""
    volume = node.GetNodeReference(role) if node is not None else None
    if volume is None:
        return []
    return [other for other in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
            if other is not node and run_at(other) and other.GetNodeReference(role) is volume]


def absent(node) -> list[dict]:
    """Structures that were asked for and are not there, each with name, reason, and status as the table says it."""
    return [{**entry, "status": key} for key in ("not_found", "not_available")
            for entry in segmentation.attribute(node, key) or ()]


def run_at(node) -> str:
    """When the contours were made, "" for those that were loaded."""
    return node.GetAttribute(RUN_AT) or "" if node is not None else ""


def is_ai(node) -> bool:
    return bool(node is not None and segmentation.attribute(node, "model"))


def provenance_text(node) -> str:
    """What made the contours, a line each: models with versions and weights, options, when."""
    said = segmentation.attribute(node, "provenance") if node is not None else None
    if not said:
        return ""
    options = {key: value for key, value in (said.get("options") or {}).items() if value}
    lines = [_model_line(model) for model in said.get("models") or ()]
    lines += [f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in options.items()]
    return "\n".join([*lines, *(segmentation.attribute(node, "warnings") or ())])


def _model_line(model: dict) -> str:
    weights = model.get("weights") or ""
    return " ".join(filter(None, (model.get("name"), model.get("version"), f"({weights[:12]})" if weights else "")))


def _plain(value) -> str:
    return ", ".join(str(v) for v in value) if isinstance(value, list) else str(value)


def note(node) -> str:
    """What must stand wherever AI contours are seen, "" for contours of somebody else."""
    if not is_ai(node):
        return ""
    words = [segmentation.status(segment) for _id, segment in segmentation.segments(node)]
    if words and all(word == "approved" for word in words):
        return _("AI contours, approved by a person")
    return _("AI contours, not approved")


def in_words(result: dict) -> str:
    """What ran, for the log: hn_oar 0.1.0 on cpu; reading the image 0.3 s, running the model 24.1 s."""
    model, steps = result["model"], result.get("seconds") or {}
    took = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in steps.items())
    lines = [f"{model['name']} {model.get('version') or ''} on {result.get('device') or 'cpu'}; {took}"]
    lines += [f"{s['name']}: {' '.join(s['findings'])}" for s in result["structures"] if s.get("findings")]
    lines += [f"{m['name']} not found: {m['reason']}" for m in result["not_found"]]
    lines += [f"{m['name']} not available: {m['reason']}" for m in result.get("not_available") or ()]
    return "\n".join([*lines, *result["warnings"]])
