"""What a person does and sees in Auto Contour: shared by its tests."""

from dataclasses import replace

import host
import numpy as np
import pytest

from radoncai.core.dose import Dose
from radoncai.core.structures import Structure
from radoncai.dicom.rtdose.writer import write_rtdose
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.phantom.patient import sample_patient

HOLD_S = 60


@pytest.fixture(scope="module")
def database_folder(tmp_path_factory):
    """CT of the neck and its drawn RTSTRUCT."""
    folder = tmp_path_factory.mktemp("database")
    patient = sample_patient(spacing_mm=(4.0, 3.0, 3.0), z_range_mm=(-70.0, 40.0))
    ct = write_ct_series(patient.ct, folder / "ct", patient_id="P1", patient_name="Sample^Patient",
                         series_description="Planning CT")
    drawn = replace(patient.truth, source=ct.source, structures=(*patient.truth.structures, ring(ct)))
    write_rtstruct(drawn, ct, folder / "rtstruct.dcm", label="Drawn")
    dose = ct.with_array(np.full(ct.array.shape, 2.0, np.float32))
    write_rtdose(Dose(replace(dose, modality="RTDOSE", unit="Gy"), kind="predicted"), folder / "rtdose.dcm",
                 image=ct.source, plan=("1.2.840.10008.5.1.4.1.1.481.5", "1.2.3.4"))
    return folder


def ring(ct) -> Structure:
    """A pipe along the patient: its RTSTRUCT needs a keyhole on every slice."""
    mask = np.zeros(ct.grid.shape, bool)
    row, column = np.ogrid[: mask.shape[1], : mask.shape[2]]
    away = np.hypot(row - 80, column - 80)
    mask[5:20] = (away < 12.3) & (away > 6.1)
    return Structure.from_full("Ring", mask)


@pytest.fixture
def panel(scene, database_folder):
    """The open panel, models listed, no image."""
    host.dicom_database(database_folder)
    panel = host.enter_module(host.load_module("AutoContour")).panel
    host.wait_until(lambda: panel.model.models, HOLD_S)
    yield panel
    panel.run.abandon()


@pytest.fixture
def ready(panel):
    """The panel with the CT loaded through the DICOM dialog and the quick model chosen."""
    load_ct(panel)
    choose(panel, "body")
    return panel


def load_ct(panel):
    panel.input.dicom_button.click()
    panel.input._dialog.load_button.click()
    host.wait_until(lambda: panel.input.verdict, HOLD_S)
    host.pump(0.05)


def choose(panel, model):
    panel.model.select(model)
    host.wait_until(lambda: panel.model.name == model and panel.input.verdict, HOLD_S)
    host.pump(0.05)


def finish(panel):
    host.wait_until(lambda: not panel.run.running, HOLD_S)
    host.pump(0.05)


def contour(panel):
    panel.run.button.click()
    finish(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text
    return panel.node.contours


def segmentations():
    import slicer

    return slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def cells(panel, column):
    table = panel.ui.structureTable
    return [table.item(n, column).text() for n in range(table.rowCount)]


def colored(picture, color) -> int:
    """Pixels near a colour."""
    away = np.abs(picture.astype(int) - np.round(255 * np.array(color))).max(axis=2)
    return int((away < 40).sum())


def erase_a_slice(node, segment_id):
    image = node.GetBinaryLabelmapInternalRepresentation(segment_id)
    from vtk.util.numpy_support import vtk_to_numpy

    voxels = vtk_to_numpy(image.GetPointData().GetScalars())
    voxels[: len(voxels) // 2] = 0
    image.Modified()
    node.GetSegmentation().GetSegment(segment_id).Modified()
    node.GetSegmentation().InvokeEvent(node.GetSegmentation().SourceRepresentationModified, segment_id)


FIXTURES = database_folder, panel, ready  # a test file takes them under these names
