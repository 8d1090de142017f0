"""Images made from images: a network whose answer is arithmetic, on grids of any direction, and its DICOM series."""

import hashlib
import json

import numpy as np
import pydicom
import pytest
from balls import drawn
from scipy import ndimage

from radoncai.cli.main import main
from radoncai.core.errors import InputError, ModelError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.dicom.image import read_image, write_image
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series
from radoncai.models.engine.images import translate
from radoncai.models.spec import InputSpec, ModelSpec, OutputSpec
from radoncai.translate.job import make_image

RULES = {"inputs": (InputSpec("CT", (-1000.0, 2000.0), 500.0, 500.0),),
         "outputs": (OutputSpec("CT", "image", (-1024.0, 3071.0), 500.0, 500.0),)}


def model(**more):
    values = {"activation": "none", "unit": "HU", "patch": (16, 32, 32), **RULES, **more}
    return ModelSpec("copy", "1", "image", "onnx", **values)


class Copy:
    weights, device = "", "cpu"

    def run(self, inputs, progress):
        return inputs[:1]


def test_a_network_that_copies_gives_the_image_back_on_its_grid():
    volume, _ = drawn()
    volume = volume.with_array(volume.array.astype(np.int16))
    made, passes = translate(volume, model(), Copy(), Progress())
    assert (made.array.dtype, made.modality, made.unit, passes) == (np.int16, "CT", "HU", 1)
    assert made.grid is volume.grid
    assert np.array_equal(made.array, volume.array)


def test_axes_of_the_file_are_kept_and_a_coarser_model_blurs_only():
    volume, _ = drawn()
    matrix = volume.grid.index_to_lps.copy()
    matrix[:3, 3] = volume.grid.to_lps(np.array([[109, 0, 0]]))[0]
    matrix[:3, 0] *= -1
    turned = Volume(volume.array[:, :, ::-1], Grid(volume.grid.shape, matrix), "CT", "HU")
    straight, _ = translate(volume, model(spacing_mm=(4.0, 3.0, 3.0)), Copy(), Progress())
    other, _ = translate(turned, model(spacing_mm=(4.0, 3.0, 3.0)), Copy(), Progress())
    assert other.grid is turned.grid
    assert np.array_equal(other.array[:, :, ::-1], straight.array)
    assert abs(float(straight.array.mean()) - float(volume.array.mean())) < 5
    assert straight.array[5, 45, 55] == volume.array[5, 45, 55] == 0


def test_an_image_on_the_models_finer_grid_covers_the_same_patient():
    volume, masks = drawn(centres={"Kidney_L": (22.0, 5.0, 40.0)})
    made, _ = translate(volume, model(spacing_mm=(1.35, 1.3, 1.3), grid="model"), Copy(), Progress())
    assert made.grid.spacing_mm == pytest.approx((1.35, 1.3, 1.3))
    inside = made.grid.to_lps(np.argwhere(made.array > 150)[:, ::-1])
    assert inside.mean(axis=0) == pytest.approx((22.0, 5.0, 40.0), abs=0.2)
    assert len(inside) * made.grid.voxel_cc == pytest.approx(masks["Kidney_L"].sum() * volume.grid.voxel_cc, rel=0.06)


def test_outputs_in_other_units_stay_numbers_and_labels_are_refused():
    volume, _ = drawn()
    made, _ = translate(volume, model(unit="Gy", outputs=(OutputSpec("dose", "image", None, 0.0, 0.1),)), Copy(),
                        Progress())
    assert (made.array.dtype, made.unit) == (np.float32, "Gy")
    assert np.allclose(made.array, (volume.array - 500) / 500 * 0.1, atol=1e-5)
    with pytest.raises(ModelError, match="one output image"):
        translate(volume, model(outputs=RULES["outputs"] * 2), Copy(), Progress())


RULE = {"clip": [-1024, 3071], "mean": -1000, "std": 1000}


