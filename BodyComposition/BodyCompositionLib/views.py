"""Where the slice views look after a measurement; without Qt."""

from __future__ import annotations

import numpy as np
import slicer
from RadOncAILib.scene import geometry
from vtkmodules.vtkCommonTransforms import vtkGeneralTransform


def jump_to_slice(volume, index: int, *, also_sagittal: bool = False) -> None:
    """Red shows the slice (as it is stored); on the first showing Yellow goes to the middle of the body."""
    place = world_point(volume, float(slices_s(volume)[index]))
    for name in ("Red", "Yellow") if also_sagittal else ("Red",):
        view = slicer.mrmlScene.GetNodeByID(f"vtkMRMLSliceNode{name}")
        if view is not None:
            view.JumpSliceByOffsetting(*place)


def shown_s(volume) -> float:
    """S of the Red view's slice in the volume's own frame, inside the volume."""
    low, high, _step = reach_s(volume)
    view = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    place = world_point(volume, (low + high) / 2)
    if view is None:
        return (low + high) / 2
    matrix = view.GetSliceToRAS()
    in_view = [place[0], place[1], matrix.GetElement(2, 3)]
    return min(max(own_point(volume, in_view)[2], low), high)


def world_point(volume, s_mm: float) -> tuple[float, float, float]:
    """RAS of the volume's middle at S = s_mm of its own frame, moved by its transforms."""
    middle = geometry.ras_from_node(volume) @ [*((n - 1) / 2 for n in geometry.shape_of(volume)[::-1]), 1.0]
    own = [float(middle[0]), float(middle[1]), s_mm]
    return _moved(volume, own, "GetTransformToWorld")


def own_point(volume, ras: list[float]) -> tuple[float, float, float]:
    """A point of the room in the volume's own frame, RAS mm."""
    return _moved(volume, ras, "GetTransformFromWorld")


def _moved(volume, point: list[float], way: str) -> tuple[float, float, float]:
    parent = volume.GetParentTransformNode()
    if parent is None:
        return tuple(point)
    transform = vtkGeneralTransform()
    getattr(parent, way)(transform)
    return tuple(transform.TransformPoint(point))


def s_axis(volume) -> int:
    """The array's axis (0 k, 1 j, 2 i) that runs along the body."""
    return 2 - int(np.argmax(np.abs(geometry.ras_from_node(volume)[2, :3])))


def slices_s(volume) -> np.ndarray:
    """S of the middle of each slice across the body, in the volume's own frame, mm, as they are stored."""
    matrix, shape, axis = geometry.ras_from_node(volume), geometry.shape_of(volume), s_axis(volume)
    middle = matrix @ [*((n - 1) / 2 for n in shape[::-1]), 1.0]
    return middle[2] + (np.arange(shape[axis]) - (shape[axis] - 1) / 2) * matrix[2, 2 - axis]


def slice_of(volume, s_mm: float) -> int:
    """The slice that a measurement at a given S = s_mm is made on: the nearest, of two the lower one.

    Where L3 was found the result names its slice, for the spine may be bent.
    """
    places = slices_s(volume)
    away = np.round(np.abs(places - s_mm), 6)
    nearest = np.flatnonzero(away == away.min())
    return int(nearest[np.argmin(places[nearest])])


def reach_s(volume) -> tuple[float, float, float]:
    """Lowest and highest S of slice middles in the volume's own frame, and the step from slice to slice, mm."""
    places = slices_s(volume)
    step = float(np.abs(np.diff(places)).mean()) if len(places) > 1 else 1.0
    return float(places.min()), float(places.max()), step
