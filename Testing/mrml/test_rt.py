"""RTSTRUCT, RTDOSE and the real worker: the scene says what the command line says."""

import csv
import sys
from pathlib import Path

import host
import numpy as np
import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "data")]

import scene_drawings as drawn  # noqa: E402
from odd_dicom import LANDMARK_HU, series_of_orientation  # noqa: E402
from worker_requests import run, worker  # noqa: E402

from radoncai.core.dose import Dose  # noqa: E402
from radoncai.core.errors import InputError  # noqa: E402
from radoncai.core.grid import Grid  # noqa: E402
from radoncai.core.structures import Contour, Structure, StructureSet  # noqa: E402
from radoncai.core.volume import Volume  # noqa: E402
from radoncai.dicom.rtdose.writer import write_rtdose  # noqa: E402
from radoncai.dicom.rtstruct.writer import write_rtstruct  # noqa: E402
from radoncai.dicom.series.ct_writer import write_ct_series  # noqa: E402

SHAPE, SPACING, ORIGIN = (9, 60, 70), (3.0, 1.1, 0.9), (-20.0, -25.0, -100.0)
PLAN_CLASS = "1.2.840.10008.5.1.4.1.1.481.5"
ORIENTATIONS = {"axial": (1, 0, 0, 0, 1, 0), "sagittal": (0, 1, 0, 0, 0, -1), "coronal": (1, 0, 0, 0, 0, -1),
                "feet first": (-1, 0, 0, 0, -1, 0)}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, worker() as made:
        patch.setenv("RADONCAI_HOME", str(tmp_path_factory.mktemp("home")))
        yield made


@pytest.fixture
def database(scene):
    """Opens a folder as the DICOM database and loads its CT series; closed again afterwards."""
    before = getattr(scene, "dicomDatabase", None)

    def load(folder):
        from DICOMLib import DICOMUtils

        data = host.dicom_database(folder)
        (uid,) = [s for p in data.patients() for t in data.studiesForPatient(p) for s in data.seriesForStudy(t)
                  if data.fieldForSeries("Modality", s) == "CT"]
        nodes = [scene.mrmlScene.GetNodeByID(i) for i in DICOMUtils.loadSeriesByUID([uid])]
        return next(n for n in nodes if n.IsA("vtkMRMLScalarVolumeNode"))

    yield load
    scene.dicomDatabase = before


def planning_ct(folder):
    rng = np.random.default_rng(0)
    volume = Volume(rng.integers(-900, 900, SHAPE).astype(np.int16), Grid.axial(SHAPE, SPACING, ORIGIN), "CT", "HU")
    return write_ct_series(volume, folder, patient_id="P1", series_description="Planning CT")


def ring_and_keyhole(volume, path):
    """The same annulus as two contours a slice, and as one contour with a cut."""
    angle = np.linspace(0, 2 * np.pi, 91)[:-1]
    rings, keyholes = [], []
    for k in range(3, 7):
        z = float(volume.grid.to_lps(np.array([[0, 0, k]]))[0, 2])
        outer, inner = (np.column_stack([8 + r * np.cos(angle), 7 + r * np.sin(angle), np.full(90, z)]).round(2)
                        for r in (18.0, 9.0))
        uid = volume.source.slices[k][1]
        rings += [Contour(outer, "CLOSED_PLANAR", uid), Contour(inner, "CLOSED_PLANAR", uid)]
        keyholes.append(Contour(np.concatenate([outer, outer[:1], inner[:1], inner[::-1]]), "CLOSED_PLANAR", uid))
    box = (slice(0, 1),) * 3
    drawn = tuple(Structure(name, np.ones((1, 1, 1), bool), box, contours=tuple(c))
                  for name, c in (("Ring", rings), ("Keyhole", keyholes)))
    write_rtstruct(StructureSet(volume.grid, drawn, volume.source), volume, path)


def ask(client, job, node, structures=None, **more):
    """Run a job on a volume node; the result knows its folder, as the panels hand it on."""
    from RadOncAILib.scene.image import image_request
    from RadOncAILib.scene.segmentation import structures_request

    folder = client.new_folder()
    request = {"folder": str(folder), "image": image_request(node, folder), **more}
    if structures is not None:
        request["structures"] = structures_request(structures, node, folder)
    event, _, _ = run(client, job, request)
    assert event["event"] == "result", event
    return event["result"] | {"folder": str(folder)}


def volumes_of_the_command(folder, path):
    """Name to cc as `radoncai compare` writes it."""
    from radoncai.cli.main import main

    assert main(["compare", str(path), str(path), "--ct", str(folder / "ct"), "-o", str(folder / "out")]) == 0
    with (folder / "out" / "compare.csv").open(newline="") as file:
        return {row["structure"]: float(row["volume_ref_cc"]) for row in csv.DictReader(file)}


