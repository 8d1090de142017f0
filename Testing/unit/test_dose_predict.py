"""From channels to Gy: padding, mirror image, clipping, scale; the networks here are formulas."""

from __future__ import annotations

import numpy as np
import pytest

from radoncai.core.errors import Cancelled
from radoncai.core.progress import Progress
from radoncai.dose import features as voxel_features
from radoncai.dose.channels import NAMES, Channels
from radoncai.dose.predict import dose_gy, first_guess, refine
from radoncai.dose.region import Region

SHAPE = (5, 7, 11)
BOX = (slice(2, 7), slice(1, 8), slice(3, 14))


def channels(top=70.0) -> Channels:
    rng = np.random.default_rng(0)
    values = rng.random((len(NAMES), *SHAPE)).astype(np.float32)
    values[NAMES.index("level")] = 0
    values[NAMES.index("level"), 1:4, 2:5, 3:8] = 1
    inside = np.ones(SHAPE, bool)
    inside[:, 0] = False
    return Channels(values, Region(BOX, inside, inside), (3.0, 2.9, 2.8), top)


def take(number):
    return lambda x: x[:, number:number + 1]


def test_sides_are_padded_to_sixteen_and_cut_again():
    seen = []
    c = channels()
    guess = c["prior"]
    out = refine(c, guess, lambda x: seen.append(x.shape) or take(len(NAMES))(x), mirror=False)
    assert seen == [(1, len(NAMES) + 1, 16, 16, 16)]
    assert np.allclose(out, guess * c.region.inside)


def test_the_mirror_image_swaps_the_parotids():
    c = channels()
    out = refine(c, c["prior"], take(NAMES.index("Parotid_R")))
    expected = 0.5 * (c["Parotid_R"] + c["Parotid_L"]) * c.region.inside
    assert np.allclose(out, expected, atol=1e-6)


def test_fractions_are_clipped():
    c = channels()
    assert first_guess(c, lambda x: np.full(len(x), 7.0)).max() == pytest.approx(1.2)
    assert refine(c, c["prior"], lambda x: x[:, :1] * 0 - 1).max() == 0


def test_gray_scale_with_the_highest_level_and_vanish_outside_the_region():
    shape = (9, 10, 16)
    low, high = (dose_gy(channels(top), lambda x: x[:, 2], take(len(NAMES)), shape) for top in (35.0, 70.0))
    assert np.allclose(2 * low, high, atol=1e-4)
    outside = np.ones(shape, bool)
    outside[BOX] = False
    assert high.shape == shape and not high[outside].any() and high[BOX].any()


def test_stopping_is_heard():
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        dose_gy(channels(), lambda x: x[:, 2], take(0), (9, 10, 16), progress=progress)


def test_features_begin_with_the_channels():
    c = channels()
    x = voxel_features.features(c)
    assert x.dtype == np.float32
    assert np.allclose(x[:, NAMES.index("prior")], c["prior"][c.region.inside], atol=1e-3)
