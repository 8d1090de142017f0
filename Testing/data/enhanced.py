"""Enhanced multi-frame CT and MR out of a volume: frames in any order, geometry in functional groups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from radoncai.core.volume import Volume
from radoncai.dicom.common import decimal, write_object
from radoncai.dicom.uids import new_uid

CLASSES = {"CT": "1.2.840.10008.5.1.4.1.1.2.1", "MR": "1.2.840.10008.5.1.4.1.1.4.1"}


def item(**attributes: object) -> Dataset:
    """A data set with these attributes."""
    data = Dataset()
    for keyword, value in attributes.items():
        setattr(data, keyword, value)
    return data


def write_enhanced(volumes: Sequence[Volume], path: Path, modality: str = "CT", *, seed: int = 0) -> Path:
    """One file with the slices of all volumes as frames in random order; the volume is the temporal position."""
    grid = volumes[0].grid
    frames = [(n, k) for n in range(len(volumes)) for k in range(grid.shape[0])]
    np.random.default_rng(seed).shuffle(frames)
    data = item(SOPClassUID=CLASSES[modality], SOPInstanceUID=new_uid(str(path), "i"),
                StudyInstanceUID=new_uid(str(path), "st"), SeriesInstanceUID=new_uid(str(path), "se"),
                FrameOfReferenceUID=new_uid(str(path), "f"), Modality=modality, PatientID="P1", InstanceNumber=1,
                ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], NumberOfFrames=len(frames), Rows=grid.shape[1],
                Columns=grid.shape[2], SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", BitsAllocated=16,
                BitsStored=16, HighBit=15, PixelRepresentation=1)
    row_column = [decimal(v) for v in grid.directions[:, :2].T.ravel()]
    data.SharedFunctionalGroupsSequence = Items([item(
        PixelMeasuresSequence=Items([item(PixelSpacing=[decimal(v) for v in grid.spacing_mm[1:]],
                                          SliceThickness=decimal(grid.spacing_mm[0]))]),
        PlaneOrientationSequence=Items([item(ImageOrientationPatient=row_column)]))])
    data.PerFrameFunctionalGroupsSequence = Items([_frame(volumes[n], n, k) for n, k in frames])
    stored = np.stack([(volumes[n].array[k] - _intercept(k)).astype("<i2") for n, k in frames])
    data.add_new("PixelData", "OW", stored.tobytes())
    return write_object(data, path)


def _intercept(k: int) -> int:
    return 10 * k


def _frame(volume: Volume, n: int, k: int) -> Dataset:
    position = [decimal(v) for v in volume.grid.to_lps(np.array([(0, 0, k)]))[0]]
    return item(
        PlanePositionSequence=Items([item(ImagePositionPatient=position)]),
        FrameContentSequence=Items([item(TemporalPositionIndex=n + 1, InStackPositionNumber=k + 1)]),
        PixelValueTransformationSequence=Items([item(RescaleSlope="1", RescaleIntercept=str(_intercept(k)),
                                                     RescaleType="HU")]))
