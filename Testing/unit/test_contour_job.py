"""The contour job, its findings and its table."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from radoncai.contour.findings import check_all, describe
from radoncai.contour.job import contour
from radoncai.contour.table import structure_rows
from radoncai.core.errors import Cancelled, InputError, ModelError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.tables import COLUMNS
from radoncai.core.volume import Source, Volume
from radoncai.models.applicability import judge
from radoncai.models.catalogue import read_folder
from radoncai.models.spec import ModelSpec

SHAPE, SPACING = (25, 60, 80), (4.0, 3.0, 2.5)
GRID = Grid.axial(SHAPE, SPACING, (-100.0, -90.0, -50.0))


def ball(center, radius, shape=SHAPE, grid=GRID):
    points = grid.to_lps(np.argwhere(np.ones(shape))[:, ::-1])
    return (np.linalg.norm(points - center, axis=1) <= radius).reshape(shape)


def phantom(modality="CT", unit="HU"):
    array = np.full(SHAPE, -1000.0, np.float32)
    points = GRID.to_lps(np.argwhere(np.ones(SHAPE))[:, ::-1])
    array[((points[:, 0] / 85) ** 2 + (points[:, 1] / 70) ** 2 < 1).reshape(SHAPE)] = 30.0
    return Volume(array, GRID, modality, unit)


def checked(masks, volume=None, **attributes):
    structures = tuple(Structure.from_full(n, m, **attributes) for n, m in masks.items())
    return {s.name: " ".join(s.findings) for s in check_all(StructureSet(GRID, structures), volume or phantom())}


def test_what_is_found_and_what_is_not():
    result = contour(phantom(), "body")
    assert result.structures.names == ("External",)
    assert set(result.structures.missing) == {"Lung_L", "Lung_R"}
    outline = result.structures.find("External")
    assert (outline.origin, outline.role, outline.standard_name) == ("AUTOMATIC", "external", "External")
    assert (outline.algorithm.name, outline.review.status) == ("body", "unreviewed")
    volume = np.pi * 85 * 70 * SHAPE[0] * SPACING[0] / 1000
    assert abs(result.structures.volume_cc(outline) / volume - 1) < 0.02
    assert "finding the body" in result.seconds


def test_the_table_has_its_columns_and_rows_for_what_was_not_found():
    rows = structure_rows(contour(phantom(), "body").structures)
    assert [list(row) for row in rows] == [COLUMNS["structures"].split()] * 3
    assert [row["status"] for row in rows] == ["unreviewed", "not_found", "not_found"]
    assert rows[1]["volume_cc"] is None
    assert rows[1]["findings"]


def test_a_subset_by_alias_is_said_and_unknown_names_are_listed():
    result = contour(phantom(), "body", structures=["BODY"])
    assert result.structures.names == ("External",)
    assert not result.structures.missing
    assert any("External" in text for text in result.warnings)
    with pytest.raises(InputError, match="no Liver; it has External, Lung_L, Lung_R"):
        contour(phantom(), "body", structures=["Liver"])
    with pytest.raises(ModelError, match="bodi"):
        contour(phantom(), "bodi")


def test_an_image_the_model_is_not_made_for_is_refused_unless_overridden():
    with pytest.raises(InputError, match="MR; the model body is made for CT"):
        contour(phantom("MR", "1"), "body")
    stored = phantom().with_array(phantom().array + 1000.0)
    with pytest.raises(InputError, match="do not look like HU"):
        contour(stored, "body")
    thick = Volume(phantom().array, Grid.axial(SHAPE, (20.0, 3.0, 2.5)), "CT", "HU")
    with pytest.raises(InputError, match="slices lie 20.00 mm apart"):
        contour(thick, "body")
    assert any(text.startswith("Overridden") for text in contour(thick, "body", override=True).warnings)


def test_body_part_and_field_of_view_are_judged():
    header = Source(header={"BodyPartExamined": "PELVIS"})
    limits = {"body_part": "head and neck", "field_of_view_mm": [60, 150, 500]}
    found = judge(replace(phantom(), source=header), ModelSpec("m", "1", "contour", "onnx", applicability=limits))
    assert found.refusals == ("The columns cover 200 mm; the model m needs 500 mm.",)
    assert "shows PELVIS" in found.warnings[0]
    for part in ("HEADNECK", "HEAD & NECK", "neck", ""):
        fits = replace(phantom(), source=Source(header={"BodyPartExamined": part}))
        assert not judge(fits, ModelSpec("m", "1", "contour", "onnx", applicability=limits)).warnings


def test_a_cancelled_job_stops():
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        contour(phantom(), "body", progress=progress)


def test_shape_of_a_ball():
    structures = StructureSet(GRID, (Structure.from_full("Brain", ball((10, -20, 0), 30)),))
    shape = describe(structures.structures[0], structures)
    assert abs(shape.volume_cc / (4 / 3 * np.pi * 3 ** 3) - 1) / 1000 < 0.03
    assert np.abs(shape.center_lps - (10, -20, 0)).max() < 0.8
    assert len(shape.pieces_cc) == 1
    assert shape.cut == ()


def test_findings_say_size_side_pieces_and_values():
    left, right = ball((40, 0, 0), 18), ball((-40, 0, 0), 18)
    assert checked({"Parotid_L": left, "Parotid_R": right}) == {"Parotid_L": "", "Parotid_R": ""}
    swapped = checked({"Parotid_L": right, "Parotid_R": left})
    assert "wrong side" in swapped["Parotid_L"]
    assert "wrong side" in swapped["Parotid_R"]
    assert "unusually small" in checked({"Parotid_L": ball((40, 0, 0), 8)})["Parotid_L"]
    uneven = checked({"Parotid_L": ball((40, 0, 0), 22), "Parotid_R": right})
    assert "times that of Parotid_R" in uneven["Parotid_L"]
    assert "2 separate pieces" in checked({"Parotid_L": left | ball((40, 0, 35), 8)})["Parotid_L"]
    assert "too soft for bone" in checked({"Bone_Mandible": left})["Bone_Mandible"]
    outside = ball((95, 0, 0), 14)
    assert "HU is unusual" in checked({"Parotid_L": outside})["Parotid_L"]


def test_a_structure_at_the_border_of_the_scan_is_not_judged_by_volume():
    text = checked({"Parotid_L": ball((40, 0, 44), 8)})["Parotid_L"]
    assert "highest slice" in text
    assert "unusually" not in text
    missing = ball((40, 0, 0), 18)
    missing[12] = False
    assert "1 slices inside it are empty" in checked({"Parotid_L": missing})["Parotid_L"]


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """A model folder whose network calls everything denser than 150 HU Brainstem, and nothing SpinalCord."""
    torch = pytest.importorskip("torch", reason="torch is not installed, it makes the test's model")
    pytest.importorskip("onnx", reason="onnx is not installed, it exports the test's model")
    folder = tmp_path_factory.mktemp("dense")
    network = torch.nn.Conv3d(1, 2, 1)
    with torch.no_grad():
        network.weight[:] = torch.tensor([40.0, 0.0]).reshape(2, 1, 1, 1, 1)
        network.bias[:] = torch.tensor([-6.0, -9.0])
    torch.onnx.export(network, (torch.zeros(1, 1, 16, 32, 32),), str(folder / "model.onnx"), opset_version=17,
                      dynamo=False)
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    (folder / "model.json").write_text(json.dumps({
        "name": "dense", "version": "0.2.0", "task": "contour", "runner": "onnx", "weights": {"model.onnx": digest},
        "inputs": [{"name": "CT", "normalisation": {"clip": [-1000, 1000], "std": 1000}}], "overlap": 0.25,
        "outputs": [{"name": "Brainstem"}, {"name": "SpinalCord"}], "spacing_mm": [4, 3, 3], "patch": [16, 32, 32],
        "postprocess": {"Brainstem": ["largest_component"]}}))
    return read_folder(folder), digest


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_network_from_its_folder_to_the_structure_set(dense):
    folder, digest = dense
    volume, truth = phantom(), ball((10.0, -15.0, 5.0), 19.0)
    volume.array[truth] = 300.0
    seen = []
    result = contour(volume, folder, device="cpu", progress=Progress(lambda name, fraction: seen.append(name)))
    stem = result.structures.find("Brainstem")
    mask = stem.full(SHAPE)
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.95
    assert (stem.algorithm.name, stem.algorithm.version, stem.algorithm.weights) == ("dense", "0.2.0", digest)
    assert stem.uncertainty > 0
    assert "highest probability 0.00" in result.structures.missing["SpinalCord"]
    assert seen.count("running the model") > 4
    (row, lost) = structure_rows(result.structures)
    assert [row["center_l_mm"], row["center_p_mm"], row["center_s_mm"]] == pytest.approx([10, -15, 5], abs=0.6)
    assert lost["status"] == "not_found"
