"""Several images, members and mirrorings: truth is a ball, a known shift between two images, and arithmetic."""

import hashlib
import json

import numpy as np
import pytest
from balls import CENTRES, RADIUS, Threshold, dice, drawn, full, spec

from radoncai.contour.job import contour
from radoncai.core.errors import InputError, ModelError, PlatformError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models import runners
from radoncai.models.catalogue import read_folder
from radoncai.models.engine import contours as engine
from radoncai.models.engine.back import entropy
from radoncai.models.engine.contours import segment
from radoncai.models.options import RunOptions
from radoncai.models.spec import ImageSpec, InputSpec

NAME = ("Kidney_L",)
ONE = {"Kidney_L": CENTRES["Kidney_L"]}


class Votes:
    """An ensemble whose member n gives the dense voxels the n-th probability, all others none."""

    weights, device = "", "cpu"

    def __init__(self, *chances):
        self.chances, self.members, self.asked = chances, len(chances), []

    def run_member(self, n, inputs, progress):
        self.asked.append(n)
        logit = np.log(self.chances[n] / (1 - self.chances[n]))
        return np.where(inputs[:1] * 1000.0 > 150.0, logit, -30.0).astype(np.float32)


def bits(p):
    return -p * np.log2(p) - (1 - p) * np.log2(1 - p)


def test_members_are_averaged_and_their_entropy_is_that_of_the_mean():
    volume, masks = drawn(centres=ONE)
    votes = Votes(0.95, 0.45)
    result = segment(volume, spec(), votes, NAME, Progress(), RunOptions(uncertainty=True))
    found = result.found["Kidney_L"]
    assert (result.passes, set(votes.asked)) == (2, {0, 1})
    assert found.entropy == pytest.approx(bits(0.7), abs=0.002)
    assert found.uncertainty == pytest.approx(1.0, abs=0.01)
    assert dice(full(found, volume.array.shape), masks["Kidney_L"]) > 0.9
    chart = result.entropy
    assert (chart.dtype, chart.shape) == (np.uint8, volume.array.shape)
    index = tuple(int(round(n)) for n in volume.grid.to_index(np.array([CENTRES["Kidney_L"]]))[0][::-1])
    assert chart[index] == pytest.approx(255 * bits(0.7), abs=1)
    assert chart[0, 0, 0] == 0


def test_chosen_members_run_alone_and_unknown_ones_are_refused():
    volume, _ = drawn(centres=ONE)
    votes = Votes(0.95, 0.1)
    assert segment(volume, spec(), votes, NAME, Progress(), RunOptions(folds=(0,))).found
    assert set(votes.asked) == {0}
    assert segment(volume, spec(), votes, NAME, Progress(), RunOptions(folds=(1,))).missing
    with pytest.raises(InputError, match="folds 0 to 1"):
        segment(volume, spec(), votes, NAME, Progress(), RunOptions(folds=(2,)))
    with pytest.raises(InputError, match="no ensemble"):
        segment(volume, spec(), Threshold(), NAME, Progress(), RunOptions(folds=(1,)))
    with pytest.raises(InputError, match="not made to be run mirrored"):
        segment(volume, spec(), Threshold(), NAME, Progress(), RunOptions(flips=True))


def test_entropy_is_a_bit_for_a_coin_and_nothing_for_what_is_sure():
    assert entropy(np.array([0.0, 0.5, 1.0, 0.25])) == pytest.approx([0, 1, 0, 0.8113], abs=1e-4)


def test_a_turned_image_gets_its_entropies_in_its_own_axes():
    volume, _ = drawn(centres=ONE)
    straight = segment(volume, spec(), Votes(0.7), NAME, Progress(), RunOptions(uncertainty=True)).entropy
    matrix = volume.grid.index_to_lps.copy()
    matrix[:3, 3] = volume.grid.to_lps(np.array([[0, 89, 0]]))[0]
    matrix[:3, 1] *= -1
    turned = Volume(volume.array[:, ::-1], Grid(volume.grid.shape, matrix), "CT", "HU")
    other = segment(turned, spec(), Votes(0.7), NAME, Progress(), RunOptions(uncertainty=True)).entropy
    assert np.array_equal(straight[:, ::-1], other)


class Second:
    """Finds what is bright on the second channel; keeps the lowest value that it saw there."""

    weights, device = "", "cpu"
    lowest = np.inf

    def run(self, inputs, progress):
        self.lowest = min(self.lowest, float(inputs[1].min()))
        return (inputs[1:2] * 100.0 - 50.0) / 5.0


def two_images(**more):
    channels = (InputSpec("CT", (-1000.0, 1000.0), 0.0, 1000.0),
                InputSpec("T1", None, 0.0, 100.0, outside=-7.0, image="MR"))
    return spec(inputs=channels, images=(ImageSpec("image", "CT"), ImageSpec("MR", "MR")), **more)


def oblique_mr(centre, angle=0.3, reach=90):
    """An MR of its own spacing, turned about the long axis, 0 but for a ball of 100; LPS as the CT."""
    spacing, shape = (3.3, 1.7, 1.9), (34, reach, reach)
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) * spacing[::-1]
    matrix[:3, 3] = np.array([0, 0, 40]) - matrix[:3, :3] @ (np.array(shape[::-1]) - 1) / 2
    grid = Grid(shape, matrix)
    points = grid.to_lps(np.argwhere(np.ones(shape))[:, ::-1])
    inside = (np.linalg.norm(points - centre, axis=1) <= RADIUS).reshape(shape)
    return Volume(np.where(inside, 100, 0).astype(np.int16), grid, "MR", "1")


