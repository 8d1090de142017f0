"""A result of the worker becomes one segmentation node; without Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import slicer
from RadOncAILib.scene import freshness, segmentation
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
    clock = time.strftime("%H:%M")
    name = slicer.mrmlScene.GenerateUniqueName(f"AI contours {result['model']['name']} {clock}")
    node = yield from segmentation.show_structures_in_portions(result, volume, name)
    try:
        for segment_id, _segment in segmentation.segments(node):
            yield
            segment_checksum(node, segment_id)  # kept: who watches the contours needs all of them at once
        node.SetAttribute(RUN_AT, clock)
        freshness.remember(node, {"image": volume})
        on_node(node)
        _hide_earlier(node, volume)
    except BaseException:
        slicer.mrmlScene.RemoveNode(node)
        raise


def _hide_earlier(node, volume) -> None:
    """Earlier runs on this image, which would lie under the new one."""
    role = node.GetReferenceImageGeometryReferenceRole()
    for other in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        if other is not node and run_at(other) and other.GetNodeReference(role) is volume:
            other.SetDisplayVisibility(False)


def not_found(node) -> list[dict]:
    """Structures that were asked for and not found, each with name and reason."""
    return segmentation.attribute(node, "not_found") or []


def run_at(node) -> str:
    """When the contours were made, "" for those that were loaded."""
    return node.GetAttribute(RUN_AT) or "" if node is not None else ""


def is_ai(node) -> bool:
    return bool(node is not None and segmentation.attribute(node, "model"))


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
    lines = [f"{model['name']} {model['version']} on {result.get('device') or 'cpu'}; {took}"]
    lines += [f"{s['name']}: {' '.join(s['findings'])}" for s in result["structures"] if s.get("findings")]
    lines += [f"{m['name']} not found: {m['reason']}" for m in result["not_found"]]
    return "\n".join([*lines, *result["warnings"]])
