"""The small real models that tests use are whole, small, and do what their cards say."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from make_models import CHEST_MM, MAKERS, MODELS  # noqa: E402

from radoncai.core.progress import Progress  # noqa: E402
from radoncai.models import runners  # noqa: E402
from radoncai.models.catalogue import read_folder, verify  # noqa: E402
from radoncai.models.engine.images import translate  # noqa: E402
from radoncai.phantom.patient import sample_patient  # noqa: E402

NAMES = [make.__name__ for make in MAKERS]


@pytest.mark.parametrize("name", NAMES)
def test_a_small_model_is_whole_and_below_one_megabyte(name):
    folder = read_folder(MODELS / name)
    assert folder.name == name
    assert not [text for text in verify(folder) if "card.json lacks" not in text]
    assert sum(p.stat().st_size for p in folder.path.rglob("*") if p.is_file()) < 1_000_000


def test_the_image_model_brings_a_noisy_ct_closer_to_the_clean_one():
    noisy, clean = (sample_patient(seed=2, quick=True, z_range_mm=CHEST_MM, noise_hu=hu).ct for hu in (50.0, 0.0))
    folder = read_folder(MODELS / "denoise")
    made, passes = translate(noisy, folder.model, runners.open(folder, "cpu"), Progress())
    assert (made.modality, made.unit, made.array.dtype, passes) == ("CT", "HU", np.int16, 1)
    assert made.grid.same_as(noisy.grid)
    before, after = (np.abs(v.array.astype(float) - clean.array).mean() for v in (noisy, made))
    assert after < 0.95 * before
