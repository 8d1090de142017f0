"""What is kept with a dose in the scene: how it was made, its goals and metrics. Survives saving."""

from __future__ import annotations

import json
from typing import Any

from RadOncAILib.scene.dose import KIND
from RadOncAILib.scene.nodes import VolumeNode

ATTRIBUTE = "RadOncAI.DosePredict"
KEYS = ("metrics", "goals", "counts", "channels", "warnings", "overrides", "provenance", "model")
IMAGE, STRUCTURES = "RadOncAI.DosePredict.Image", "RadOncAI.DosePredict.Structures"


def keep(node: VolumeNode, plan: Any, result: dict[str, Any], run: str) -> dict[str, Any]:
    """Keep a result of the worker's `dose` or `dvh` with a dose node; what it lacks stays as it was."""
    kept = {**(kept_with(node) or {}), "run": run, "goals_table": plan.goals, "prescription": plan.prescription,
            "fractions": plan.fractions, "evaluated": True}
    kept |= {key: result[key] for key in KEYS if key in result}
    kept["volumes"] = {row["structure"]: row["volume_cc"] for row in result["dvh"]}
    node.SetAttribute(ATTRIBUTE, json.dumps(kept, ensure_ascii=False, separators=(",", ":")))
    node.SetNodeReferenceID(IMAGE, plan.volume.GetID())
    node.SetNodeReferenceID(STRUCTURES, plan.structures.GetID())
    return kept


def kept_with(node: VolumeNode | None) -> dict[str, Any] | None:
    """What was kept with a dose, with its image and structures; None for a dose that was never measured."""
    text = node.GetAttribute(ATTRIBUTE) if node is not None else None
    try:
        kept = json.loads(text) if text else None
    except ValueError:
        return None
    if kept is not None:
        kept |= {"volume": node.GetNodeReferenceID(IMAGE), "structures": node.GetNodeReferenceID(STRUCTURES)}
    return kept


def kind_of(node: VolumeNode) -> str:
    """predicted or clinical: a dose of somebody else counts as clinical."""
    return node.GetAttribute(KIND) or "clinical"


def differs(kept: dict[str, Any], plan: Any) -> list[str]:
    """What is no longer as it was when this was made: prescription, fractions, structures, volume."""
    now = {"prescription": plan.prescription, "fractions": plan.fractions,
           "structures": plan.structures.GetID() if plan.structures is not None else None,
           "volume": plan.volume.GetID() if plan.volume is not None else None}
    return [key for key, value in now.items() if kept.get(key) != value]
