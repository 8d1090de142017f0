"""Small DICOM series with one thing wrong or unusual each, around a landmark at a known place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, generate_uid

from radoncai.core.grid import Grid
from radoncai.core.volume import Volume
from radoncai.dicom.common import write_object
from radoncai.dicom.series.ct_writer import write_ct_series

SHAPE = (6, 9, 11)
SPACING = (3.0, 1.1, 0.9)
ORIGIN = (-4.0, 12.0, -100.0)
LANDMARK_HU = 1234


def noise_volume(shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> Volume:
    """Noise in HU on an axial grid with odd, unequal sizes."""
    array = np.random.default_rng(seed).integers(-900, 900, shape).astype(np.int16)
    return Volume(array, Grid.axial(shape, SPACING, ORIGIN), "CT", "HU")


def axial_series(folder: Path, *, patient: str = "P1", description: str = "axial", seed: int = 0,
                 shape: tuple[int, int, int] = SHAPE) -> Volume:
    """A plain axial CT series."""
    return write_ct_series(noise_volume(shape, seed), folder, patient_id=patient, series_description=description)


def edit(folder: Path, change: Callable[[Dataset, int], object]) -> None:
    """Apply `change(data, number)` to each file in the order of names; a file for which it returns False goes."""
    for n, path in enumerate(sorted(Path(folder).glob("*.dcm"))):
        data = pydicom.dcmread(path)
        if change(data, n) is False:
            path.unlink()
        else:
            data.save_as(path)


def series_of_orientation(folder: Path, orientation: tuple[float, ...], landmark_lps: tuple[float, float, float], *,
                          shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0), spacing: tuple[float, ...] = SPACING,
                          shape: tuple[int, int, int] = SHAPE, names: str = "{}.dcm", reverse: bool = False) -> None:
    """Slices of any orientation, empty but for one voxel of 1234 HU at `landmark_lps`.

    The landmark is voxel (column 7, row 2, slice 4). `shift_mm` moves each slice against the one before, beside the
    slice distance along the normal (a gantry tilt); `reverse` numbers and names the files from the last slice.
    """
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    normal = np.cross(row, column)
    step = normal * spacing[0] + np.array(shift_mm)
    origin = np.array(landmark_lps) - 7 * spacing[2] * row - 2 * spacing[1] * column - 4 * step
    study, series, frame = (generate_uid(entropy_srcs=[str(folder), part]) for part in ("study", "series", "frame"))
    order = range(shape[0])[::-1] if reverse else range(shape[0])
    for n, k in enumerate(order):
        data = _plain_slice(study, series, frame, n, shape)
        data.ImagePositionPatient = [f"{v:.6f}" for v in origin + k * step]
        data.ImageOrientationPatient = [f"{v:.9f}" for v in orientation]
        data.PixelSpacing = [str(spacing[1]), str(spacing[2])]
        data.SliceThickness = str(spacing[0])
        pixels = np.full(shape[1:], -1000, "<i2")
        if k == 4:
            pixels[2, 7] = LANDMARK_HU
        data.add_new("PixelData", "OW", pixels.tobytes())
        write_object(data, Path(folder) / names.format(n))


def _plain_slice(study: str, series: str, frame: str, n: int, shape: tuple[int, int, int]) -> Dataset:
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=[series, str(n)])
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, series, frame
    data.Modality, data.PatientID, data.InstanceNumber = "CT", "P1", n + 1
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = *shape[1:], 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept = "1", "0"
    return data


def oriented_grid(orientation: tuple[float, ...], shape: tuple[int, int, int], spacing: tuple[float, float, float],
                  centre_lps: tuple[float, float, float], lean: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Grid:
    """A grid of images of any orientation (row and column cosines) around a point; `lean` mm sideways a slice."""
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    matrix = np.eye(4)
    step = np.cross(row, column) * spacing[0] + np.array(lean)
    matrix[:3, :3] = np.column_stack([row * spacing[2], column * spacing[1], step])
    matrix[:3, 3] = np.array(centre_lps) - matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    return Grid(shape, matrix)


def ball_volume(grid: Grid, centre_lps: tuple[float, float, float], radius_mm: float) -> Volume:
    """Air with a ball of 1000 HU whose edge falls off over 4 mm, the same in space on every grid."""
    index = np.indices(grid.shape)[::-1].reshape(3, -1).T
    distance = np.linalg.norm(grid.to_lps(index) - np.array(centre_lps), axis=1).reshape(grid.shape)
    return Volume(np.rint(np.clip((radius_mm + 2 - distance) / 4, 0, 1) * 2000 - 1000), grid, "CT", "HU")


def centre_and_cc(volume: Volume) -> tuple[np.ndarray, float]:
    """Centre of mass (LPS mm) and volume (cc) of what is denser than air, as `ball_volume` draws it."""
    weight = (volume.array.astype(float) + 1000) / 2000
    index = np.indices(volume.array.shape)[::-1].reshape(3, -1).T
    centre = (volume.grid.to_lps(index) * weight.reshape(-1, 1)).sum(axis=0) / weight.sum()
    return centre, float(weight.sum() * volume.grid.voxel_cc)