def test_a_channel_is_read_from_a_second_image_of_any_grid():
    volume, masks = drawn(centres=ONE, hu=0.0)
    found = segment(volume, two_images(), Second(), NAME, Progress(), images={"MR": oblique_mr(CENTRES["Kidney_L"])})
    mask = full(found.found["Kidney_L"], volume.array.shape)
    assert dice(mask, masks["Kidney_L"]) > 0.93
    centre = volume.grid.to_lps(np.argwhere(mask)[:, ::-1]).mean(axis=0)
    assert np.abs(centre - CENTRES["Kidney_L"]).max() < 0.3


def test_beyond_the_second_image_stands_what_its_channel_calls_outside():
    volume, _ = drawn(centres=ONE, hu=0.0)
    wide, narrow = Second(), Second()
    segment(volume, two_images(), wide, NAME, Progress(), images={"MR": oblique_mr((22.0, 5.0, 40.0), 0.0, 120)})
    segment(volume, two_images(), narrow, NAME, Progress(), images={"MR": oblique_mr((22.0, 5.0, 40.0), 0.0, 30)})
    assert narrow.lowest == pytest.approx(-0.07)
    assert wide.lowest == 0.0


def test_many_probabilities_lie_in_a_file_and_give_the_same_masks(monkeypatch):
    volume, _ = drawn(centres=ONE)
    plain = segment(volume, spec(), Threshold(), NAME, Progress()).found["Kidney_L"]
    monkeypatch.setattr(engine, "IN_MEMORY", 0)
    filed = segment(volume, spec(), Threshold(), NAME, Progress()).found["Kidney_L"]
    assert filed.box == plain.box
    assert np.mean(filed.mask != plain.mask) < 0.001
    monkeypatch.setattr(engine.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 0}))
    with pytest.raises(PlatformError, match="has no room for"):
        segment(volume, spec(), Threshold(), NAME, Progress())


def test_a_network_of_slices_gets_slices():
    class Flat(Threshold):
        def run(self, inputs, progress):
            assert inputs.shape == (1, 32, 32)
            return super().run(inputs, progress)
    volume, masks = drawn(centres=ONE)
    found = segment(volume, spec(patch=(32, 32)), Flat(), NAME, Progress()).found["Kidney_L"]
    assert dice(full(found, volume.array.shape), masks["Kidney_L"]) > 0.95


def member(path, bias):
    """An onnx file: 50 x - 7.5 + bias, so that voxels above 150 HU (of 1000) reach a probability of one half."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed, it makes the test's model")
    shape = [1, 1, 16, 32, 32]
    values = {"gain": 50.0, "bias": -7.5 + bias}
    nodes = [onnx.helper.make_node("Mul", ["x", "gain"], ["scaled"]),
             onnx.helper.make_node("Add", ["scaled", "bias"], ["y"])]
    graph = onnx.helper.make_graph(
        nodes, "member", [onnx.helper.make_tensor_value_info("x", 1, shape)],
        [onnx.helper.make_tensor_value_info("y", 1, shape)],
        [onnx.helper.make_tensor(name, 1, [1], [value]) for name, value in values.items()])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_model_without_probabilities_says_that_it_has_no_uncertainty():
    result = contour(drawn()[0], "body", uncertainty=True)
    assert result.entropy is None
    assert "gives no probabilities" in result.warnings[-1]


def test_an_ensemble_of_files_from_its_folder_to_the_result(tmp_path):
    weights = {f"fold_{n}.onnx": member(tmp_path / f"fold_{n}.onnx", bias) for n, bias in enumerate((0.0, 6.0))}
    model = {"name": "pair", "version": "1", "task": "contour", "runner": "onnx", "weights": weights,
             "members": ["fold_0", "fold_1"], "spacing_mm": [3, 2.5, 2.5], "patch": [16, 32, 32], "flips": True,
             "inputs": [{"name": "CT", "normalisation": {"clip": [-1000, 1000], "std": 1000}}],
             "outputs": [{"name": "Kidney_L"}]}
    (tmp_path / "model.json").write_text(json.dumps(model))
    folder = read_folder(tmp_path)
    volume, _ = drawn(centres=ONE)
    both = contour(volume, folder, device="cpu", uncertainty=True, flips=True)
    assert both.warnings == ()
    first = contour(volume, folder, device="cpu", folds=(0,))
    assert (both.passes, first.passes, both.mirrored, first.mirrored) == (4, 1, True, False)
    assert both.weights == hashlib.sha256("".join(weights.values()).encode()).hexdigest()
    assert both.entropies["Kidney_L"] > 0
    assert (first.entropy, first.entropies) == (None, {})
    assert both.structures.structures[0].voxels > first.structures.structures[0].voxels
    (tmp_path / "model.json").write_text(json.dumps({**model, "flips": False}))
    straight = contour(volume, read_folder(tmp_path), device="cpu", flips=True)
    assert (straight.passes, straight.warnings) == (2, ("The model pair was not made to be run mirrored; it ran "
                                                        "straight.",))
    (tmp_path / "model.json").write_text(json.dumps({**model, "flips_always": True}))
    assert contour(volume, read_folder(tmp_path), device="cpu").passes == 4
    (tmp_path / "model.json").write_text(json.dumps({**model, "members": ["fold_0", "fold_7"]}))
    with pytest.raises(ModelError, match="fold_7.onnx"):
        runners.open(read_folder(tmp_path), "cpu")
