"""A landmark in RAS lies under the same voxel in every frame, for images, structures and doses."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

import scene_drawings as drawn  # noqa: E402
from scene_drawings import dose_result  # noqa: E402

from radoncai.core.errors import InputError  # noqa: E402

VOXEL = (4, 6, 2)  # slice, row, column
BOX = [(4, 5), (6, 7), (2, 3)]


def world(slicer, node, point):
    """RAS of the room for a point in the node's own frame."""
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.asarray(point, float)
    out = [0.0, 0.0, 0.0]
    from vtkmodules.vtkCommonTransforms import vtkGeneralTransform

    transform = vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(parent, None, transform)
    transform.TransformPoint(point, out)
    return np.array(out)


def landmark(axes):
    return (drawn.ijk_to_ras(axes) @ [*VOXEL[::-1], 1])[:3]


def has_segment_at(slicer, node, segment_id, ras):
    """Ask Slicer's own code: the segment's labelmap at a place of its own frame."""
    image = slicer.vtkOrientedImageData()
    assert node.GetBinaryLabelmapRepresentation(segment_id, image)
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    image.GetWorldToImageMatrix(matrix)
    i, j, k = (round(x) for x in matrix.MultiplyPoint([*map(float, ras), 1])[:3])
    extent = image.GetExtent()
    inside = all(a <= v <= b for v, a, b in zip((i, j, k), extent[::2], extent[1::2], strict=True))
    return inside and image.GetScalarComponentAsDouble(i, j, k, 0) == 1


@pytest.mark.parametrize("axes", drawn.EVERY)
def test_a_request_tells_the_place_of_each_voxel_in_lps(scene, tmp_path, axes):
    from RadOncAILib.scene.image import image_request

    ct = drawn.volume(scene, axes)
    request = image_request(ct, tmp_path)
    ras = landmark(axes)
    lps = (np.reshape(request["ijk_to_lps"], (4, 4)) @ [*VOXEL[::-1], 1])[:3]
    assert np.allclose(lps, ras * [-1, -1, 1], atol=1e-9)
    assert np.load(tmp_path / request["array"])[VOXEL] == np.ravel_multi_index(VOXEL, drawn.SHAPE) - 1000


@pytest.mark.parametrize("axes", drawn.EVERY)
@pytest.mark.parametrize("couch", [False, True])
def test_a_segment_lies_on_its_landmark_and_follows_the_volumes_transform(scene, tmp_path, axes, couch):
    from RadOncAILib.scene.segmentation import show_structures, structures_request

    ct = drawn.volume(scene, axes)
    if couch:
        drawn.moved(scene, ct)
    node = show_structures(drawn.result(tmp_path, drawn.structure(tmp_path, "Lens_L", BOX)), ct, "AI contours")
    assert has_segment_at(scene, node, "Lens_L", landmark(axes))
    assert node.GetTransformNodeID() == ct.GetTransformNodeID()
    assert np.allclose(world(scene, node, landmark(axes)), world(scene, ct, landmark(axes)))
    (back,) = structures_request(node, ct, tmp_path)
    assert back["box"] == [list(b) for b in BOX]
    assert scene.util.arrayFromSegmentBinaryLabelmap(node, "Lens_L", ct)[VOXEL] == 1


@pytest.mark.parametrize("axes", drawn.EVERY)
def test_a_dose_on_its_own_grid_lies_on_its_landmark(scene, tmp_path, axes):
    from RadOncAILib.scene.dose import dose_request, show_dose

    ct = drawn.volume(scene, "axial")
    drawn.moved(scene, ct)
    array, result = dose_result(tmp_path, axes)
    node = show_dose(result, ct, None, "dose")
    ras, back = (drawn.ijk_to_ras(axes) @ [3, 2, 1, 1])[:3], np.zeros(3)
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    to_ijk = vtkMatrix4x4()
    node.GetRASToIJKMatrix(to_ijk)
    back = to_ijk.MultiplyPoint([*ras, 1])[:3]
    assert np.allclose(back, (3, 2, 1), atol=1e-6)
    assert scene.util.arrayFromVolume(node)[1, 2, 3] == array[1, 2, 3]
    assert node.GetTransformNodeID() == ct.GetTransformNodeID()
    assert dose_request(node, tmp_path, ct)["ijk_to_lps"] == pytest.approx(result["dose"]["ijk_to_lps"])


def test_a_segmentation_under_another_transform_is_carried_into_the_volumes_frame(scene, tmp_path):
    from RadOncAILib.scene.segmentation import show_structures, structures_request

    ct = drawn.volume(scene)
    node = show_structures(drawn.result(tmp_path, drawn.structure(tmp_path, "Lens_L", BOX)), ct, "AI contours")
    transform = scene.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "two voxels up")
    shift = np.eye(4)
    shift[2, 3] = 2 * drawn.SPACING[0]
    transform.SetMatrixTransformToParent(drawn.vtk_matrix(shift))
    node.SetAndObserveTransformNodeID(transform.GetID())
    (back,) = structures_request(node, ct, tmp_path)
    assert back["box"] == [[6, 7], [6, 7], [2, 3]]
    before = scene.util.arrayFromSegmentInternalBinaryLabelmap(node, "Lens_L").copy()
    structures_request(node, ct, tmp_path)
    assert np.array_equal(scene.util.arrayFromSegmentInternalBinaryLabelmap(node, "Lens_L"), before)


