"""A ball in a dose that rises evenly to the left: its mean dose is that of its centre, however the images lay."""

import numpy as np
import pytest
from data.odd_dicom import ball_volume, oriented_grid

from radoncai.core.dose import Dose
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.series.ct_writer import write_ct_series
from radoncai.dicom.series.series import read_series
from radoncai.dicom.structures import read_structures, read_structures_alone
from radoncai.dose.evaluate import evaluate

PLACE = (5.0, -20.0, 40.0)
C, S = float(np.cos(0.3)), float(np.sin(0.3))
DIRECTIONS = {"feet first": (-1, 0, 0, 0, 1, 0), "sagittal": (0, 1, 0, 0, 0, -1), "coronal": (1, 0, 0, 0, 0, -1),
              "oblique": (C, S, 0, -S, C, 0), "tilted": (1, 0, 0, 0, C, -S)}


@pytest.fixture(scope="module")
def dose():
    grid = oriented_grid((1, 0, 0, 0, 1, 0), (21, 25, 27), (3, 3, 3), PLACE)
    left = grid.to_lps(np.indices(grid.shape)[::-1].reshape(3, -1).T)[:, 0].reshape(grid.shape)
    return Dose(Volume((20 + 0.3 * left).astype(np.float32), grid, "RTDOSE", "Gy"))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_mean_dose_is_that_of_the_place(tmp_path, dose, direction):
    cosines = DIRECTIONS[direction]
    table = np.array([0, 0, 2.5 / C]) - np.cross(cosines[:3], cosines[3:]) * 2.5
    lean = tuple(table) if direction == "tilted" else (0, 0, 0)
    grid = oriented_grid(cosines, (17, 27, 29), (2.5, 2.0, 1.7), PLACE, lean)
    write_ct_series(ball_volume(grid, PLACE, 15.0), tmp_path / "ct", patient_id="P1")
    stored = read_series(tmp_path / "ct", as_stored=True)
    ball = Structure.from_full("Ball", stored.array > 0)
    write_rtstruct(StructureSet(stored.grid, (ball,), stored.source), stored, tmp_path / "rs.dcm")
    for structures in (read_structures_alone(tmp_path / "rs.dcm", dose.volume),
                       read_structures(tmp_path / "rs.dcm", read_series(tmp_path / "ct"))):
        values = {r["metric"]: r["value"] for r in evaluate(dose, structures, None, []).metric_rows}
        assert values["Dmean[Gy]"] == pytest.approx(20 + 0.3 * PLACE[0], abs=0.02)
        assert values["Dmax[Gy]"] == pytest.approx(20 + 0.3 * (PLACE[0] + 15), abs=0.6)
