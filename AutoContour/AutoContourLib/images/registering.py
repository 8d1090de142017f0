"""How a further image lies on the planning image, and who accepted it; kept in the scene, without Qt.

An accepted registration is a linear transform node, moving image to planning image in RAS, that nothing is put under.
"""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import slicer
from RadOncAILib.scene import freshness, geometry
from RadOncAILib.scene.image import image_request
from RadOncAILib.scene.tags import dump
from slicer.i18n import tr as _

from radoncai.core.errors import InputError

MOVING, PLANNING = "radoncai.moving", "radoncai.planning"
RECORD, MATRIX = "RadOncAI.registration", "RadOncAI.matrix"


def accepted(moving, planning):
    """The transform node that a person accepted for these two images, None where there is none or one has changed."""
    for node in slicer.util.getNodesByClass("vtkMRMLLinearTransformNode"):
        is_theirs = node.GetNodeReference(MOVING) is moving and node.GetNodeReference(PLANNING) is planning
        if is_theirs and node.GetAttribute(RECORD) and not freshness.out_of_date(node):
            return node
    return None


def accept(moving, planning, answer: dict[str, Any], by: str):
    """Keep what the worker's `register` answered, with who accepted it and when."""
    withdraw(moving, planning)
    name = _("{moving} on {planning}").format(moving=moving.GetName(), planning=planning.GetName())
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", slicer.mrmlScene.GenerateUniqueName(name))
    to_planning = np.asarray(answer["matrix"], float).reshape(4, 4)
    node.SetMatrixTransformToParent(geometry.to_vtk(geometry.RAS_LPS @ to_planning @ geometry.RAS_LPS))
    record = {**(answer.get("record") or {}), "figures": answer.get("figures") or {}, "accepted_by": by,
              "accepted_at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    node.SetAttribute(RECORD, dump(record))
    node.SetAttribute(MATRIX, dump(to_planning.ravel().tolist()))
    node.SetNodeReferenceID(MOVING, moving.GetID())
    node.SetNodeReferenceID(PLANNING, planning.GetID())
    freshness.remember(node, {"moving": moving, "planning": planning})
    return node


def withdraw(moving, planning) -> None:
    """Take back what was accepted for these two images."""
    node = accepted(moving, planning)
    if node is not None:
        slicer.mrmlScene.RemoveNode(node)


def record_of(node) -> dict[str, Any]:
    return json.loads(node.GetAttribute(RECORD))


def why_not(moving, planning) -> str:
    """Why these two cannot be brought together, "" where they can: transforms of the scene are no registration."""
    if moving is planning:
        return _("This is the planning image; choose another one.")
    if moving.GetParentTransformNode() is not planning.GetParentTransformNode():
        moved = moving if moving.GetParentTransformNode() is not None else planning
        return _("{name} is moved by the transform {transform}, the other image is not; take it off.").format(
            name=moved.GetName(), transform=moved.GetParentTransformNode().GetName())
    return geometry.why_not_run(moving)


def register_request(folder, moving, planning, method: str, path: str | None = None) -> dict[str, Any]:
    """The fields of the worker's `register`; `find` looks at headers alone."""
    where = None if method == "find" else folder
    request = {"image": image_request(planning, where), "moving": image_request(moving, where, "moving.npy"),
               "method": method}
    return {**request, "path": path} if path else request


def further_request(folder, moving, planning, file: str) -> dict[str, Any]:
    """An entry of `images` in the worker's `contour`: the image, and how it lies where that was accepted."""
    problem = why_not(moving, planning)
    if problem:
        raise InputError(problem)
    node = accepted(moving, planning)
    placed = {} if node is None else {"to_planning": json.loads(node.GetAttribute(MATRIX)),
                                      "registration": record_of(node)}
    return {**image_request(moving, folder, file), **placed}