@pytest.mark.parametrize("axes", drawn.EVERY)
def test_a_segmentation_of_another_image_is_resampled_to_the_volumes_voxels(scene, tmp_path, axes):
    from RadOncAILib.scene.segmentation import show_structures, structures_request

    fine = drawn.volume(scene, axes, shape=(14, 18, 22), name="fine")
    half = drawn.ijk_to_ras(axes)
    half[:3, :3] /= 2
    half[:3, 3] = (drawn.ijk_to_ras(axes) @ [-0.25, -0.25, -0.25, 1])[:3]
    fine.SetIJKToRASMatrix(drawn.vtk_matrix(half))
    box = [(4, 8), (6, 12), (2, 6)]
    node = show_structures(drawn.result(tmp_path, drawn.structure(tmp_path, "Eye_L", box)), fine, "of another image")
    (back,) = structures_request(node, drawn.volume(scene, axes), tmp_path)
    assert back["box"] == [[2, 4], [3, 6], [1, 3]]
    assert np.load(tmp_path / back["array"]).all()


@pytest.mark.parametrize("axes", ["axial", "sagittal", "oblique"])
def test_a_drawn_surface_is_turned_into_voxels_and_said_to_be_doubtful(scene, tmp_path, axes):
    from RadOncAILib.scene.segmentation import structures_request, why_doubtful
    from RadOncAILib.scene.structures_out import volume_cc
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    ct = drawn.volume(scene, axes, shape=(15, 41, 51))
    centre = (drawn.ijk_to_ras(axes) @ [25, 20, 7, 1])[:3]
    ball = vtkSphereSource()
    ball.SetRadius(12.0)
    ball.SetCenter(*centre)
    ball.SetThetaResolution(60)
    ball.SetPhiResolution(60)
    ball.Update()
    node = scene.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "surfaces")
    node.SetSourceRepresentationToClosedSurface()
    node.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    node.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "Bladder", [1.0, 1.0, 0.0], "ball")
    assert "closed surface" in why_doubtful(node)
    (back,) = structures_request(node, ct, tmp_path)
    assert volume_cc(node, "ball", ct) == pytest.approx(4 / 3 * np.pi * 1.2**3, rel=0.03)
    middle = [(a + b - 1) / 2 for a, b in back["box"]]
    assert np.abs(np.array(middle) - (7, 20, 25)).max() <= 0.5


def test_a_linear_transform_is_fine_to_run_and_refused_for_export_unless_it_is_the_identity(scene):
    from RadOncAILib.scene.geometry import is_identity, transform_state, why_no_export, why_not_run

    ct = drawn.volume(scene)
    assert (transform_state(ct), is_identity(ct), why_not_run(ct), why_no_export(ct)) == ("none", True, "", "")
    drawn.moved(scene, ct, (0, 0, 0), 0)
    assert (transform_state(ct), is_identity(ct), why_no_export(ct)) == ("linear", True, "")
    drawn.moved(scene, ct)
    assert (transform_state(ct), is_identity(ct), why_not_run(ct)) == ("linear", False, "")
    assert "couch" in why_no_export(ct)


def test_a_non_linear_transform_is_refused_and_a_hardened_copy_offered(scene, tmp_path):
    from RadOncAILib.scene.geometry import hardened_copy, transform_state, why_not_run
    from RadOncAILib.scene.image import image_request

    ct = drawn.volume(scene, array=np.zeros(drawn.SHAPE, np.int16))
    scene.util.arrayFromVolume(ct)[VOXEL] = 1000
    ct.SetAttribute("DICOM.instanceUIDs", "1.2 1.3")
    drawn.bent(scene, ct, 2 * drawn.SPACING[2])
    assert transform_state(ct) == "nonlinear"
    assert "acquisition transform" in why_not_run(ct)
    with pytest.raises(InputError, match="hardened copy"):
        image_request(ct, tmp_path)
    copy = hardened_copy(ct)
    assert transform_state(copy) == "none" and transform_state(ct) == "nonlinear"
    assert copy.GetAttribute("DICOM.instanceUIDs") is None and ct.GetAttribute("DICOM.instanceUIDs")
    assert scene.util.arrayFromVolume(ct)[VOXEL] == 1000
    room = world(scene, ct, landmark("axial"))
    brightest = np.unravel_index(np.argmax(scene.util.arrayFromVolume(copy)), scene.util.arrayFromVolume(copy).shape)
    from RadOncAILib.scene.geometry import ras_from_node

    found = (ras_from_node(copy) @ [*brightest[::-1], 1])[:3]
    assert np.abs(found - room).max() < max(drawn.SPACING) / 2
    assert image_request(copy, tmp_path)["files"] == []


def test_a_linear_transform_is_hardened_without_resampling(scene):
    from RadOncAILib.scene.geometry import hardened_copy, ras_from_node

    ct = drawn.volume(scene, "sagittal")
    matrix = drawn.moved(scene, ct)
    copy = hardened_copy(ct)
    assert np.array_equal(scene.util.arrayFromVolume(copy), scene.util.arrayFromVolume(ct))
    assert np.allclose(ras_from_node(copy), matrix @ drawn.ijk_to_ras("sagittal"))


def test_an_image_without_voxels_is_refused(scene, tmp_path):
    from RadOncAILib.scene.image import image_request

    empty = scene.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
    with pytest.raises(InputError, match="no voxels"):
        image_request(empty, tmp_path)


def test_without_a_folder_only_the_shape_is_told(scene):
    from RadOncAILib.scene.image import image_request, why_no_files

    request = image_request(drawn.volume(scene))
    assert "array" not in request and request["shape"] == list(drawn.SHAPE) and request["files"] == []
    assert "not loaded from DICOM" in why_no_files(drawn.volume(scene))