def install(home, kernel, **more):
    """The model `smooth` in a user's folder: one convolution with `kernel` (1, channels, k, j, i), as an onnx file."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed, it makes the test's model")
    helper, folder, channels = onnx.helper, home / "models" / "smooth", kernel.shape[1]
    folder.mkdir(parents=True)
    ends = [helper.make_tensor_value_info(n, 1, [1, c, "k", "j", "i"]) for n, c in (("x", channels), ("y", 1))]
    conv = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=kernel.shape[2:],
                            pads=[n // 2 for n in kernel.shape[2:]] * 2)
    graph = helper.make_graph([conv], "smooth", ends[:1], ends[1:],
                              [helper.make_tensor("w", 1, kernel.shape, kernel.astype(np.float32))])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
              folder / "model.onnx")
    (folder / "model.json").write_text(json.dumps({
        "name": "smooth", "version": "1.0", "title": "Mean of neighbours", "task": "image", "runner": "onnx",
        "unit": "HU", "activation": "none", "patch": [16, 32, 32], "licence": "Apache-2.0",
        "weights": {"model.onnx": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()},
        "inputs": [{"name": "CT", "normalisation": RULE}], "outputs": [{"name": "CT", "normalisation": RULE}], **more}))


def test_the_command_reads_a_second_image(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    install(tmp_path / "home", np.array([0.25, 0.75]).reshape(1, 2, 1, 1, 1), images=[{"name": "image"}, {"name": "B"}],
            inputs=[{"name": "one", "normalisation": RULE}, {"name": "two", "normalisation": RULE, "image": "B"}])
    first, second = drawn()[0], drawn(hu=-400.0)[0]
    for name, volume in (("a", first), ("b", second)):
        write_image(volume.with_array(volume.array.astype(np.int16)), tmp_path / f"{name}.nrrd")
    given = ["image", str(tmp_path / "a.nrrd"), "--model", "smooth", "-o", str(tmp_path / "out")]
    assert main([*given, "--image", f"B={tmp_path / 'b.nrrd'}"]) == 0
    made = read_image(tmp_path / "out" / "image.nrrd").array
    assert np.abs(made - (0.25 * first.array + 0.75 * second.array)).max() <= 1
    assert set(json.loads((tmp_path / "out" / "provenance.json").read_text())["inputs"]) == {"image", "B"}
    assert main(given) == 2
    assert "needs the image B" in capsys.readouterr().err


def test_the_command_writes_image_series_and_provenance(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    install(tmp_path / "home", np.full((1, 1, 3, 3, 3), 1 / 27))
    volume, _ = drawn()
    source = write_ct_series(volume, tmp_path / "ct", patient_id="P7", patient_name="A^B", series_description="plan")
    assert main(["image", str(tmp_path / "ct"), "--model", "smooth", "-o", str(tmp_path / "out")]) == 0
    assert "AI-made image, not approved" in capsys.readouterr().out
    made = read_image(tmp_path / "out" / "image.nrrd")
    truth = ndimage.uniform_filter(volume.array.astype(np.float64), 3)
    inner = (slice(2, -2),) * 3
    wrong = np.abs(made.array[inner] - truth[inner])
    assert wrong.max() <= 3  # where tiles end their neighbour counts a thousand times as much
    assert wrong.mean() < 0.3
    series = read_series(tmp_path / "out" / "dicom")
    assert np.array_equal(series.array, made.array)
    assert series.grid.same_as(volume.grid)
    assert (series.source.study_uid, series.source.frame_uid) == (source.source.study_uid, source.source.frame_uid)
    assert series.source.series_uid != source.source.series_uid
    header = pydicom.dcmread(next((tmp_path / "out" / "dicom").iterdir()))
    assert header.ImageType[0] == "DERIVED"
    assert header.SeriesDescription == "AI-made: Mean of neighbours 1.0"
    assert (header.PatientID, str(header.PatientName)) == ("P7", "A^B")
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["models"][0]["name"] == "smooth"
    assert record["inputs"]["image"]["series_uid"] == source.source.series_uid
    assert main(["image", str(tmp_path / "out" / "image.nrrd"), "--model", "smooth", "-o", str(tmp_path / "two")]) == 0
    assert not (tmp_path / "two" / "dicom").exists()


def test_an_image_without_uids_says_that_no_series_was_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    install(tmp_path / "home", np.full((1, 1, 3, 3, 3), 1 / 27))
    write_ct_series(drawn()[0], tmp_path / "ct", patient_id="P7")
    for path in (tmp_path / "ct").iterdir():
        data = pydicom.dcmread(path)
        data.StudyInstanceUID = ""
        data.save_as(path)
    assert main(["image", str(tmp_path / "ct"), "--model", "smooth", "-o", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "No DICOM series was written: the UIDs of the images are empty; image.nrrd" in out and "RTSTRUCT" not in out
    assert not (tmp_path / "out" / "dicom").exists()


def test_provenance_says_whether_mirrored_passes_ran(tmp_path, monkeypatch):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    install(tmp_path / "home", np.full((1, 1, 3, 3, 3), 1 / 27))
    write_image(drawn()[0], tmp_path / "a.nrrd")
    assert main(["image", str(tmp_path / "a.nrrd"), "--model", "smooth", "--flips", "-o", str(tmp_path / "out")]) == 0
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["options"]["flips"] and not record["models"][0]["mirrored"] and record["models"][0]["passes"] == 1


def test_an_image_model_is_refused_for_contours_with_the_command_that_runs_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path / "home"))
    install(tmp_path / "home", np.full((1, 1, 3, 3, 3), 1 / 27))
    write_image(drawn()[0], tmp_path / "a.nrrd")
    assert main(["contour", str(tmp_path / "a.nrrd"), "--model", "smooth", "-o", str(tmp_path / "out")]) == 2
    assert "not for contours; radoncai image runs it." in capsys.readouterr().err


def test_other_tasks_are_refused():
    with pytest.raises(InputError, match="task contour, not for images; radoncai contour runs it"):
        make_image(drawn()[0], "hn_oar")
