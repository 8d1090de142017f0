"""What a result was made from, and what of it has changed since.

The record is an attribute of the result's node and node references, so it survives saving the scene.
"""

from __future__ import annotations

import json
import time
from typing import Any

import slicer

from RadOncAILib.scene.checksum import checksum, segment_checksum
from RadOncAILib.scene.nodes import Node
from RadOncAILib.scene.tags import dump, get_record

__all__ = ["checksum", "forget", "out_of_date", "remember"]

INPUTS = "RadOncAI.Inputs"
ROLE = "radoncai.input"


def remember(result: Node, inputs: dict[str, Any]) -> None:
    """Note what `result` (any node) was made from; replaces what was noted before.

    `inputs` maps a word for the screen ("CT", "Prescription") to a volume node, a segmentation node (then each of its
    segments is noted under its own name), a pair (segmentation node, segment ID), or a plain JSON value.
    """
    forget(result)
    rows = [row for label, given in inputs.items() for row in _rows(label, given)]
    nodes = list(dict.fromkeys(row["node"] for row in rows if "node" in row))
    for n, node_id in enumerate(nodes):
        result.SetNodeReferenceID(f"{ROLE}{n}", node_id)
    for row in rows:
        if "node" in row:
            row["node"] = nodes.index(row["node"])
    result.SetAttribute(INPUTS, dump(rows))


def out_of_date(result: Node, values: dict[str, Any] | None = None) -> list[str]:
    """Sentences on what changed since `remember`, such as "Parotid_L edited 14:20"; [] while the result holds.

    `values` gives the plain values as they are now, by the same words; those left out are not judged. An input that is
    back to what it was counts as unchanged. The time is that of the edit where it is known, else when it was noticed.
    """
    rows = _read(result)
    before, sentences = dump(rows), []
    for row in rows:
        what = _change(result, row, values or {})
        if not what:
            row.pop("noticed", None)
            continue
        row.setdefault("noticed", time.strftime("%H:%M"))
        sentences.append(f"{row['label']} {what} {_edit_time(result, row) or row['noticed']}")
    if dump(rows) != before:
        result.SetAttribute(INPUTS, dump(rows))
    return sentences


def forget(result: Node) -> None:
    """Take the record away: a result without one is never out of date."""
    result.RemoveAttribute(INPUTS)
    roles = [result.GetNthNodeReferenceRole(n) for n in range(result.GetNumberOfNodeReferenceRoles())]
    for role in roles:
        if role and role.startswith(ROLE):
            result.RemoveNodeReferenceIDs(role)


def _rows(label: str, given: Any) -> list[dict[str, Any]]:
    if isinstance(given, tuple) and len(given) == 2 and hasattr(given[0], "GetSegmentation"):
        return [_segment_row(*given)]
    if hasattr(given, "GetSegmentation"):
        return [_segment_row(given, i) for i in given.GetSegmentation().GetSegmentIDs()]
    if hasattr(given, "IsA"):
        return [{"label": label, "node": given.GetID(), "sum": checksum(given)}]
    return [{"label": label, "value": json.loads(dump(given))}]


def _segment_row(node, segment_id: str) -> dict[str, Any]:
    name = node.GetSegmentation().GetSegment(segment_id).GetName()
    return {"label": name, "node": node.GetID(), "segment": segment_id, "sum": segment_checksum(node, segment_id)}


def _read(result) -> list[dict[str, Any]]:
    return json.loads(result.GetAttribute(INPUTS) or "[]")


def _node(result, row: dict[str, Any]):
    return slicer.mrmlScene.GetNodeByID(result.GetNodeReferenceID(f"{ROLE}{row['node']}") or "")


def _change(result, row: dict[str, Any], values: dict[str, Any]) -> str:
    """removed, edited, renamed, changed, or "" where nothing is."""
    if "node" not in row:
        known = row["label"] in values
        return "changed" if known and json.loads(dump(values[row["label"]])) != row["value"] else ""
    node = _node(result, row)
    if node is None:
        return "removed"
    if "segment" not in row:
        return "" if checksum(node) == row["sum"] else "changed"
    now = segment_checksum(node, row["segment"])
    if not now:
        return "removed"
    if now != row["sum"]:
        return "edited"
    return "" if node.GetSegmentation().GetSegment(row["segment"]).GetName() == row["label"] else "renamed"


def _edit_time(result, row: dict[str, Any]) -> str:
    """HH:MM of the segment's last edit where the review saw it."""
    node = _node(result, row) if "segment" in row else None
    segment = node.GetSegmentation().GetSegment(row["segment"]) if node is not None else None
    return (get_record(segment).get("edited_at") or "")[11:16] if segment is not None else ""
