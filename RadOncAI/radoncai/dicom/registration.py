"""Spatial registration objects (PS3.3 A.39, C.20.2): how one frame of reference lies in another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.files import is_dicom, open_dicom
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.series.planes import fitted, resampled
from radoncai.dicom.values import items, modality_of, numbers, text

_RIGID_TOLERANCE = 1e-3
_DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.3"
_PIXEL_MM = 1.0
_MOST_FILES = 2000


@dataclass(frozen=True, eq=False)
class Registration:
    """What a registration says. `to_own[frame]`: 4x4 that takes LPS mm of that frame of reference to `frame_uid`'s."""

    frame_uid: str
    to_own: dict[str, np.ndarray]
    patient_id: str = ""
    label: str = ""

    def between(self, from_frame: str, to_frame: str) -> np.ndarray | None:
        """4x4 that takes LPS mm of one frame of reference to another; None where the object does not relate them."""
        known = {self.frame_uid: np.eye(4), **self.to_own}
        if from_frame not in known or to_frame not in known:
            return None
        return np.linalg.inv(known[to_frame]) @ known[from_frame]


def read_registration(path: Path) -> Registration:
    """A rigid or affine registration. InputError for a deformable one, another object, and matrices that are none."""
    data = open_dicom(path)
    if modality_of(data) != "REG":
        raise InputError(f"{path} is no registration but {modality_of(data) or 'an object without a modality'}; "
                         "name the REG file.")
    if text(data, "SOPClassUID") == _DEFORMABLE or "DeformableRegistrationSequence" in data:
        raise InputError(f"{path} is a deformable registration, which cannot be applied; export a rigid one.")
    own = text(data, "FrameOfReferenceUID")
    found: dict[str, np.ndarray] = {}
    for item in items(data, "RegistrationSequence"):
        matrix = _matrix(item, path)
        frame = text(item, "FrameOfReferenceUID")
        if matrix is not None and frame:
            found[frame] = matrix
    if not own or not found:
        raise InputError(f"{path} does not say which frames of reference it relates; export the registration again.")
    return Registration(own, found, text(data, "PatientID"), text(data, "ContentLabel"))


def find_registrations(*places: Path, between: tuple[str, str]) -> list[Path]:
    """The registration files in these folders or beside these files and folders, not below, that relate two frames."""
    found = []
    folders = [f for p in places for f in ((Path(p), Path(p).parent) if Path(p).is_dir() else (Path(p).parent,))]
    for folder in dict.fromkeys(folders):
        for path in sorted(p for p in folder.iterdir() if p.is_file())[:_MOST_FILES]:
            try:
                if is_dicom(path) and modality_of(open_dicom(path, pixels=False)) == "REG" \
                        and read_registration(path).between(*between) is not None:
                    found.append(path)
            except InputError:
                continue
    return list(dict.fromkeys(found))


def matrix_between(path: Path, from_source: Source, to_source: Source, what: str) -> np.ndarray:
    """The matrix of a registration file from one object's frame of reference to another's.

    InputError where it does not relate them or is of another patient; `what` names both ("the images and the dose").
    """
    registration = read_registration(path)
    patients = {p.strip() for p in (registration.patient_id, from_source.patient_id, to_source.patient_id) if p.strip()}
    if len(patients) > 1:
        raise InputError(f"The registration {path} and {what} are not of one patient; check the files.")
    matrix = registration.between(from_source.frame_uid, to_source.frame_uid)
    if matrix is None:
        raise InputError(f"The registration {path} does not relate the frames of reference of {what}.")
    return matrix


def move_volume(volume: Volume, matrix: np.ndarray, target: Volume, outside: float = 0.0) -> Volume:
    """The volume in the frame of reference of `target` and on its grid, interpolated linearly."""
    moved = Grid(volume.grid.shape, matrix @ volume.grid.index_to_lps)
    array = resampled(volume.array, moved, target.grid, outside)
    source = replace(target.source, slices=(), frames=(), planes=None, warnings=(
        *volume.source.warnings, "The image was moved by a registration and interpolated onto the other image's grid."))
    return Volume(array, target.grid, volume.modality, volume.unit, source)


def structures_by_registration(path: Path, matrix: np.ndarray, target: Volume) -> StructureSet:
    """The contours of an RTSTRUCT in another frame of reference as masks on the grid of `target`.

    They are filled on axial planes of their own (pixels of 1 mm) first, since their images are not at hand.
    """
    points = [c.points for roi in read_contours(path).rois for c in roi.contours if c.kind.startswith("CLOSED")]
    if not points:
        raise InputError(f"{path} holds no closed contours; nothing can be moved.")
    every = np.concatenate(points)
    heights = np.unique(np.round([p[0, 2] for p in points], 2))
    step = float(np.diff(heights).min()) if len(heights) > 1 else target.grid.spacing_mm[0]
    low = every.min(axis=0) - 2
    shape = (int(round((heights[-1] - heights[0]) / step)) + 1,
             *(int(n) for n in np.ceil(np.ptp(every[:, 1::-1], axis=0) / _PIXEL_MM) + 5))
    if np.prod(np.array(shape, float)) > 2e9:
        raise InputError(f"The contours of {path} reach too far to be moved; export them on one set of slices.")
    drawn = read_rtstruct(path, Grid.axial(shape, (step, _PIXEL_MM, _PIXEL_MM), (low[0], low[1], heights[0])))
    bare = tuple(replace(s, contours=()) for s in drawn)
    moved = replace(drawn, structures=bare, grid=Grid(drawn.grid.shape, matrix @ drawn.grid.index_to_lps))
    return fitted(moved, target)


def _matrix(item: Dataset, path: Path) -> np.ndarray | None:
    """The product of the item's matrices, applied in the order of the sequence; None where it has none."""
    total = None
    for registration in items(item, "MatrixRegistrationSequence"):
        for step in items(registration, "MatrixSequence"):
            values = numbers(step, "FrameOfReferenceTransformationMatrix")
            if values is None or len(values) != 16:
                raise InputError(f"{path} holds a transformation without 16 numbers; export the registration again.")
            matrix = values.reshape(4, 4)
            _check_matrix(matrix, text(step, "FrameOfReferenceTransformationMatrixType").upper(), path)
            total = matrix if total is None else matrix @ total
    return total


def _check_matrix(matrix: np.ndarray, kind: str, path: Path) -> None:
    turned = matrix[:3, :3]
    if not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6) or np.linalg.det(turned) < 1e-3:
        raise InputError(f"{path} holds a transformation that mirrors or flattens the patient; it is damaged.")
    if kind == "RIGID" and np.abs(turned @ turned.T - np.eye(3)).max() > _RIGID_TOLERANCE:
        raise InputError(f"{path} states a rigid transformation that is not rigid; export the registration again.")
