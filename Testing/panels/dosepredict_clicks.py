"""What a person does and sees in Dose Predict: shared by its tests."""

import host
import numpy as np
import pytest

from radoncai.core.dose import Dose, Prescription
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Volume

HOLD_S = 120
SPACING, REACH = (3.0, 5.4, 5.4), (-150.0, 50.0)
PRESCRIPTION = {"PTV_7000": 70.0, "PTV_5600": 56.0}
MARK, STRUCTURE, GOAL, VALUE, BAND, VERDICT = range(6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study: CT, the contours it was drawn with, a clinical dose; and a second CT of the abdomen, with a PTV."""
    from radoncai.phantom.patient import sample_patient

    folder = tmp_path_factory.mktemp("study")
    neck = _study(folder / "neck", sample_patient(spacing_mm=SPACING, z_range_mm=REACH), "P1", "Neck")
    _clinical_dose(folder / "neck", neck)
    trunk = sample_patient(spacing_mm=(5.0, 5.0, 5.0), z_range_mm=(-560.0, -430.0))
    _study(folder / "trunk", _with_ptv(trunk), "P2", "Trunk")
    return folder


def _study(folder, patient, patient_id, description):
    from radoncai.dicom.rtstruct.writer import write_rtstruct
    from radoncai.dicom.series.ct_writer import write_ct_series

    volume = write_ct_series(patient.ct, folder / "ct", patient_id=patient_id, patient_name="Sample^Patient",
                             series_description=description)
    truth = StructureSet(volume.grid, patient.truth.structures, volume.source)
    write_rtstruct(truth, volume, folder / "truth.dcm", label="TRUTH")
    return volume, truth


def _with_ptv(patient):
    """The trunk with a ball as its PTV."""
    from dataclasses import replace

    from radoncai.core.structures import Structure

    k, j, i = np.indices(patient.ct.array.shape)
    n = np.array(patient.ct.array.shape) // 2
    ball = (k - n[0]) ** 2 + (j - n[1]) ** 2 + (i - n[2]) ** 2 < 7 ** 2
    ptv = Structure.from_full("PTV_7000", ball, role="ptv")
    return replace(patient, truth=replace(patient.truth, structures=(*patient.truth.structures, ptv)))


def _clinical_dose(folder, study):
    """68 Gy everywhere, on a grid of its own."""
    from radoncai.dicom.rtdose.plan import write_rtplan
    from radoncai.dicom.rtdose.writer import write_rtdose

    volume, _truth = study
    gray = np.full(volume.grid.shape, 68.0, np.float32)
    box = (slice(2, 60), slice(4, 80), slice(5, 85))
    grid = volume.grid.crop(box)
    prescription = Prescription(PRESCRIPTION, 35)
    plan = write_rtplan(prescription, volume.source, folder / "plan.dcm")
    write_rtdose(Dose(Volume(gray[box], grid, "RTDOSE", "Gy", volume.source), "clinical", prescription),
                 folder / "clinical.dcm", plan=plan)


@pytest.fixture(scope="module")
def command(folder, tmp_path_factory):
    """What the command line makes of the same files."""
    from radoncai.cli.main import main

    out = tmp_path_factory.mktemp("command") / "out"
    said = ",".join(f"{name}={gy:g}" for name, gy in PRESCRIPTION.items())
    assert main(["dose", str(folder / "neck" / "ct"), "--structures", str(folder / "neck" / "truth.dcm"),
                 "--prescription", said, "--fractions", "35", "--goals", "openkbp_hn", "-o", str(out)]) == 0
    return out


@pytest.fixture
def panel(scene, folder):
    """The open panel with the experimental model agreed to; no image yet."""
    host.dicom_database(folder)
    panel = host.enter_module(host.load_module("DosePredict")).panel
    host.wait_until(lambda: panel.model.models, HOLD_S)
    if panel.model.current is None:
        panel.use_experimental()
    yield panel
    panel.run.abandon()
    scene.util.selectModule("SegmentEditor")


@pytest.fixture
def ready(panel):
    """CT and contours of the neck loaded, prescription guessed."""
    load(panel, "Neck")
    load_beside(panel, "structures")
    return panel


def load(panel, description):
    """Choose the series in the DICOM dialog, and wait for what is said about it."""
    panel.input.dicom_button.click()
    dialog = panel.input._dialog
    dialog.select_series(series_uid(description))
    dialog.load_button.click()
    host.wait_until(lambda: panel.input.verdict and panel.input.study.entries, HOLD_S)
    host.pump(0.05)


def series_uid(description):
    import slicer

    database = slicer.dicomDatabase
    return next(series for patient in database.patients() for study in database.studiesForPatient(patient)
                for series in database.seriesForStudy(study) if database.descriptionForSeries(series) == description)


def load_beside(panel, kind):
    """Choose contours or dose of the study and press Load."""
    row = panel.input.study
    row.selector.currentIndex = [k for k, _ in row.entries].index(kind)
    row.load_button.click()
    settle(panel)


def settle(panel):
    """Until nothing runs and the worker has said how it takes the structures."""
    host.pump(0.05)
    host.wait_until(lambda: not panel.run.running and not panel._question.waiting, HOLD_S)
    host.pump(0.1)
    host.wait_until(lambda: not panel.run.running and not panel._question.waiting, HOLD_S)


def predict(panel):
    assert panel.run.button.enabled, panel.run.message.text
    panel.run.button.click()
    settle(panel)
    assert panel.run.message.symbol == "✓", panel.run.message.text


def doses(slicer):
    from RadOncAILib.scene.dose import is_dose

    return [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if is_dose(n)]


def charts(slicer):
    return slicer.util.getNodesByClass("vtkMRMLPlotChartNode")


def segment(panel, name):
    content = panel.node.structures.GetSegmentation()
    return content.GetSegment(content.GetSegmentIdBySegmentName(name))


def value_at(slicer, node, ras):
    """Nearest voxel of a volume node at a place in RAS mm."""
    from RadOncAILib.scene.geometry import ras_from_node

    i, j, k, _ = np.rint(np.linalg.inv(ras_from_node(node)) @ [*ras, 1.0]).astype(int)
    return float(slicer.util.arrayFromVolume(node)[k, j, i])


def cell(panel, row, column):
    return panel.result.goals.text(row, column)


def goal_of(panel, structure):
    return next(r for r in range(panel.ui.goalsTable.rowCount) if cell(panel, r, STRUCTURE) == structure)


def edit(slicer, panel, name):
    """Take the lowest slice of a structure away, as an eraser would; returns what undoes it."""
    ids = panel.node.structures.GetSegmentation().GetSegmentIdBySegmentName(name)
    before = slicer.util.arrayFromSegmentBinaryLabelmap(panel.node.structures, ids, panel.node.volume)
    less = before.copy()
    less[np.flatnonzero(before.any(axis=(1, 2)))[0]] = 0
    write = slicer.util.updateSegmentBinaryLabelmapFromArray
    write(less, panel.node.structures, ids, panel.node.volume)
    return lambda: write(before, panel.node.structures, ids, panel.node.volume)


FIXTURES = folder, command, panel, ready  # a test file takes them under these names
