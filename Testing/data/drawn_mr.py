"""The head of the sample patient as CT and as a drawn MR, which lies in a scanner of its own."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from radoncai.core.grid import Grid
from radoncai.core.resample import resample_array
from radoncai.core.volume import Source, Volume
from radoncai.phantom.patient import sample_patient
from radoncai.phantom.tissue import FATS, MUSCLES, TISSUES

HEAD_MM = (-90.0, 138.0)
SPACING = (4.0, 3.0, 3.0)
BLACK, FATTY, WATER = 10, 800, 120
SIGNAL = {
    **dict.fromkeys(("air", "airway", "couch_shell", "couch_foam", "lung", "cortical", "mandible_cortical", "tooth"),
                    BLACK),
    **dict.fromkeys((*FATS, "marrow", "diploe", "mandible_marrow", "spongy", "trabecular"), FATTY),
    **dict.fromkeys(("csf", "vitreous", "thecal"), WATER), **dict.fromkeys(MUSCLES, 300),
    "brain": 420, "white_matter": 520, "brainstem": 480, "cord": 450, "parotid": 600,
}
OTHER = 330


@cache
def planning_ct() -> Volume:
    """The head, HU."""
    return sample_patient(spacing_mm=SPACING, z_range_mm=HEAD_MM).ct


@cache
def _upright_mr() -> Volume:
    """The signal of a T1-weighted MR on the grid of the CT, without noise: bright fat, black bone, dark water."""
    changes = {name: SIGNAL.get(name, OTHER) - hu for name, hu, _ in TISSUES}
    drawn = sample_patient(spacing_mm=SPACING, z_range_mm=HEAD_MM, noise_hu=0.0, hu_changes=changes).ct
    return Volume(np.maximum(drawn.array, 0), drawn.grid, "MR", "1")


def drawn_mr(degrees: tuple[float, float, float], shift_mm: tuple[float, float, float],
             frame_uid: str = "") -> tuple[Volume, np.ndarray]:
    """MR of the head with noise in a frame of its own, and the 4x4 that takes its LPS mm to those of the CT.

    Its origin is the middle of its field, which lies at the middle of the CT and then turned and shifted.
    """
    upright = _upright_mr()
    shape, spacing = (72, 110, 100), (3.0, 2.2, 2.2)
    grid = Grid.axial(shape, spacing, tuple(-(n - 1) / 2 * s for n, s in zip(shape[::-1], spacing[::-1], strict=True)))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix[:3, 3] = upright.grid.corners().mean(axis=0) + shift_mm
    array = resample_array(upright.array, upright.grid, Grid(shape, matrix @ grid.index_to_lps), BLACK)
    array = np.maximum(array + np.random.default_rng(1).normal(0, 25, shape), 0)
    return Volume(array.astype(np.int16), grid, "MR", "1", Source(frame_uid=frame_uid)), matrix
