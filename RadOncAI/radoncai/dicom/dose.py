"""Reading a dose of any kind: RTDOSE, or NIfTI and NRRD in Gy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radoncai.core.dose import Dose
from radoncai.core.errors import InputError
from radoncai.core.provenance import file_hash
from radoncai.core.volume import Source, Volume
from radoncai.dicom.geometry import degrees_from_axial, is_straight
from radoncai.dicom.raster import raster_ending, read_raster
from radoncai.dicom.rtdose.reader import read_rtdose
from radoncai.dicom.rtdose.sums import read_rtdose_folder
from radoncai.dicom.series.planes import upright

MOST_GY = 1000.0


def read_dose(path: Path) -> Dose:
    """An RTDOSE, or a NIfTI or NRRD whose values are Gy, on an axial LPS grid; of a folder see `read_rtdose_folder`.

    An oblique grid is resampled, which `volume.source.warnings` says. InputError where the file is neither,
    or its values cannot be a dose in Gy.
    """
    path = Path(path)
    if path.is_dir():
        return read_rtdose_folder(path)
    if not path.is_file():
        raise InputError(f"The dose {path} is not there; name an RTDOSE, NIfTI or NRRD file, or a folder of RTDOSE.")
    if not raster_ending(path):
        return read_rtdose(path)
    array, grid, _ = read_raster(path, oblique="keep")
    gray = array.astype(np.float32)
    if gray.ndim != 3 or not np.isfinite(gray).all() or gray.min(initial=0) < -1e-3 or gray.max(initial=0) > MOST_GY:
        raise InputError(f"The values of {path} cannot be a dose in Gy; name the dose file.")
    said: tuple[str, ...] = ()
    if not is_straight(grid):
        said = (f"The dose grid is oblique by {degrees_from_axial(grid):.1f} degrees: it was resampled.",)
        gray, grid = upright(gray, grid, 0.0, str(path))
    return Dose(Volume(gray, grid, "RTDOSE", "Gy", Source(sha256=file_hash(path), warnings=said)))
