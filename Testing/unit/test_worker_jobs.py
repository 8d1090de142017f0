"""Jobs through a real worker process give what the library gives, on the image's own axes."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from worker_requests import SHAPE, body_request, image_of, run, trunk_volume, worker  # noqa: E402

from radoncai.cli.main import main  # noqa: E402
from radoncai.contour.job import contour  # noqa: E402
from radoncai.contour.table import structure_rows  # noqa: E402
from radoncai.core.grid import Grid  # noqa: E402
from radoncai.core.structures import Contour, Structure, StructureSet  # noqa: E402
from radoncai.core.volume import Volume  # noqa: E402
from radoncai.dicom.masks.labels import read_labels  # noqa: E402
from radoncai.dicom.rtstruct.reader import read_contours  # noqa: E402
from radoncai.dicom.rtstruct.writer import write_rtstruct  # noqa: E402
from radoncai.dicom.series.ct_writer import write_ct_series  # noqa: E402
from radoncai.dicom.series.series import read_series  # noqa: E402
from radoncai.dicom.structures import read_structures  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def own_home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RADONCAI_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def client(own_home):
    with worker() as made:
        yield made


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """The trunk as DICOM with an identity: the volume with its references, and its files."""
    folder = tmp_path_factory.mktemp("ct")
    header = {"PatientSize": 1.74, "PatientWeight": 74.0, "PatientSex": "F"}
    volume = write_ct_series(trunk_volume(), folder, patient_id="P-1", patient_name="Doe^Jane", header=header)
    return volume, sorted(folder.iterdir()), folder


def test_contours_are_those_of_the_library(client):
    event, heard, job = run(client, "contour", body_request(client))
    assert event["event"] == "result" and len(heard.ends) == 1
    direct = contour(trunk_volume(), "body", override=True)
    rows = {r["structure"]: r for r in structure_rows(direct.structures)}
    for item in event["result"]["structures"]:
        own = direct.structures.find(item["name"])
        box = tuple(slice(a, b) for a, b in item["box"])
        assert box == own.box and np.array_equal(np.load(job.folder / item["array"]), own.mask)
        assert item["volume_cc"] == rows[item["name"]]["volume_cc"]
    assert event["result"]["model"]["name"] == "body"
    job.close()


@pytest.mark.parametrize("axes, flips", [((0, 1, 2), (-1, -1, -1)), ((1, 2, 0), (1, -1, 1)), ((2, 1, 0), (-1, 1, -1))])
def test_masks_come_back_on_the_images_own_axes(client, axes, flips):
    straight = trunk_volume()
    turned = np.transpose(straight.array, axes)[tuple(slice(None, None, f) for f in flips)]
    matrix = np.eye(4)
    for new, (old, flip) in enumerate(zip(axes, flips, strict=True)):
        matrix[:3, 2 - new] = straight.grid.index_to_lps[:3, 2 - old] * flip
        if flip < 0:
            matrix[:3, 3] += straight.grid.index_to_lps[:3, 2 - old] * (straight.array.shape[old] - 1)
    matrix[:3, 3] += straight.grid.origin_lps
    volume = Volume(np.ascontiguousarray(turned), Grid(turned.shape, matrix), "CT", "HU")
    folder = client.new_folder()
    event, _, job = run(client, "contour", {"folder": str(folder), "image": image_of(volume, folder), "model": "body",
                                            "override": True})
    left = next(s for s in event["result"]["structures"] if s["name"] == "Lung_L")
    mask = np.zeros(volume.array.shape, bool)
    mask[tuple(slice(a, b) for a, b in left["box"])] = np.load(folder / left["array"])
    centre = volume.grid.to_lps(np.argwhere(mask).mean(0)[None, ::-1])[0]
    assert centre[0] > 30 and abs(centre[1]) < 10
    assert (volume.array[mask] < -700).mean() > 0.9
    job.close()


def test_structures_asked_for_and_their_aliases(client):
    event, _, job = run(client, "contour", body_request(client, structures=["Left Lung"]))
    assert [s["name"] for s in event["result"]["structures"]] == ["Lung_L"]
    job.close()


def test_describe_says_what_the_image_is_with_files_or_voxels(client, series):
    _, files, _ = series
    paths = [str(p) for p in files]
    event, _, job = run(client, "describe", {"files": paths, "task": "contour"})
    found = event["result"]
    assert found["verdict"] == "fine" and found["shape"] == list(SHAPE)
    assert found["person"]["height_m"] == 1.74 and found["person"]["sex"] == "F"
    job.close()
    event, _, job = run(client, "describe", {"files": [*paths[:10], *paths[12:]]})
    assert event["result"]["verdict"] == "refused" and "missing" in event["result"]["lines"][0]["text"]
    assert "--" not in event["result"]["lines"][0]["text"]
    job.close()


def test_voxels_that_do_not_belong_to_the_files_are_refused(client, series):
    volume, files, _ = series
    moved = Volume(volume.array, Grid.axial(SHAPE, (5.0, 5.0, 5.0), (-100.0, -130.0, -60.0)), "CT", "HU")
    folder = client.new_folder()
    event, _, _ = run(client, "contour", {"folder": str(folder), "image": image_of(moved, folder, files),
                                          "model": "body"})
    assert event["kind"] == "input" and "beside its DICOM files" in event["text"]
    folder = client.new_folder()
    fewer = Volume(volume.array[1:], volume.grid.crop((slice(1, 30), slice(0, 54), slice(0, 70))), "CT", "HU")
    event, _, _ = run(client, "contour", {"folder": str(folder), "image": image_of(fewer, folder, files),
                                          "model": "body"})
    assert event["kind"] == "input" and "voxels" in event["text"]


def ring_and_keyhole(volume, path):
    """One RTSTRUCT with an annulus of 20 and 10 mm drawn as two contours and as one keyhole, on five slices."""
    angle = np.linspace(0, 2 * np.pi, 121)[:-1]
    rings, holes = [], []
    for k in range(10, 15):
        z = float(volume.grid.to_lps(np.array([[0, 0, k]]))[0, 2])
        outer, inner = (np.column_stack([5 + r * np.cos(angle), 3 + r * np.sin(angle), np.full(120, z)])
                        for r in (20.0, 10.0))
        uid = volume.source.slices[k][1]
        rings += [Contour(np.round(outer, 3), "CLOSED_PLANAR", uid), Contour(np.round(inner, 3), "CLOSED_PLANAR", uid)]
        keyhole = np.concatenate([outer, outer[:1], inner[:1], inner[::-1]])
        holes.append(Contour(np.round(keyhole, 3), "CLOSED_PLANAR", uid))
    box = (slice(0, 1),) * 3
    drawn = tuple(Structure(name, np.ones((1, 1, 1), bool), box, contours=tuple(c))
                  for name, c in (("Ring", rings), ("Keyhole", holes)))
    write_rtstruct(StructureSet(volume.grid, drawn, volume.source), volume, path)


def test_a_ring_and_a_keyhole_have_the_same_cc_as_in_the_command(client, series, tmp_path):
    volume, files, folder = series
    path = tmp_path / "rs.dcm"
    ring_and_keyhole(volume, path)
    table = {r["structure"]: r for r in structure_rows(read_structures(path, read_series(folder)))}
    place = client.new_folder()
    image = image_of(volume, place, files)
    event, _, job = run(client, "read_structures", {"folder": str(place), "image": image, "path": str(path)})
    found = {s["name"]: s for s in event["result"]["structures"]}
    assert found["Ring"]["volume_cc"] == found["Keyhole"]["volume_cc"] == table["Ring"]["volume_cc"]
    assert found["Ring"]["volume_cc"] == table["Keyhole"]["volume_cc"]
    assert main(["convert", str(path), "--ct", str(folder), "-o", str(tmp_path / "out.seg.nrrd")]) == 0
    converted = read_labels(tmp_path / "out.seg.nrrd")
    for name in ("Ring", "Keyhole"):
        assert converted.volume_cc(converted.find(name)) == pytest.approx(found[name]["volume_cc"], abs=1e-3)
    assert found["Ring"]["volume_cc"] == pytest.approx(np.pi * (20**2 - 10**2) * 25 / 1000, rel=0.06)
    job.close()


def test_unedited_structures_are_written_back_as_they_were_read_and_edited_ones_from_their_mask(
        client, series, tmp_path):
    volume, files, _ = series
    path = tmp_path / "rs.dcm"
    ring_and_keyhole(volume, path)
    place = client.new_folder()
    image = image_of(volume, place, files)
    event, _, _ = run(client, "read_structures", {"folder": str(place), "image": image, "path": str(path)})
    items = event["result"]["structures"]
    edited = np.load(place / items[1]["array"])
    edited[2] = 0
    np.save(place / "edited.npy", edited)
    items[1] = {**items[1], "array": "edited.npy", "status": "approved", "reviewer": "R", "comment": "seen"}
    rejected = {**items[0], "name": "Bad", "status": "rejected"}
    event, _, job = run(client, "write_structures", {
        "folder": str(place), "image": image, "structures": [*items, rejected], "output": str(tmp_path / "out")})
    result = event["result"]
    assert result["files"] == ["provenance.json", "rtstruct.dcm", "structures.csv"]
    assert any(text.startswith("Bad was left out") for text in result["warnings"])
    before = {r.structure.name: r.contours for r in read_contours(path).rois}
    after = {r.structure.name: r.contours for r in read_contours(Path(result["path"])).rois}
    assert set(after) == {"Ring", "Keyhole"}
    assert [c.text for c in after["Ring"]] == [c.text for c in before["Ring"]]
    assert len(after["Keyhole"]) < len(before["Keyhole"]) + 4 and after["Keyhole"][0].text != before["Keyhole"][0].text
    job.close()


def test_an_export_names_the_original_series_and_is_unapproved(client, series, tmp_path):
    volume, files, _ = series
    place = client.new_folder()
    request = {"folder": str(place), "image": image_of(volume, place, files), "model": "body", "override": True}
    event, _, _ = run(client, "contour", request)
    event, _, job = run(client, "write_structures", {
        **request, "structures": event["result"]["structures"], "output": str(tmp_path / "out"), "label": "TEST"})
    data = pydicom.dcmread(event["result"]["path"])
    assert data.ApprovalStatus == "UNAPPROVED" and data.StructureSetLabel == "TEST"
    study = data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    assert study.RTReferencedSeriesSequence[0].SeriesInstanceUID == volume.source.series_uid
    assert data.PatientID == "P-1"
    assert event["result"]["read_back"].endswith("every voxel the same (Dice 1.0000).")
    job.close()


def test_a_set_is_checked_before_it_is_written_and_compared_afterwards(client, series, tmp_path):
    volume, files, _ = series
    place = client.new_folder()
    request = {"folder": str(place), "image": image_of(volume, place, files), "model": "body", "override": True}
    event, _, job = run(client, "contour", request)
    external = next(s for s in event["result"]["structures"] if s["name"] == "External")
    twin = {**external, "name": "EXTERNAL", "status": "approved", "reviewer": "Doe^Jane",
            "reviewed_at": "2026-02-03 14:05"}
    ask = {**request, "structures": [external, twin], "profile": "eclipse", "label": "TEST",
           "not_found": [{"name": "Lens_L", "reason": "not in the scan"}, {"name": "External", "reason": "old"}]}
    found = run(client, "check_structures", ask)[0]["result"]
    assert (found["title"], found["contours"], found["holes"]) == ("Eclipse (Varian)", "smooth", "keyhole")
    assert [(f["severity"], f["check"]) for f in found["findings"]] == [("error", "name_unique"),
                                                                      ("warning", "one_external")]
    assert found["left_out"] == [{"name": "Lens_L", "reason": "not in the scan"}]
    assert found["status_line"] == "Leaves as UNAPPROVED: 1 of 2 structures were approved by Doe^Jane."
    assert {p["name"] for p in found["profiles"]} >= {"generic", "eclipse", "raystation", "monaco", "pinnacle"}
    assert run(client, "check_structures", {**ask, "contours": "exact"})[0]["result"]["contours"] == "exact"
    ask |= {"contours": "exact", "output": str(tmp_path / "out")}
    written = run(client, "write_structures", ask)[0]["result"]
    assert [(r["name"], r["dice"]) for r in written["compared"]] == [("External", 1.0), ("EXTERNAL", 1.0)]
    assert written["compared"][0]["volume_cc"] == pytest.approx(external["volume_cc"], abs=0.05)
    assert "Lens_L was left out: not in the scan." in written["warnings"]
    assert "Lens_L (not in the scan)" in pydicom.dcmread(written["path"]).StructureSetDescription
    bad = run(client, "check_structures", {**ask, "profile": "moon"})[0]
    assert bad["kind"] == "input" and "generic" in bad["text"]
    job.close()


def test_a_clinics_profile_decides_on_approval_and_rejection(client, series, own_home, tmp_path):
    volume, files, _ = series
    place, home = client.new_folder(), Path(os.environ["RADONCAI_HOME"]) / "templates" / "profiles"
    home.mkdir(parents=True, exist_ok=True)
    profile = {"name": "house", "title": "House", "extends": "generic", "approve": True, "rejected": "stop"}
    (home / "house.json").write_text(json.dumps(profile), encoding="utf-8")
    request = {"folder": str(place), "image": image_of(volume, place, files), "model": "body", "override": True}
    event, _, job = run(client, "contour", request)
    seen = {"status": "approved", "reviewer": "Doe^Jane", "reviewed_at": "2026-02-03 14:05"}
    rows = [{**s, **seen} for s in event["result"]["structures"]]
    ask = {**request, "structures": rows, "profile": "house", "output": str(tmp_path / "out")}
    found = run(client, "check_structures", ask)[0]["result"]
    assert found["status_line"] == "Leaves as APPROVED by Doe^Jane." and not found["findings"]
    data = pydicom.dcmread(run(client, "write_structures", ask)[0]["result"]["path"])
    assert (data.ApprovalStatus, data.ReviewerName, data.ReviewDate) == ("APPROVED", "Doe^Jane", "20260203")
    ask["structures"] = [*rows[1:], {**rows[0], "status": "rejected"}]
    bad = run(client, "check_structures", ask)[0]
    assert bad["kind"] == "input" and "was rejected by the reviewer" in bad["text"]
    job.close()


def test_an_image_without_dicom_is_not_exported(client, tmp_path):
    request = body_request(client)
    event, _, job = run(client, "contour", request)
    event, _, _ = run(client, "write_structures", {
        **request, "structures": event["result"]["structures"], "output": str(tmp_path / "out")})
    assert event["kind"] == "input" and "DICOM" in event["text"] and not (tmp_path / "out").exists()
    job.close()


def test_the_study_lists_what_belongs_to_the_patient(client, series, tmp_path):
    volume, files, _ = series
    ring_and_keyhole(volume, tmp_path / "rs.dcm")
    other = replace(volume, source=replace(volume.source, patient_id="P-2"))
    ring_and_keyhole(other, tmp_path / "other.dcm")
    (tmp_path / "damaged.dcm").write_bytes((tmp_path / "rs.dcm").read_bytes()[:700])
    event, _, job = run(client, "study", {"files": [str(p) for p in files], "candidates": [str(tmp_path)]})
    found = event["result"]["structure_sets"]
    assert [Path(s["path"]).name for s in found] == ["rs.dcm"]
    assert [Path(u["path"]).name for u in event["result"]["unreadable"]] == ["damaged.dcm"]
    assert found[0]["structures"] == ["Ring", "Keyhole"] and found[0]["same_frame"] and found[0]["same_series"]
    job.close()


def test_channels_are_said_before_the_dose_runs(client):
    structures = [{"name": "PTV_7000", "role": "ptv"}, {"name": "PTV high", "role": "ptv"},
                  {"name": "Lt Parotid", "role": "oar"}, {"name": "Brainstem", "role": "oar"}]
    request = {"structures": structures, "prescription": {"PTV_7000": 70, "PTV high": 60}, "fractions": 35,
               "model": "hn_dose"}
    event, _, job = run(client, "dose_channels", request)
    rows = {r["structure"]: (r["channel"], r["how"]) for r in event["result"]["channels"]}
    assert rows["PTV_7000"] == ("70 Gy", "exact") and rows["PTV high"] == ("60 Gy", "level")
    assert rows["Lt Parotid"] == ("Parotid_L", "alias") and rows["Brainstem"] == ("Brainstem", "exact")
    assert event["result"]["unconfirmed"] == ["PTV high"]
    job.close()
    event, _, job = run(client, "dose_channels", {**request, "confirmed": {"PTV high": "60 Gy"}})
    assert event["result"]["unconfirmed"] == []
    job.close()
    event, _, job = run(client, "dose_channels", {**request, "prescription": {"Brainstem": 70}})
    assert "not a target" in event["result"]["refusals"][0]
    job.close()


def test_a_target_that_nobody_confirmed_stops_the_dose(client):
    request = body_request(client)
    folder = Path(request["folder"])
    np.save(folder / "t.npy", np.ones((4, 4, 4), np.uint8))
    target = {"name": "Boost", "role": "ptv", "box": [[10, 14], [20, 24], [30, 34]], "array": "t.npy"}
    event, _, _ = run(client, "dose", {**request, "structures": [target], "prescription": {"Boost": 70}, "model": None})
    assert event["kind"] == "input" and "confirm" in event["text"]


def test_the_dvh_of_a_known_dose(client):
    """Half of a box gets 20 Gy, half 40 Gy."""
    volume = trunk_volume()
    folder = client.new_folder()
    gray = np.full(SHAPE, 20.0, np.float32)
    gray[:, :, 32:] = 40.0
    np.save(folder / "dose.npy", gray)
    np.save(folder / "s.npy", np.ones((6, 8, 8), np.uint8))
    item = {"name": "Box", "role": "oar", "box": [[10, 16], [20, 28], [28, 36]], "array": "s.npy"}
    dose = {"array": "dose.npy", "ijk_to_lps": volume.grid.index_to_lps.ravel().tolist()}
    event, _, job = run(client, "dvh", {"folder": str(folder), "image": image_of(volume, folder), "structures": [item],
                                        "dose": dose, "prescription": None, "goals": []})
    metrics = {m["metric"]: m["value"] for m in event["result"]["metrics"]}
    assert metrics["Dmean[Gy]"] == pytest.approx(30.0, abs=0.3)
    curve = event["result"]["dvh"][0]
    assert curve["volume_cc"] == pytest.approx(6 * 8 * 8 * 0.125, rel=0.01) and curve["volume_pct"][0] == 100.0
    job.close()


def test_a_written_dose_names_the_structure_set_that_was_not_edited(client, series, tmp_path):
    volume, files, _ = series
    ring_and_keyhole(volume, tmp_path / "rs.dcm")
    place = client.new_folder()
    image = image_of(volume, place, files)
    event, _, _ = run(client, "read_structures", {"folder": str(place), "image": image,
                                                  "path": str(tmp_path / "rs.dcm")})
    items = [{**s, "role": "ptv"} for s in event["result"]["structures"]]
    np.save(place / "dose.npy", np.full(SHAPE, 30.0, np.float32))
    request = {"folder": str(place), "image": image, "structures": items, "prescription": {"Ring": 30.0},
               "dose": {"array": "dose.npy", "ijk_to_lps": image["ijk_to_lps"], "kind": "predicted"},
               "fractions": 10, "provenance": {}, "output": str(tmp_path / "out")}
    event, _, _ = run(client, "write_dose", request)
    named = pydicom.dcmread(tmp_path / "out" / "rtdose.dcm").ReferencedInstanceSequence[0]
    assert named.ReferencedSOPInstanceUID == pydicom.dcmread(tmp_path / "rs.dcm").SOPInstanceUID
    items[0] = {**items[0], "array": "edited.npy"}
    edited = np.load(place / items[1]["array"])
    edited[2] = 0
    np.save(place / "edited.npy", edited)
    event, _, job = run(client, "write_dose", request)
    assert "ReferencedInstanceSequence" not in pydicom.dcmread(tmp_path / "out" / "rtdose.dcm")
    job.close()


def test_models_say_why_they_cannot_be_used(client):
    event, _, job = run(client, "models", {"task": None})
    rows = {m["name"]: m for m in event["result"]["models"]}
    assert rows["body"]["usable"] and rows["body"]["why_not"] is None and rows["body"]["missing"] == []
    assert {"card", "licence", "memory_mb", "expected_s", "sites", "modality"} <= set(rows["hn_oar"])
    assert rows["hn_oar"]["experimental"]
    job.close()


def test_tissue_at_a_given_level_its_edit_its_undo_and_its_files(client, series, tmp_path):
    volume, files, _ = series
    folder = client.new_folder()
    request = {"folder": str(folder), "image": image_of(volume, folder, files), "person": {"sex": "F"}}
    event, _, _ = run(client, "bodycomp", {**request, "level_mm": 12.0})
    first = event["result"]
    first["labels"]["array"] = "first.npy"
    (folder / "labels.npy").rename(folder / "first.npy")
    assert first["level"]["slice"] == 14 and first["labels"]["slice"] == 14 and first["labels"]["box"][0] == [14, 15]
    assert first["person"]["height_m"] == 1.74 and first["row"]["level_mm"] == 12.0
    assert any("given" in text for text in first["flags"])
    again = {**request, "labels": first["labels"], "level_mm": 12.0, "measured": first["measured"]}
    event, _, _ = run(client, "bodycomp_edit", again)
    assert event["result"]["sd"] == first["sd"] and "edited" not in event["result"]["provenance"]["options"]
    labels = np.load(folder / first["labels"]["array"])
    added = int((labels[0, 25:29, 34:38] != 1).sum())
    labels[0, 25:29, 34:38] = 1
    np.save(folder / "edited.npy", labels)
    edited = {**again, "labels": {**first["labels"], "array": "edited.npy"}}
    event, _, _ = run(client, "bodycomp_edit", edited)
    now = event["result"]
    assert now["values"]["muscle_cm2"] == pytest.approx(first["values"]["muscle_cm2"] + added * 0.25)
    assert now["sd"]["muscle_cm2"] is None and now["provenance"]["options"]["edited"]
    event, _, job = run(client, "write_bodycomp", {**edited, "output": str(tmp_path / "out"), "report": True})
    assert set(event["result"]["files"]) == {"bodycomp.csv", "l3.png", "provenance.json", "report.html", "result.json",
                                             "tissue.nrrd"}
    np.save(folder / "slice.npy", volume.array[14:15])
    one = {**request["image"], "array": "slice.npy", "shape": list(SHAPE), "box": first["labels"]["box"]}
    event, _, _ = run(client, "bodycomp_edit", {**again, "image": one})
    assert event["result"]["values"] == first["values"]
    elsewhere = {**again, "level_mm": 50.0}
    event, _, _ = run(client, "bodycomp_edit", elsewhere)
    assert event["kind"] == "input"
    job.close()


def test_a_level_is_told_in_the_images_own_slices(client):
    volume = trunk_volume()
    matrix = volume.grid.index_to_lps.copy()
    matrix[:3, 3] += matrix[:3, 2] * (SHAPE[0] - 1)
    matrix[:3, 2] *= -1
    upside_down = Volume(np.ascontiguousarray(volume.array[::-1]), Grid(SHAPE, matrix), "CT", "HU")
    folder = client.new_folder()
    event, _, job = run(client, "bodycomp", {"folder": str(folder), "image": image_of(upside_down, folder),
                                             "level_mm": 12.0})
    level = event["result"]["level"]
    assert upside_down.grid.to_lps(np.array([[0, 0, level["slice"]]]))[0, 2] == pytest.approx(10.0, abs=2.5)
    assert event["result"]["labels"]["box"][0] == [level["slice"], level["slice"] + 1]
    job.close()
