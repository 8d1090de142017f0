"""An image on its grid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from radoncai.core.grid import Grid


@dataclass(frozen=True)
class Source:
    """DICOM references of an image; empty for NIfTI and NRRD.

    `slices` holds (SOP Class UID, SOP Instance UID) of each slice in array order. `header` keeps the few
    attributes that later files repeat (PatientID, StudyDate, ...), keyword to value. `files` and `sha256` name
    the input for provenance where there are no UIDs. `warnings` says what reading had to assume or repair.
    """

    patient_id: str = ""
    study_uid: str = ""
    series_uid: str = ""
    frame_uid: str = ""
    slices: tuple[tuple[str, str], ...] = ()
    header: dict[str, object] = field(default_factory=dict)
    sha256: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_dicom(self) -> bool:
        return bool(self.series_uid)


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels [k, j, i] on a grid. `modality` is CT, MR or PT; `unit` HU, Gy, SUV or 1. Immutable by habit."""

    array: np.ndarray
    grid: Grid
    modality: str = ""
    unit: str = "1"
    source: Source = Source()

    def with_array(self, array: np.ndarray, grid: Grid | None = None) -> Volume:
        return replace(self, array=array, grid=grid or self.grid)

    def crop(self, box: tuple[slice, slice, slice]) -> Volume:
        return self.with_array(self.array[box], self.grid.crop(box))