def test_a_ring_and_a_keyhole_have_the_same_cc_in_panel_and_command_line(scene, database, client, tmp_path):
    from RadOncAILib.scene.segmentation import show_structures
    from RadOncAILib.scene.structures_out import volume_cc

    volume = planning_ct(tmp_path / "ct")
    path = tmp_path / "rs.dcm"
    ring_and_keyhole(volume, path)
    ct = database(tmp_path / "ct")
    node = show_structures(ask(client, "read_structures", ct, path=str(path)), ct, "RS")
    said = volumes_of_the_command(tmp_path, path)
    cc = {}
    for name in ("Ring", "Keyhole"):
        cc[name] = volume_cc(node, node.GetSegmentation().GetSegmentIdBySegmentName(name), ct)
        assert cc[name] == pytest.approx(said[name], abs=5e-4)
        voxels = scene.util.arrayFromSegmentBinaryLabelmap(node, name, ct).sum()
        assert voxels * np.prod(SPACING) / 1000 == pytest.approx(cc[name])
    assert cc["Ring"] == cc["Keyhole"]
    assert cc["Ring"] == pytest.approx(np.pi * (18**2 - 9**2) * 4 * 3.0 / 1000, rel=0.02)


def test_structures_that_were_only_looked_at_are_written_back_contour_by_contour(scene, database, client, tmp_path):
    from RadOncAILib.scene.segmentation import show_structures

    from radoncai.dicom.rtstruct.reader import read_contours

    volume = planning_ct(tmp_path / "ct")
    ring_and_keyhole(volume, tmp_path / "rs.dcm")
    ct = database(tmp_path / "ct")
    node = show_structures(ask(client, "read_structures", ct, path=str(tmp_path / "rs.dcm")), ct, "RS")
    result = ask(client, "write_structures", ct, node, output=str(tmp_path / "out"), label="again")
    before = {r.structure.name: [c.text for c in r.contours] for r in read_contours(tmp_path / "rs.dcm").rois}
    after = {r.structure.name: [c.text for c in r.contours] for r in read_contours(result["path"]).rois}
    assert after == before


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_a_landmark_survives_scene_worker_rtstruct_and_scene(scene, database, client, tmp_path, orientation):
    from RadOncAILib.scene import geometry
    from RadOncAILib.scene.segmentation import show_structures

    lps = np.array([12.5, -33.0, 41.0])
    series_of_orientation(tmp_path, orientation, tuple(lps))
    ct = database(tmp_path)
    array = scene.util.arrayFromVolume(ct)
    voxel = np.unravel_index(int(np.argmax(array)), array.shape)
    assert array[voxel] == LANDMARK_HU
    assert np.allclose((geometry.lps_from_node(ct) @ [*voxel[::-1], 1])[:3], lps, atol=1e-4)
    node = scene.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
    node.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    node.GetSegmentation().AddEmptySegment("spot", "Lens_L", [1.0, 0.0, 0.0])
    scene.util.updateSegmentBinaryLabelmapFromArray((array == LANDMARK_HU).astype(np.uint8), node, "spot", ct)
    result = ask(client, "write_structures", ct, node, output=str(tmp_path / "out"))
    back = show_structures(ask(client, "read_structures", ct, path=result["path"]), ct, "read back")
    mask = scene.util.arrayFromSegmentBinaryLabelmap(back, "Lens_L", ct)
    assert np.array_equal(mask.astype(bool), array == LANDMARK_HU)


@pytest.mark.parametrize("kind", ["gantry tilt", "a slice is missing"])
def test_a_series_that_slicer_bends_is_refused_and_its_hardened_copy_lies_right(
        scene, database, client, tmp_path, kind):
    from RadOncAILib.scene import geometry
    from RadOncAILib.scene.image import image_request

    lps, tilt = np.array([12.5, -33.0, 41.0]), kind == "gantry tilt"
    series_of_orientation(tmp_path, ORIENTATIONS["axial"], tuple(lps), shift_mm=(0.0, 1.2 if tilt else 0.0, 0.0))
    if not tilt:
        sorted(tmp_path.iterdir())[1].unlink()
    ct = database(tmp_path)
    assert geometry.transform_state(ct) == "nonlinear"
    with pytest.raises(InputError, match="hardened copy"):
        image_request(ct, tmp_path)
    copy = geometry.hardened_copy(ct)
    array = scene.util.arrayFromVolume(copy).astype(float)
    weight = array - array.min()
    weight[weight < 0.2 * weight.max()] = 0
    k, j, i = (float((weight * axis).sum() / weight.sum()) for axis in np.indices(array.shape))
    found = (geometry.lps_from_node(copy) @ [i, j, k, 1.0])[:3]
    assert np.abs(found - lps).max() < 1.5, f"the landmark lies at {found}, not at {lps}"
    answer = ask(client, "describe", copy, task="contour")
    assert answer["modality"] == "CT"
    request = image_request(copy, tmp_path)
    assert request["files"] == [] and request["modality"] == "CT"
    tree = scene.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene.mrmlScene)
    assert tree.GetItemAncestorAtLevel(tree.GetItemByDataNode(copy), "Study")


