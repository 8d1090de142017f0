"""Masks of two human readers (../shared/data/two_reader_hn) on their grid, and a CT painted from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "two_reader_hn"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
AIR_HU, TISSUE_HU = -1000, 40
HU = {"Lung_Lt": -800, "Lung_Rt": -800, "Brain": 35, "Mandible": 900, "Orbit_Lt": 10, "Orbit_Rt": 10}


def masks(path: Path):
    """(axial grid, structures) of one file; empty masks are left out."""
    from radoncai.core.grid import Grid
    from radoncai.core.structures import Structure

    drawn = []
    with np.load(path) as z:
        spacing = tuple(float(v) for v in z["spacing_ijk_mm"])[::-1]
        shape = tuple(int(n) for n in z["size_ijk"])[::-1]
        grid = Grid.axial(shape, spacing, tuple(float(v) for v in z["origin_mm"]))
        for name in (str(n) for n in z["names"]):
            b = [int(n) for n in z[f"bbox_{name}"]]
            size = (b[1] - b[0], b[3] - b[2], b[5] - b[4])
            mask = np.unpackbits(z[f"bits_{name}"], count=int(np.prod(size))).reshape(size).astype(bool)
            if mask.any():
                drawn.append(Structure(name, mask, (slice(b[0], b[1]), slice(b[2], b[3]), slice(b[4], b[5]))))
    return grid, tuple(drawn)


def image_on(grid):
    """An image on the grid without voxels of its own, with made-up references."""
    from radoncai.core.volume import Source, Volume

    images = tuple((CT_IMAGE, f"1.2.3.{k}") for k in range(grid.shape[0]))
    return Volume(np.broadcast_to(np.int16(0), grid.shape), grid, "CT", "HU",
                  Source("P", "1.2.3", "1.2.4", "1.2.5", images))


def write_ct(grid, structures, folder: Path):
    """DICOM slices on the grid, HU by the structures: air around, lungs, bone, soft tissue."""
    from radoncai.core.volume import Volume
    from radoncai.dicom.series.ct_writer import write_ct_series

    array = np.full(grid.shape, AIR_HU, np.int16)
    for s in sorted(structures, key=lambda s: -s.voxels):
        array[s.box][s.mask] = HU.get(s.name, TISSUE_HU)
    return write_ct_series(Volume(array, grid, "CT", "HU"), folder, patient_id="READERS", patient_name="Two^Readers",
                           series_description="painted from masks", header={"PatientSex": "O"})
