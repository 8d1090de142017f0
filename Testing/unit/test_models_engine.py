"""The engine against geometry: a network that thresholds HU, so that truth is the drawn sphere."""

import tracemalloc

import numpy as np
import pytest
from balls import CENTRES, Threshold, dice, drawn, full, spec

from radoncai.core.errors import Cancelled, InputError, ModelError
from radoncai.core.grid import Grid
from radoncai.core.progress import Progress
from radoncai.core.volume import Volume
from radoncai.models.engine.contours import segment
from radoncai.models.engine.orientation import to_lps
from radoncai.models.engine.passes import mirrored_order
from radoncai.models.engine.sampling import model_grid, resample_to
from radoncai.models.engine.windows import slabs, sliding_window, starts
from radoncai.models.options import RunOptions


class Sides:
    """Two sigmoid outputs that compete: all dense voxels, and the rim where HU is near 250."""

    weights, device = "", "cpu"

    def run(self, inputs, progress):
        hu = inputs[0] * 1000.0
        left = (hu - 150.0) / 20.0
        return np.stack([left, -np.abs(hu - 250.0) / 10.0 + 12.0]).astype(np.float32)


@pytest.mark.parametrize("further", [(), ((4.1, 3.7, 2.9), (2.0, 1.9, 2.2))], ids=["one grid", "three grids"])
def test_a_sphere_comes_back_in_place_and_size(further):
    volume, masks = drawn(centres={"Kidney_L": CENTRES["Kidney_L"]})
    found = segment(volume, spec(further_spacings_mm=further), Threshold(), ("Kidney_L",), Progress()).found["Kidney_L"]
    mask = full(found, volume.array.shape)
    centre = volume.grid.to_lps(np.argwhere(mask)[:, ::-1]).mean(axis=0)
    assert np.abs(centre - CENTRES["Kidney_L"]).max() < 0.2
    assert abs(mask.sum() / masks["Kidney_L"].sum() - 1) < 0.06
    assert dice(mask, masks["Kidney_L"]) > 0.95
    assert 0 < found.uncertainty < 1


def test_axes_of_the_file_do_not_matter():
    volume, _ = drawn()
    straight = full(segment(volume, spec(), Threshold(), ("Kidney_L",), Progress()).found["Kidney_L"],
                    volume.array.shape)
    matrix = volume.grid.index_to_lps.copy()
    matrix[:3, 3] = volume.grid.to_lps(np.array([[109, 89, 0]]))[0]
    matrix[:3, :2] *= -1
    turned = Volume(np.transpose(volume.array[:, ::-1, ::-1], (2, 0, 1)),
                    Grid((110, 31, 90), matrix[:, [1, 2, 0, 3]]), "CT", "HU")
    assert np.allclose(to_lps(turned)[0].grid.index_to_lps, volume.grid.index_to_lps)
    other = full(segment(turned, spec(), Threshold(), ("Kidney_L",), Progress()).found["Kidney_L"], turned.array.shape)
    assert np.array_equal(np.transpose(straight[:, ::-1, ::-1], (2, 0, 1)), other)


def test_a_subset_gives_the_same_structure_and_the_larger_probability_wins():
    volume, _ = drawn()
    volume.array[volume.array == 300.0] = 400.0
    both = spec(("Kidney_L", "Kidney_R"))
    together = segment(volume, both, Sides(), ("Kidney_L", "Kidney_R"), Progress()).found
    alone = segment(volume, both, Sides(), ("Kidney_L",), Progress()).found
    assert np.array_equal(full(together["Kidney_L"], volume.array.shape), full(alone["Kidney_L"], volume.array.shape))
    overlap = full(together["Kidney_L"], volume.array.shape) & full(together["Kidney_R"], volume.array.shape)
    assert not overlap.any()


