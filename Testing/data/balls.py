"""A water cylinder with balls in it and a network that finds what is dense: truth for tests of the engine."""

from __future__ import annotations

import numpy as np

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume
from radoncai.models.spec import InputSpec, ModelSpec, OutputSpec

CENTRES = {"Kidney_L": (22.0, 5.0, 40.0), "Kidney_R": (-24.0, 3.0, 44.0)}
RADIUS = 13.0


class Threshold:
    """One output: voxels denser than 150 HU."""

    weights, device = "", "cpu"

    def run(self, inputs, progress):
        return (inputs[:1] * 1000.0 - 150.0) / 20.0


def spec(names=("Kidney_L",), **more):
    values = {"spacing_mm": (3.0, 2.5, 2.5), "patch": (16, 32, 32), "overlap": 0.5,
              "inputs": (InputSpec("CT", (-1000.0, 1000.0), 0.0, 1000.0),), **more}
    return ModelSpec("tiny", "0.1.0", "contour", "onnx", outputs=tuple(OutputSpec(n) for n in names), **values)


def drawn(shape=(31, 90, 110), spacing=(2.7, 1.4, 1.3), hu=300.0, centres=CENTRES):
    """A water cylinder with balls in it; the volume and name -> mask."""
    grid = Grid.axial(shape, spacing, (-70.0, -60.0, 0.0))
    k, j, i = np.indices(shape)
    x, y, z = (i * spacing[2] - 70.0, j * spacing[1] - 60.0, k * spacing[0])
    array = np.full(shape, -1000.0, np.float32)
    array[(x / 62) ** 2 + (y / 52) ** 2 < 1] = 0.0
    masks = {n: (x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2 <= RADIUS ** 2 for n, c in centres.items()}
    for mask in masks.values():
        array[mask] = hu
    return Volume(array, grid, "CT", "HU"), masks


def full(found, shape):
    out = np.zeros(shape, bool)
    out[found.box] = found.mask
    return out


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))
