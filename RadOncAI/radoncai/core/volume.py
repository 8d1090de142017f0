"""An image on its grid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from radoncai.core.grid import Grid


@dataclass(frozen=True, eq=False)
class ImagePlanes:
    """The images that a volume was turned or resampled from, where they are no slices of its array.

    `grid`: as the images lie, k from image to image; sheared where the gantry was tilted. `slices` and `frames` as in
    `Source`, in the order of that k.
    """

    grid: Grid
    slices: tuple[tuple[str, str], ...]
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Source:
    """DICOM references of an image; empty for NIfTI and NRRD.

    `slices` holds (SOP Class UID, SOP Instance UID) of each slice in array order, `frames` the frame number (from 1)
    of each where the images are multi-frame. Where the array's slices are not the images, both are empty and `planes`
    has them. `header` keeps the few attributes that later files repeat (PatientID, StudyDate, ...), keyword to value.
    `sha256` names the input for provenance where there are no UIDs. `warnings` says what reading had to assume or
    repair.
    """

    patient_id: str = ""
    study_uid: str = ""
    series_uid: str = ""
    frame_uid: str = ""
    slices: tuple[tuple[str, str], ...] = ()
    header: dict[str, object] = field(default_factory=dict)
    sha256: str = ""
    warnings: tuple[str, ...] = ()
    frames: tuple[int, ...] = ()
    planes: ImagePlanes | None = None

    @property
    def without_uids(self) -> bool:
        """Whether the image was read from DICOM files that lack UIDs, so that no DICOM object can refer to it."""
        return bool(self.slices or self.planes) and not self.is_dicom

    @property
    def is_dicom(self) -> bool:
        """Whether DICOM objects can refer to the image: it has all its UIDs, but for slices that were interpolated."""
        named = self.planes.slices if self.planes is not None else self.slices
        return bool(self.series_uid and self.study_uid and self.frame_uid) and (
            not named or any(uid for _, uid in named))


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
