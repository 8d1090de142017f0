"""A registration that the clinic made is offered first; contours of a model of MR alone reach the CT through it."""

import json
import shutil

import host
import numpy as np
import pytest
from data.drawn_mr import drawn_mr, planning_ct
from data.odd_dicom import edit
from data.registrations import write_registration
from panels.autocontour_clicks import load_ct
from panels.test_autocontour_images import DEGREES, LONG_S, SHIFT_MM, finish
from panels.test_autocontour_models import SMALL, listed, models_of

from radoncai.core.resources import user_folder
from radoncai.core.volume import Volume
from radoncai.dicom.series.ct_writer import write_ct_series

PERSON = {"patient_id": "P1", "patient_name": "Sample^Patient"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """CT, MR and the clinic's registration of them as DICOM: the folder, and the 4x4 from MR to CT in LPS mm."""
    folder = tmp_path_factory.mktemp("clinic")
    ct = write_ct_series(planning_ct(), folder / "ct", series_description="Planning CT", **PERSON)
    mr, matrix = drawn_mr(DEGREES, SHIFT_MM)
    mr = write_ct_series(Volume(mr.array, mr.grid, "CT", "HU"), folder / "mr", seed="mr", **PERSON)
    edit(folder / "mr", lambda data, n: setattr(data, "Modality", "MR"))
    frames = {ct.source.frame_uid: [np.eye(4)], mr.source.frame_uid: [matrix]}
    write_registration(folder / "reg.dcm", ct.source.frame_uid, frames)
    return folder, matrix


@pytest.fixture
def panel(scene, study):
    """The open panel on the CT, the MR in the scene, a model of MR alone in the list."""
    import slicer
    from DICOMLib import DICOMUtils

    pytest.importorskip("onnxruntime")
    model = user_folder() / "models" / "mr_only"
    shutil.copytree(SMALL / "unet_onnx", model)
    said = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps({**said, "name": model.name, "modality": ["MR"]}))
    database = host.dicom_database(study[0])
    panel = host.enter_module(host.load_module("AutoContour")).panel
    panel.model.load()
    host.wait_until(lambda: any(row["name"] == model.name for row in panel.model.models), LONG_S)
    listed(panel)
    load_ct(panel)
    (mr,) = [series for one in database.patients() for each in database.studiesForPatient(one)
             for series in database.seriesForStudy(each) if database.fieldForSeries("Modality", series) == "MR"]
    assert slicer.mrmlScene.GetNodeByID(DICOMUtils.loadSeriesByUID([mr])[0]) is not panel.node.volume
    yield panel
    panel.run.abandon()
    shutil.rmtree(model.parent, ignore_errors=True)
    panel.model.load()
    listed(panel)


def test_the_clinics_registration_is_looked_at_accepted_and_carries_contours_of_the_mr(panel, study):
    from AutoContourLib.images import registering
    from RadOncAILib.scene import geometry, segmentation

    panel.model.select("mr_only")
    host.wait_until(lambda: panel.images.rows and panel.images.rows[0].relation, LONG_S)
    (row,) = panel.images.rows
    host.pump(0.1)
    assert row.relation == "dicom" and "The clinic registered it" in row.message.text, row.message.text
    assert not panel.run.button.enabled
    row.message.follow()
    finish(panel)
    assert row.relation == "looking" and row.board.is_shown, panel.run.message.text
    row.accept_button.click()
    host.wait_until(lambda: panel.run.button.enabled, LONG_S)
    node = registering.accepted(row.volume, panel.node.volume)
    kept = geometry.RAS_LPS @ geometry.to_numpy(node.GetMatrixTransformToParent()) @ geometry.RAS_LPS
    assert np.allclose(kept, study[1], atol=1e-6)
    panel.run.button.click()
    finish(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text
    contours = panel.node.contours
    assert models_of(contours) == [("mr_only", "0.1.0")]
    said = segmentation.attribute(contours, "provenance")["models"][0]["inputs"]
    (used,) = said.values()
    assert used["registration"]["by"] == "file" and used["registration"]["accepted_by"]