def test_softmax_has_a_background():
    class Two:
        weights, device = "", "cpu"

        def run(self, inputs, progress):
            logit = (inputs[:1] * 1000.0 - 150.0) / 40.0
            return np.concatenate([-logit, logit])
    volume, _ = drawn(centres={"Kidney_L": CENTRES["Kidney_L"]})
    soft = segment(volume, spec(activation="softmax"), Two(), ("Kidney_L",), Progress()).found["Kidney_L"]
    hard = segment(volume, spec(), Threshold(), ("Kidney_L",), Progress()).found["Kidney_L"]
    assert dice(full(soft, volume.array.shape), full(hard, volume.array.shape)) > 0.999


def test_what_is_not_there_is_missing_with_a_reason():
    volume, _ = drawn(hu=100.0)
    result = segment(volume, spec(), Threshold(), ("Kidney_L",), Progress())
    assert not result.found
    assert "highest probability" in result.missing["Kidney_L"]


def test_flips_swap_paired_organs():
    assert mirrored_order(spec(("Parotid_L", "Brainstem", "Parotid_R", "Lens_L"))) == [2, 1, 0, 3]
    assert mirrored_order(spec(("Parotid_L", "Parotid_R"), activation="softmax")) == [0, 2, 1]

    class Leftmost:
        """Claims left what is dense and in the right half of its tile, right what is in the left half."""

        weights, device = "", "cpu"

        def run(self, inputs, progress):
            dense = (inputs[0] * 1000.0 - 150.0) / 20.0
            ramp = np.linspace(-8, 8, inputs.shape[-1])[None, None, :]
            return np.stack([np.minimum(dense, ramp), np.minimum(dense, -ramp)]).astype(np.float32)
    volume, masks = drawn()
    names = ("Kidney_L", "Kidney_R")
    whole = spec(names, patch=None, flips=True, thresholds=dict.fromkeys(names, 0.4))
    found = segment(volume, whole, Leftmost(), names, Progress(), RunOptions(flips=True)).found
    for name in names:
        assert dice(full(found[name], volume.array.shape), masks[name]) > 0.9


def test_several_grids_are_averaged_as_probabilities():
    """0.9, 0.4 and 0.65 on three grids are 0.65."""
    volume, _ = drawn()
    said = {"running the model": 0.9, "running the model on grid 2": 0.4, "running the model on grid 3": 0.65}
    step = []
    progress = Progress(lambda name, fraction: step.append(name))

    class Unsure(Threshold):
        def run(self, inputs, progress):
            chance = said[step[-1]]
            return np.full_like(inputs[:1], np.log(chance / (1 - chance)))

    for least, there in ((0.64, True), (0.66, False)):
        all_three = spec(further_spacings_mm=((4.0, 3.0, 3.0), (2.5, 2.5, 2.5)), thresholds={"Kidney_L": least})
        result = segment(volume, all_three, Unsure(), ("Kidney_L",), progress)
        assert ("Kidney_L" in result.found) == there
    assert result.missing["Kidney_L"] == "the model found nothing (highest probability 0.65)"
    assert result.passes == 3 and not result.mirrored


def test_cancel_stops_while_grids_are_averaged():
    volume, _ = drawn()
    progress = Progress(lambda name, fraction: progress.cancel() if name == "averaging the grids" else None)
    with pytest.raises(Cancelled):
        segment(volume, spec(further_spacings_mm=((4.0, 3.0, 3.0),)), Threshold(), ("Kidney_L",), progress)


def test_far_specks_go_where_the_model_asks_for_the_largest_piece():
    volume, masks = drawn()
    volume.array[2:6, 40:46, 50:56] = 300.0
    one = spec(("Kidney_L",), postprocess={"Kidney_L": ("largest_component", "fill_holes")})
    mask = full(segment(volume, one, Threshold(), ("Kidney_L",), Progress()).found["Kidney_L"], volume.array.shape)
    assert dice(mask, masks["Kidney_L"]) > 0.95 or dice(mask, masks["Kidney_R"]) > 0.95
    with pytest.raises(ModelError, match="polish"):
        segment(volume, spec(postprocess={"Kidney_L": ("polish",)}), Threshold(), ("Kidney_L",), Progress())


