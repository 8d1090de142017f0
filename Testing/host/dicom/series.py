"""A series as vtkMRMLScalarVolumeNode, with what Slicer's scalar volume plug-in sets beside the voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import slicer

from .geometry import SlicePlaces, place
from .headers import value_of
from .hierarchy import add_series_item

IMAGES = ("CT", "MR", "PT")


def load_series(database, uid: str):
    """The volume node of an image series, shown in the slice views; None for anything else."""
    files = database.filesForSeries(uid)
    if not files or database.fieldForSeries("Modality", uid) not in IMAGES:
        return None
    data = [pydicom.dcmread(path) for path in files]
    places = place(data)
    ordered = [data[i] for i in places.order]
    name = _name(ordered[0])
    voxels = np.stack([_values(d) for d in ordered])
    node = slicer.util.addVolumeFromArray(voxels, places.ijk_to_ras, name)
    node.SetAttribute("DICOM.instanceUIDs", " ".join(str(d.SOPInstanceUID) for d in ordered))
    node.SetAttribute("DICOM.instanceNumbers", " ".join(value_of(d, "InstanceNumber") for d in ordered))
    _show(node, ordered[0])
    add_series_item(node, data)
    if not places.regular:
        node.SetAndObserveTransformNodeID(_acquisition_transform(node, places, name).GetID())
    return node


def _name(header) -> str:
    number, description = value_of(header, "SeriesNumber"), value_of(header, "SeriesDescription")
    return f"{number}: {description}" if number else description or Path(header.filename).stem


def _values(data) -> np.ndarray:
    slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
    stored = data.pixel_array
    if slope == int(slope) and intercept == int(intercept):
        return (stored.astype(np.int32) * int(slope) + int(intercept)).astype(np.int16)
    return stored * slope + intercept


def _show(node, header) -> None:
    node.CreateDefaultDisplayNodes()
    window, level = header.get("WindowWidth"), header.get("WindowCenter")
    if window is not None and level is not None:
        node.GetDisplayNode().AutoWindowLevelOff()
        node.GetDisplayNode().SetWindowLevel(_first(window), _first(level))
    selection = slicer.app.applicationLogic().GetSelectionNode()
    selection.SetReferenceActiveVolumeID(node.GetID())
    slicer.app.applicationLogic().PropagateVolumeSelection()


def _first(value) -> float:
    return float(value[0]) if isinstance(value, pydicom.multival.MultiValue) else float(value)


def _acquisition_transform(volume, places: SlicePlaces, name: str):
    """A grid transform from the regular grid to where the slices were taken: one displacement a slice corner."""
    import vtk

    columns, rows, slices = volume.GetImageData().GetDimensions()
    shifts = places.corner_errors * (-1.0, -1.0, 1.0)
    field = vtk.vtkImageData()
    field.SetDimensions(2, 2, slices)
    field.AllocateScalars(vtk.VTK_DOUBLE, 3)
    vectors = vtk.util.numpy_support.vtk_to_numpy(field.GetPointData().GetScalars())
    vectors[:] = np.repeat(shifts, 4, axis=0)
    spacing, origin = volume.GetSpacing(), volume.GetOrigin()
    field.SetSpacing(spacing[0] * columns, spacing[1] * rows, spacing[2])
    field.SetOrigin(origin)
    directions = vtk.vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(directions)
    grid = slicer.vtkOrientedGridTransform()
    grid.SetDisplacementGridData(field)
    grid.SetGridDirectionMatrix(directions)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", name + " acquisition transform")
    node.SetAndObserveTransformToParent(grid)
    return node
