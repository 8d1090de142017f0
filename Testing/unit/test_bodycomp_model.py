"""The bundled tissue network on drawn slices it never saw, and the program that draws them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "training" / "l3_tissue"
BUNDLE = ROOT / "Resources" / "Models" / "l3_tissue"


@pytest.fixture(scope="module")
def recipe():
    """The recipe's modules, importable for this file only."""
    if not RECIPE.exists():
        pytest.skip("training/ is not part of this installation")
    sys.modules.pop("evaluate", None)
    sys.path.insert(0, str(RECIPE))
    import evaluate
    from drawing import slices
    yield evaluate, slices
    sys.path.remove(str(RECIPE))
    for name in [n for n in sys.modules if n == "evaluate" or n.split(".")[0] == "drawing"]:
        del sys.modules[name]


def test_a_seed_draws_the_same_slice_again(recipe):
    _, slices = recipe
    first, again = (slices.draw_slice(5, "A", 96) for _ in range(2))
    np.testing.assert_array_equal(first.hu, again.hu)
    np.testing.assert_array_equal(first.label, again.label)
    assert not np.array_equal(first.label, slices.draw_slice(6, "A", 96).label)


def test_drawn_tissue_has_the_density_of_its_label(recipe):
    _, slices = recipe
    for seed in range(4):
        drawn = slices.draw_slice(seed, "P", 160)
        fat, muscle = np.median(drawn.hu[drawn.label == 4]), np.median(drawn.hu[drawn.label == 1])
        assert -125 < fat < -80 and -30 < muscle < 100
        areas = [float((drawn.label == tissue).sum()) * drawn.pixel_mm ** 2 / 100 for tissue in (1, 3, 4)]
        assert 25 < areas[0] < 320 and min(areas) > 0


def test_the_bundle_finds_tissue_in_slices_it_never_saw(recipe):
    pytest.importorskip("onnxruntime")
    evaluate, _ = recipe
    predict = evaluate.onnx_predict(BUNDLE / "model.onnx")
    results = [evaluate.compare(evaluate.draw_test(700_000 + n), predict) for n in range(3)]
    mean = {name: np.mean([r["tissue"][name] for r in results]) for name in evaluate.TISSUES}
    assert mean["muscle"] > 0.85 and mean["vat"] > 0.85 and mean["sat"] > 0.85 and mean["imat"] > 0.5


def test_torch_weights_give_the_same_regions(recipe):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    from radoncai.bodycomp.field import channels, find_field
    from radoncai.models.networks.unet import UNet

    evaluate, _ = recipe
    network = UNet(**json.loads((BUNDLE / "model.json").read_text())["network"]["arguments"])
    state = torch.load(BUNDLE / "model.pt", map_location="cpu", weights_only=True)
    network.load_state_dict({k: v.float() for k, v in state.items()})
    drawn = evaluate.draw_test(700_010)
    batch = channels(find_field(drawn.hu, (drawn.pixel_mm,) * 2).sample(drawn.hu))[None]
    with torch.no_grad():
        here = network.eval()(torch.from_numpy(batch)).argmax(1).numpy()
    there = evaluate.onnx_predict(BUNDLE / "model.onnx")(batch).argmax(1)
    assert (here != there).sum() <= 0.001 * (here > 0).sum()


def test_every_measured_number_has_its_calibration():
    factors = json.loads((BUNDLE / "calibration.json").read_text())["factors"]
    areas = {f"{name}_cm2" for name in ("muscle", "imat", "vat", "sat", "unclassified_fat", "nama", "lama")}
    assert areas | {"muscle_hu", "fat_hu"} == set(factors)
    assert all(1.0 <= f <= 10.0 for f in factors.values())