def test_no_patient_and_wrong_outputs_are_said():
    volume, _ = drawn()
    with pytest.raises(InputError, match="No patient"):
        segment(volume.with_array(np.full_like(volume.array, -1000.0)), spec(), Threshold(), ("Kidney_L",), Progress())
    with pytest.raises(ModelError, match="1 outputs"):
        segment(volume, spec(("Kidney_L", "Kidney_R")), Threshold(), ("Kidney_L",), Progress())


def test_cancel_stops_at_the_next_tile():
    progress = Progress(lambda name, fraction: progress.cancel() if name == "running the model" else None)
    with pytest.raises(Cancelled):
        segment(drawn()[0], spec(), Threshold(), ("Kidney_L",), progress)


def test_tiles_cover_everything_and_blend_to_the_same_values():
    rng = np.random.default_rng(1)
    image = rng.normal(size=(1, 13, 30, 21)).astype(np.float32)
    out = sliding_window(lambda tile: 2 * tile, image, (8, 16, 32), 0.5, 1, Progress())
    assert np.allclose(out, 2 * image, atol=1e-5)
    assert starts(30, 16, 0.5) == [0, 7, 14]
    assert starts(9, 16, 0.5) == [0]


def test_resampling_keeps_a_linear_ramp_and_the_place():
    grid = Grid.axial((9, 12, 15), (3.0, 1.1, 0.9), (5.0, -7.0, 2.0))
    target = model_grid(grid, (4.0, 1.5, 1.2))
    points = grid.to_lps(np.argwhere(np.ones(grid.shape))[:, ::-1])
    ramp = (points @ (1.0, 2.0, 3.0)).reshape(grid.shape)
    there = target.to_lps(np.argwhere(np.ones(target.shape))[:, ::-1])
    truth = (there @ (1.0, 2.0, 3.0)).reshape(target.shape)
    inner = (slice(1, -1),) * 3
    assert np.allclose(resample_to(ramp, grid, target)[inner], truth[inner], atol=1e-3)
    assert model_grid(grid, (3.0, 1.1, 0.9)) is grid


def test_only_a_tiles_depth_is_kept():
    size, outputs = (400, 48, 48), 20
    tracemalloc.start()
    parts = slabs(lambda tile: np.repeat(tile, outputs, 0), lambda box, patch: np.ones((1, *patch), np.float32), size,
                  (16, 48, 48), 0.5, outputs, Progress())
    assert sum(float(part.sum()) for _, part in parts) == pytest.approx(outputs * np.prod(size))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.15 * 4 * outputs * np.prod(size)


def test_tiles_of_air_are_not_run():
    seen = []

    def run(tile):
        seen.append(tile.shape)
        return tile + 1
    parts = slabs(run, lambda box, patch: np.zeros((1, *patch), np.float32), (8, 16, 64), (8, 16, 16), 0.5, 1,
                  Progress(), active=lambda box: box[2].start < 10)
    out = np.concatenate([part.copy() for _, part in parts], axis=1)
    assert len(seen) == 2
    assert np.allclose(out[..., :24], 1)
    assert np.all(out[..., 24:] == 0)


def test_slices_that_hold_only_a_thin_strip_of_the_patient_count():
    """Such as planning CTs from which all but a strip around the cord was cut away outside the dose."""
    volume, _ = drawn(shape=(60, 90, 110), centres={})
    array = volume.array.copy()
    array[:25] = -1000.0
    array[:25, 40:48, 50:58] = 300.0
    cut = Volume(array, volume.grid, "CT", "HU")
    mask = full(segment(cut, spec(), Threshold(), ("Kidney_L",), Progress()).found["Kidney_L"], array.shape)
    assert mask[:25].any((1, 2)).all() and dice(mask, array > 150) > 0.9
