"""Any axial orientation to rows running to the back, columns to the patient's left, slices upwards."""

from __future__ import annotations

import numpy as np

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.volume import Volume

_TILT_COSINE = 0.9


def upright(volume: Volume) -> Volume:
    """The same voxels with axes flipped and swapped so that i, j, k run most along L, P, S; nothing is resampled.

    Raises InputError for planes tilted by more than about 25 degrees from the axial ones.
    """
    cosines = volume.grid.directions
    axes = [int(np.argmax(np.abs(cosines[row]))) for row in range(3)]
    strongest = [abs(cosines[row, axis]) for row, axis in enumerate(axes)]
    if sorted(axes) != [0, 1, 2] or min(strongest) < _TILT_COSINE:
        raise InputError("Body composition needs slices that run along the body's axes; this series is tilted.")
    if axes == [0, 1, 2] and all(cosines[a, a] > 0 for a in range(3)):
        return volume
    array = np.transpose(volume.array, [2 - axes[2], 2 - axes[1], 2 - axes[0]])
    matrix = np.eye(4)
    matrix[:, :3] = volume.grid.index_to_lps[:, axes]
    matrix[:, 3] = volume.grid.index_to_lps[:, 3]
    for row in range(3):
        if cosines[row, axes[row]] < 0:
            count = array.shape[2 - row]
            array = np.flip(array, 2 - row)
            matrix[:3, 3] += matrix[:3, row] * (count - 1)
            matrix[:3, row] *= -1
    return volume.with_array(array, Grid(array.shape, matrix))