def test_an_rtdose_lands_on_its_voxels(scene, database, client, tmp_path):
    from RadOncAILib.scene.dose import dose_request, show_dose

    volume = planning_ct(tmp_path / "ct")
    grid = Grid.axial((4, 11, 13), (6.0, 4.0, 3.0), (-15.0, -20.0, -97.0))
    gray = np.linspace(0, 72, 4 * 11 * 13).reshape(grid.shape).astype(np.float32)
    dose = Dose(Volume(gray, grid, "RTDOSE", "Gy", volume.source))
    write_rtdose(dose, tmp_path / "rd.dcm", plan=(PLAN_CLASS, "1.2.826.0.1"))
    ct = database(tmp_path / "ct")
    node = show_dose(ask(client, "read_dose", ct, path=str(tmp_path / "rd.dcm")), ct, None, "RD")
    assert np.abs(scene.util.arrayFromVolume(node) - gray).max() < 1e-3
    back = dose_request(node, tmp_path, ct)
    assert np.allclose(np.reshape(back["ijk_to_lps"], (4, 4)), grid.index_to_lps, atol=1e-6)


def test_a_result_is_set_up_as_slicerrts_exporter_and_the_seg_exporter_want_it(scene, database, tmp_path):
    from RadOncAILib.scene.segmentation import show_structures

    planning_ct(tmp_path / "ct")
    ct = database(tmp_path / "ct")
    eye = drawn.structure(tmp_path, "Eye_L", [(2, 4), (5, 9), (6, 8)])
    node = show_structures(drawn.result(tmp_path, eye), ct, "AI contours")
    tree = scene.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene.mrmlScene)
    item, image = tree.GetItemByDataNode(node), tree.GetItemByDataNode(ct)
    study = tree.GetItemAncestorAtLevel(image, "Study")
    assert study and tree.GetItemAncestorAtLevel(item, "Study") == study
    assert node.GetSegmentation().GetSourceRepresentationName() == "Binary labelmap"
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is ct
    assert tree.GetItemAttribute(item, "DicomRtImport.RoiReferencedSeriesUid") == tree.GetItemUID(image, "DICOM") != ""
    uids = tree.GetItemAttribute(item, "DICOM.ReferencedInstanceUIDs").split()
    assert sorted(uids) == sorted(ct.GetAttribute("DICOM.instanceUIDs").split())
    names = scene.vtkMRMLSubjectHierarchyConstants
    assert names.GetDICOMReferencedInstanceUIDsAttributeName() == "DICOM.ReferencedInstanceUIDs"


def test_the_rt_files_of_the_study_are_found(scene, database, tmp_path):
    from RadOncAILib.scene.image import files_of, modality_of, why_no_files
    from RadOncAILib.scene.study import rt_candidates

    volume = planning_ct(tmp_path / "ct")
    other = write_ct_series(volume, tmp_path / "elsewhere" / "ct", patient_id="P2")
    ring_and_keyhole(volume, tmp_path / "ct" / "rs.dcm")
    (tmp_path / "elsewhere" / "ct").rename(tmp_path / "not_in_database")
    ring_and_keyhole(other, tmp_path / "not_in_database" / "rs.dcm")
    ct = database(tmp_path / "ct")
    assert rt_candidates(ct) == [str(tmp_path / "ct" / "rs.dcm")]
    assert len(files_of(ct)) == SHAPE[0] and modality_of(ct) == "CT" and why_no_files(ct) == ""


def test_a_series_of_which_one_image_is_gone_has_no_files(scene, database, tmp_path):
    from RadOncAILib.scene.image import files_of, why_no_files

    planning_ct(tmp_path / "ct")
    ct = database(tmp_path / "ct")
    ct.SetAttribute("DICOM.instanceUIDs", ct.GetAttribute("DICOM.instanceUIDs") + " 1.2.3")
    assert files_of(ct) == [] and "not in the DICOM database" in why_no_files(ct)


def test_without_the_database_the_volume_still_works_but_says_why_nothing_can_be_written(scene, database, tmp_path):
    from RadOncAILib.scene.image import image_request, why_no_files
    from RadOncAILib.scene.study import rt_candidates

    planning_ct(tmp_path / "ct")
    ct = database(tmp_path / "ct")
    scene.dicomDatabase.closeDatabase()
    assert image_request(ct)["files"] == [] and rt_candidates(ct) == []
    assert "not in the DICOM database" in why_no_files(ct)
