"""What a person does and sees in Body Composition: shared by its tests."""

import host
import numpy as np

HOLD_S = 90
ROWS = {"muscle_cm2": 0, "smi_cm2_m2": 1, "muscle_hu": 2, "vat_cm2": 3, "sat_cm2": 4, "imat_cm2": 5}


def load(panel, description):
    """Choose the series in the DICOM dialog, and wait for what is said about it."""
    panel.input.dicom_button.click()
    dialog = panel.input._dialog
    dialog.select_series(series_uid(description))
    dialog.load_button.click()
    host.wait_until(lambda: panel.input.verdict and panel.coverage.row.symbol not in ("", "…"), HOLD_S)
    host.pump(0.05)


def series_uid(description):
    import slicer

    database = slicer.dicomDatabase
    return next(series for patient in database.patients() for study in database.studiesForPatient(patient)
                for series in database.seriesForStudy(study) if database.descriptionForSeries(series) == description)


def settle(panel):
    """Until nothing runs and nothing waits to be run."""
    host.pump(0.05)
    host.wait_until(lambda: not panel.run.running and not panel.live.pending, HOLD_S)
    host.pump(0.1)


def is_as_measured(panel):
    from BodyCompositionLib import numbers

    settle(panel)
    result, volume = result_of(panel), panel.node.volume
    return (result is not None and "Abdomen" in volume.GetName() and not panel.node.level_given
            and not numbers.is_edited(result) and not list(panel.node.by_hand) and not panel.result.stale)


def cell(panel, key, column):
    return panel.ui.numbersTable.item(ROWS[key], column).text()


def result_of(panel):
    from BodyCompositionLib import results

    return results.result_of(panel.node.regions)


def nodes_of(slicer, *classes):
    return [node for name in classes for node in slicer.util.getNodesByClass(name)]


def made_nodes(slicer):
    return nodes_of(slicer, "vtkMRMLSegmentationNode", "vtkMRMLMarkupsNode")


def measured_regions(slicer):
    (node,) = nodes_of(slicer, "vtkMRMLSegmentationNode")
    return node


def mask_of(slicer, panel, segment):
    return slicer.util.arrayFromSegmentBinaryLabelmap(panel.node.regions, segment, panel.node.volume)


def overlay_s(panel):
    """S of the slice that the muscle lies on, counted from its voxels."""
    import slicer
    from RadOncAILib.scene.geometry import ras_from_node

    k, j, i = np.argwhere(mask_of(slicer, panel, "muscle"))[0]
    return (ras_from_node(panel.node.volume) @ [i, j, k, 1.0])[2]


def red():
    import slicer

    return slicer.app.layoutManager().sliceWidget("Red")


def pixel_of(panel, segment, shape):
    """Where a voxel deep inside a region is drawn in the Red view: through RAS, computed here."""
    import slicer
    from RadOncAILib.scene.geometry import ras_from_node, to_numpy
    from scipy import ndimage

    mask = mask_of(slicer, panel, segment)
    k = int(np.flatnonzero(mask.any((1, 2)))[0])
    depth = ndimage.distance_transform_edt(mask[k])
    j, i = np.unravel_index(int(depth.argmax()), depth.shape)
    ras = ras_from_node(panel.node.volume) @ [i, j, k, 1.0]
    x, y = (np.linalg.inv(to_numpy(red().mrmlSliceNode().GetXYToRAS())) @ ras)[:2]
    return int(round(shape[0] - 1 - y)), int(round(x))


def drag(view, x, y, up_px):
    """Press the left button there, move up in small steps, and let go."""
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    def send(kind, at_y, button, held):
        event = QMouseEvent(kind, QPointF(x, at_y), QPointF(x, at_y), button, held, Qt.NoModifier)
        {QEvent.MouseMove: view.mouseMoveEvent, QEvent.MouseButtonPress: view.mousePressEvent,
         QEvent.MouseButtonRelease: view.mouseReleaseEvent}[kind](event)

    for above in (6, 0):
        send(QEvent.MouseMove, y - above, Qt.NoButton, Qt.NoButton)
    send(QEvent.MouseButtonPress, y, Qt.LeftButton, Qt.LeftButton)
    for n in range(2, up_px + 1, 2):
        send(QEvent.MouseMove, y - n, Qt.NoButton, Qt.LeftButton)
    send(QEvent.MouseButtonRelease, y - up_px, Qt.LeftButton, Qt.NoButton)
