"""The sample patient as series of several directions, with its true structures on the images' own grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.geometry import turn, turned_grid
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.planes import resampled
from radoncai.phantom.patient import Phantom

# axes for np.transpose and steps after it, of the axial array
TURNS = {"axial": ((0, 1, 2), (1, 1, 1)), "feet first": ((0, 1, 2), (-1, 1, -1)), "prone": ((0, 1, 2), (1, -1, -1)),
         "sagittal": ((2, 0, 1), (-1, -1, 1)), "coronal": ((1, 0, 2), (1, -1, 1))}
ANGLES = {"oblique": (9.0, 6.0, 14.0)}
DIRECTIONS = (*TURNS, *ANGLES)


def write_patient(phantom: Phantom, direction: str, folder: Path) -> tuple[Volume, StructureSet]:
    """Write the CT as images of that direction; the volume and the true structures on the images' own grid."""
    ct, truth = phantom.ct, phantom.truth
    if direction in TURNS:
        how = TURNS[direction]
        grid = turned_grid(ct.grid, *how)
        image = turn(ct.array, *how)
        masks = {s.name: turn(s.full(ct.grid.shape), *how) for s in truth}
    else:
        grid = oblique_grid(ct.grid, ANGLES[direction])
        image = np.rint(resampled(ct.array, ct.grid, grid, -1000.0))
        masks = {s.name: resampled(s.full(ct.grid.shape), ct.grid, grid) >= 0.5 for s in truth}
    position = "FFS" if direction == "feet first" else "HFP" if direction == "prone" else "HFS"
    header = {"PatientPosition": position, "PatientSize": 1.74, "PatientWeight": 74.0, "PatientSex": "M"}
    volume = write_ct_series(Volume(image, grid, "CT", "HU"), folder, patient_id="SAMPLE", seed=direction,
                             series_description=f"{direction} sample patient", header=header)
    drawn = tuple(Structure.from_full(s.name, masks[s.name], role=s.role, color=s.color) for s in truth)
    return volume, StructureSet(grid, drawn, volume.source)


def oblique_grid(grid: Grid, angles: tuple[float, float, float]) -> Grid:
    """The same voxels turned about the middle of the image."""
    rotation = np.eye(4)
    rotation[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    middle = grid.corners().mean(axis=0)
    there, back = np.eye(4), np.eye(4)
    there[:3, 3], back[:3, 3] = middle, -middle
    return Grid(grid.shape, there @ rotation @ back @ grid.index_to_lps)
