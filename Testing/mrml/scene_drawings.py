"""Volumes and structures with a known place in RAS, for the tests on the scene."""

import numpy as np

from radoncai.core.array_file import write_array

RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (7, 9, 11)  # slices, rows, columns
SPACING = (3.0, 1.1, 0.9)
ORIGIN = (-12.0, 34.0, -56.0)  # RAS

AXES = {  # columns: directions of i, j, k in RAS
    "axial": [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
    "axial, from feet": [[-1, 0, 0], [0, -1, 0], [0, 0, -1]],
    "sagittal": [[0, 0, 1], [-1, 0, 0], [0, -1, 0]],
    "coronal": [[-1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "left-handed": [[1, 0, 0], [0, -1, 0], [0, 0, 1]],
    "all negative": [[-1, 0, 0], [0, -1, 0], [0, 0, -1]],
}


def oblique():
    a, b = np.radians(25.0), np.radians(-14.0)
    around_s = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    around_r = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return (around_s @ around_r @ np.array(AXES["axial"], float)).tolist()


def ijk_to_ras(axes="axial"):
    directions = np.array(oblique() if axes == "oblique" else AXES[axes], float)
    out = np.eye(4)
    out[:3, :3] = directions * np.array(SPACING[::-1])
    out[:3, 3] = ORIGIN
    return out


EVERY = [*AXES, "oblique"]


def volume(slicer, axes="axial", name="CT", shape=SHAPE, array=None):
    """A CT whose voxels count up, so that each value has one place."""
    if array is None:
        array = (np.arange(np.prod(shape)).reshape(shape) - 1000).astype(np.int16)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, array)
    node.SetIJKToRASMatrix(vtk_matrix(ijk_to_ras(axes)))
    return node


def vtk_matrix(matrix):
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    out = vtkMatrix4x4()
    out.DeepCopy([float(x) for x in np.asarray(matrix).ravel()])
    return out


def moved(slicer, node, shift=(10.0, -20.0, 30.0), degrees=30.0):
    """Put a node under a linear transform; returns its 4x4 in RAS."""
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), 0, np.sin(a), shift[0]], [0, 1, 0, shift[1]],
                       [-np.sin(a), 0, np.cos(a), shift[2]], [0, 0, 0, 1]])
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "couch")
    transform.SetMatrixTransformToParent(vtk_matrix(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return matrix


def bent(slicer, node, shift_mm=2.0):
    """Put a node under a grid transform that moves everything along R."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData

    field = vtkImageData()
    field.SetDimensions(4, 4, 4)
    field.SetSpacing(100, 100, 100)
    field.SetOrigin(-150, -150, -150)
    vectors = np.zeros((64, 3))
    vectors[:, 0] = shift_mm
    field.GetPointData().SetScalars(numpy_to_vtk(vectors, deep=True))
    grid = slicer.vtkOrientedGridTransform()
    grid.SetDisplacementGridData(field)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", "acquisition transform")
    transform.SetAndObserveTransformFromParent(grid)
    node.SetAndObserveTransformNodeID(transform.GetID())


def structure(folder, name, box, mask=None, **more):
    """A structure of a result; its mask fills `box` (slices, rows, columns) unless given."""
    shape = [b - a for a, b in box]
    mask = np.ones(shape, np.uint8) if mask is None else mask
    file = f"{name}.npy"
    write_array(folder / file, np.asarray(mask, np.uint8))
    entry = {"name": name, "standard_name": name, "role": "oar", "color": [10, 200, 30], "code": None,
             "box": [list(b) for b in box], "array": file, "status": "unreviewed", "origin": "AUTOMATIC",
             "algorithm": {"name": "hn_oar", "version": "1.0", "weights": "abc"}, "findings": [],
             "uncertainty": None, "reviewer": None, "reviewed_at": None, "comment": None}
    return entry | more


def result(folder, *structures, **more):
    return {"structures": list(structures), "folder": str(folder)} | more


def dose_result(folder, axes="axial", **more):
    """A dose of 4 x 5 x 6 voxels as a job's result."""
    array = np.linspace(0, 70, 4 * 5 * 6).reshape(4, 5, 6).astype(np.float32)
    write_array(folder / "dose_0.npy", array)
    matrix = RAS_LPS @ ijk_to_ras(axes)
    return array, {"dose": {"array": "dose_0.npy", "ijk_to_lps": matrix.ravel().tolist()}, "folder": str(folder)} | more


def paint(slicer, node, segment_id, ct, voxel=(0, 0, 0), value=1):
    """What a person's brush does to one voxel [k, j, i] of a segment."""
    array = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, ct)
    array[voxel] = value
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, segment_id, ct)


def saved_and_loaded(slicer, folder, *nodes):
    """The scene written into a folder, each of `nodes` as (node, ending), and read back: the nodes in their order."""
    names = [node.GetName() for node, _ in nodes]
    folder.mkdir()
    for node, ending in nodes:
        node.CreateDefaultStorageNode()
        node.AddDefaultStorageNode(str(folder / f"{node.GetName()}.{ending}"))
        assert node.GetStorageNode().WriteData(node)
    slicer.mrmlScene.SetRootDirectory(str(folder))
    assert slicer.mrmlScene.Commit(str(folder / "scene.mrml"))
    slicer.mrmlScene.Clear(0)
    slicer.mrmlScene.SetURL(str(folder / "scene.mrml"))
    assert slicer.mrmlScene.Connect()
    return [slicer.mrmlScene.GetFirstNodeByName(name) for name in names]
