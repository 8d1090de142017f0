"""From nodes to the worker's requests; without Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from RadOncAILib.scene import geometry
from RadOncAILib.scene.dose import dose_request
from RadOncAILib.scene.image import image_request, why_no_files
from RadOncAILib.scene.nodes import SegmentationNode, VolumeNode
from RadOncAILib.scene.segmentation import structures_request
from slicer.i18n import tr as _

from radoncai.core.errors import InputError

from . import record
from .prescription import doses_from_texts, from_texts


@dataclass(frozen=True)
class Plan:
    """What a dose is predicted from, or measured against."""

    volume: VolumeNode | None
    structures: SegmentationNode | None
    prescription: dict[str, float]
    fractions: int
    model: str = ""
    goals: str = ""
    device: str = "auto"
    confirmed: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, Any]:
        """Prescription, fractions, model, goals, as every request has them."""
        return {"prescription": self.prescription or None, "fractions": self.fractions,
                "model": self.model or None, "goals": [self.goals] if self.goals else []}


def plan_of(node: Any, model: str = "", device: str = "auto") -> Plan:
    """What the parameter node says; targets without a dose are left out."""
    doses = {name: gy for name, gy in doses_from_texts(node.prescription).items() if gy > 0}
    return Plan(node.volume, node.structures, doses, node.fractions, model, node.goals, device,
                from_texts(node.confirmed))


def channels(plan: Plan) -> dict[str, Any]:
    """The job `dose_channels`: names and roles alone."""
    structures = [{key: s[key] for key in ("name", "role", "standard_name")}
                  for s in structures_request(plan.structures, plan.volume, None) if s["status"] != "rejected"]
    return {"structures": structures, **plan.said, "confirmed": plan.confirmed}


def predict(plan: Plan, folder: Path) -> dict[str, Any]:
    """The job `dose`."""
    return {"image": image_request(plan.volume, folder), **_structures(plan, folder), **plan.said,
            "device": plan.device, "confirmed": plan.confirmed}


def evaluate(plan: Plan, dose: VolumeNode, folder: Path) -> dict[str, Any]:
    """The job `dvh` for a dose in the scene; a prediction is measured with the bands of its own model."""
    kept = record.kept_with(dose) or {}
    model = (kept.get("model") or {}).get("name")
    return {"image": image_request(plan.volume, None), **_structures(plan, folder), **plan.said, "model": model,
            "dose": {**_dose(plan, dose, folder), "kind": record.kind_of(dose)}}


def why_no_writing(plan: Plan, dose: VolumeNode | None) -> str:
    """Why a dose may not be written, "" where it may."""
    if dose is None:
        return _("There is no dose yet.")
    if not (record.kept_with(dose) or {}).get("provenance"):
        return _("This dose was not predicted here; it is in its own file already.")
    if plan.volume is None or plan.structures is None:
        return _("Choose the image and the structures that the dose was made from.")
    return geometry.why_no_export(plan.volume, plan.structures, dose) or why_no_files(plan.volume)


def write(plan: Plan, dose: VolumeNode, output: str, folder: Path, *, report: bool = False) -> dict[str, Any]:
    """The job `write_dose` for a prediction. Raises InputError where it may not be written."""
    refusal = why_no_writing(plan, dose)
    if refusal:
        raise InputError(refusal)
    kept = record.kept_with(dose)
    return {"image": image_request(plan.volume, folder if report else None), **_structures(plan, folder),
            **plan.said, "prescription": kept["prescription"], "fractions": kept["fractions"],
            "model": kept["model"]["name"], "dose": {**_dose(plan, dose, folder), "kind": "predicted"},
            "provenance": kept["provenance"], "warnings": kept["warnings"], "output": output, "report": report}


def _structures(plan: Plan, folder: Path) -> dict[str, Any]:
    return {"structures": structures_request(plan.structures, plan.volume, folder)}


def _dose(plan: Plan, dose, folder: Path) -> dict[str, Any]:
    """The dose in the frame of the volume. Raises InputError where they lie under different transforms."""
    if dose.GetTransformNodeID() != plan.volume.GetTransformNodeID():
        text = _("{dose} and {image} lie under different transforms; give both the same one.")
        raise InputError(text.format(dose=dose.GetName(), image=plan.volume.GetName()))
    return dose_request(dose, folder)
