"""Segment tags: what MRML has no field for. Kept in scenes and .seg.nrrd files."""

from __future__ import annotations

import json
from typing import Any

from vtkmodules.vtkCommonCore import reference

from RadOncAILib.scene.nodes import Segment

STATUS = "RadOncAI.Status"
ROLE = "RadOncAI.Role"
STANDARD_NAME = "RadOncAI.StandardName"
RECORD = "RadOncAI.Record"
TERMINOLOGY = "TerminologyEntry"

KEPT = ("code", "origin", "algorithm", "findings", "uncertainty", "reviewer", "reviewed_at", "comment", "read_from")
MASTER_LIST = "Segmentation category and type - DICOM master list"
REGION_LIST = "Anatomic codes - DICOM master list"
ANATOMY = ("SCT", "123037004", "Anatomical Structure")


def get_tag(segment: Segment, name: str) -> str:
    """A tag's text, "" where the segment has none."""
    text = reference("")
    return str(text) if segment.GetTag(name, text) else ""


def get_record(segment: Segment) -> dict[str, Any]:
    """What came with the structure beside name, role, colour and status; {} for a segment of somebody else."""
    try:
        record = json.loads(get_tag(segment, RECORD) or "{}")
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def set_record(segment: Segment, record: dict[str, Any]) -> None:
    """Write the record; a bar would end the tag in a .seg.nrrd file and is escaped."""
    segment.SetTag(RECORD, dump(record))


def update_record(segment: Segment, **changes: Any) -> None:
    """Change some entries of the record."""
    set_record(segment, {**get_record(segment), **changes})


def dump(value: Any) -> str:
    """JSON on one line without a bar."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("|", "\\u007c")


def set_structure_tags(segment: Segment, structure: dict[str, Any]) -> None:
    """Role, standard name, terminology and record of a structure of a result."""
    segment.SetTag(ROLE, structure.get("role") or "oar")
    segment.SetTag(STANDARD_NAME, structure.get("standard_name") or "")
    set_record(segment, {key: structure[key] for key in KEPT if structure.get(key) not in (None, [], "")})
    if structure.get("code"):
        segment.SetTag(TERMINOLOGY, terminology(structure["code"]))


def terminology(code: dict[str, Any]) -> str:
    """Slicer's terminology entry of a code {scheme, value, meaning, category, modifier}: seven parts joined by ~."""
    kind = (code.get("scheme"), code.get("value"), code.get("meaning"))
    parts = [_triple(code.get("category") or ANATOMY), _triple(kind), _triple(code.get("modifier"))]
    return "~".join([MASTER_LIST, *parts, REGION_LIST, _triple(None), _triple(None)])


def _triple(words) -> str:
    return "^".join(str(w or "") for w in words or ("", "", ""))
