"""Further images in Auto Contour: a drawn MR beside the CT of the same head, registered and accepted by a person."""

import shutil

import host
import numpy as np
import pytest
from data.drawn_mr import drawn_mr, planning_ct
from panels.autocontour_clicks import load_ct
from panels.test_autocontour_models import SMALL, listed, models_of

from radoncai.core.resources import user_folder
from radoncai.dicom.series.ct_writer import write_ct_series

DEGREES, SHIFT_MM = (2.0, -3.0, 4.0), (6.0, -4.0, 5.0)
LONG_S = 300  # a registration on a busy machine
LEAST_MM = 1.5  # of a 4 mm CT; the registration itself is tested to less


@pytest.fixture(scope="module")
def ct_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_ct_series(planning_ct(), folder / "ct", patient_id="P1", patient_name="Sample^Patient",
                    series_description="Planning CT")
    return folder


@pytest.fixture
def panel(scene, ct_folder):
    """The open panel on the CT of the head with the model of two images; an MR in a frame of its own in the scene."""
    pytest.importorskip("monai")
    place = user_folder() / "models" / "bundle_two_images"
    shutil.copytree(SMALL / place.name, place)
    host.dicom_database(ct_folder)
    panel = host.enter_module(host.load_module("AutoContour")).panel
    panel.model.load()
    host.wait_until(lambda: any(row["name"] == place.name for row in panel.model.models), LONG_S)
    listed(panel)
    load_ct(panel)
    yield panel
    panel.run.abandon()
    shutil.rmtree(place.parent, ignore_errors=True)
    panel.model.load()
    listed(panel)


@pytest.fixture
def row(panel):
    """The row of the MR, which is found by its modality."""
    show_mr()
    choose_two_images(panel)
    (row,) = panel.images.rows
    host.wait_until(lambda: row.relation, LONG_S)
    host.pump(0.1)
    return row


def choose_two_images(panel):
    panel.model.select("bundle_two_images")
    host.wait_until(lambda: panel.images.rows and panel.input.verdict, LONG_S)
    host.pump(0.1)


def show_mr():
    """The drawn MR as a volume; gives the 4x4 that takes its LPS mm to those of the CT."""
    import slicer
    from RadOncAILib.scene import geometry, image

    mr, matrix = drawn_mr(DEGREES, SHIFT_MM)
    node = slicer.util.addVolumeFromArray(mr.array, name="T1 MR")
    geometry.set_lps(node, mr.grid.index_to_lps)
    node.SetAttribute(image.MODALITY, "MR")
    return matrix


def finish(panel):
    host.wait_until(lambda: not panel.run.running, LONG_S)
    host.pump(0.05)


def background():
    import slicer

    return {view.GetBackgroundVolumeID() for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")}


def test_no_selector_appears_for_a_model_of_one_image(panel):
    assert panel.images.rows == [] and not panel.ui.imagesBlock.isVisibleTo(panel.ui.AutoContour)
    choose_two_images(panel)
    assert panel.ui.imagesBlock.isVisibleTo(panel.ui.AutoContour)
    assert [row.title for row in panel.images.rows] == ["MR"] and panel.run.message.text == "Choose the MR."
    panel.model.select("body")
    host.pump(0.1)
    assert panel.images.rows == [] and not panel.ui.imagesBlock.isVisibleTo(panel.ui.AutoContour)


def test_an_mr_is_registered_looked_at_and_accepted_before_it_is_used(panel, row):
    import slicer
    from AutoContourLib.images import registering
    from RadOncAILib.scene import geometry, segmentation

    assert row.volume.GetName() == "T1 MR" and row.relation == "none" and not panel.run.button.enabled
    assert "Register the MR" in panel.run.message.text
    before = background()
    row.message.follow()
    finish(panel)
    assert row.relation == "looking" and row.board.is_shown and not panel.run.button.enabled, panel.run.message.text
    assert background().isdisjoint(before) and row.accept_button.isVisibleTo(panel.ui.AutoContour)
    row.accept_button.click()
    host.pump(0.1)
    assert background() == before and not row.board.is_shown
    assert row.relation == "accepted" and "accepted" in row.message.text
    host.wait_until(lambda: panel.run.button.enabled, LONG_S)
    node = registering.accepted(row.volume, panel.node.volume)
    found = geometry.RAS_LPS @ geometry.to_numpy(node.GetMatrixTransformToParent()) @ geometry.RAS_LPS
    mr, truth = drawn_mr(DEGREES, SHIFT_MM)
    corners = np.c_[mr.grid.corners(), np.ones(8)] @ (found - truth).T
    assert np.linalg.norm(corners[:, :3], axis=1).max() < LEAST_MM
    panel.run.button.click()
    finish(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text
    assert models_of(panel.node.contours) == [("bundle_two_images", "0.1.0")]
    said = segmentation.attribute(panel.node.contours, "provenance")["models"][0]["inputs"]["MR"]["registration"]
    assert said["accepted_by"] and said["accepted_at"]
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 2, "the checkerboard is gone"


def test_a_rejected_registration_is_not_used(panel, row):
    from AutoContourLib.images import registering

    row.message.follow()
    finish(panel)
    row.reject_button.click()
    host.pump(0.1)
    assert not row.board.is_shown and row.relation == "none" and "Rejected" in row.message.text
    assert not panel.run.button.enabled
    assert registering.accepted(row.volume, panel.node.volume) is None


def test_an_accepted_registration_holds_until_an_image_changes(panel, row):
    import slicer

    row._answer = {"matrix": np.eye(4).ravel().tolist(), "record": {"by": "test"}}
    row.accept()
    host.pump(0.1)
    assert row.relation == "accepted"
    array = slicer.util.arrayFromVolume(row.volume)
    array[5] += 50
    slicer.util.arrayFromVolumeModified(row.volume)
    row.look(panel.node.volume)
    host.wait_until(lambda: row.relation, LONG_S)
    assert row.relation == "none" and "frame of reference" in row.message.text


def test_leaving_the_panel_takes_the_checkerboard_away(panel, row):
    import slicer

    row.message.follow()
    finish(panel)
    assert row.board.is_shown
    slicer.util.selectModule("SegmentEditor")
    host.pump(0.1)
    assert not row.board.is_shown
    assert [n.GetName() for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")].count("Checkerboard") == 0
