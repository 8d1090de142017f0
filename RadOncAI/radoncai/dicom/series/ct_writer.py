"""Writing a volume as a CT image series: the sample patient, benchmarks and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from radoncai.core.errors import InputError
from radoncai.core.volume import Source, Volume
from radoncai.dicom.common import decimal, legal, new_object, write_object
from radoncai.dicom.uids import new_uid


def write_ct_series(volume: Volume, folder: Path, *, patient_id: str, patient_name: str = "",
                    series_description: str = "", seed: str = "", study_uid: str = "", frame_uid: str = "",
                    date: str = "20260101", time: str = "120000",
                    header: Mapping[str, object] | None = None) -> Volume:
    """Write one CT Image Storage file a slice (explicit VR little endian) and return the volume with its references.

    `volume`: HU on a grid of any direction (k from image to image; sheared too, as by a tilted gantry), rounded to
    whole numbers within int16. UIDs come from `seed` (default: patient and description), so that a second run writes
    equal files; two series share a study by the same `study_uid` or seed. `header`: further attributes, keyword to
    value (PatientSex, PatientSize, KVP, ConvolutionKernel, ...).
    """
    axes = volume.grid.directions
    if abs(axes[:, 0] @ axes[:, 1]) > 1e-4:
        raise InputError("The rows and columns of a CT slice must be perpendicular; resample the volume first.")
    seed = seed or f"{patient_id} {series_description}"
    extra = {"StudyDate": date, "StudyTime": time, "StudyID": "1", "PatientName": patient_name,
             "PatientPosition": "HFS", **(header or {})}
    uids = [new_uid(seed, "instance", k) for k in range(volume.grid.shape[0])]
    source = Source(patient_id, study_uid or new_uid(seed, "study"), new_uid(seed, "series"),
                    frame_uid or new_uid(seed, "frame"), tuple((str(CTImageStorage), uid) for uid in uids), extra)
    now = datetime.strptime(date + time, "%Y%m%d%H%M%S")
    stored = np.clip(np.rint(volume.array), -32768, 32767).astype("<i2")
    base = _series_part(volume, source, now, series_description)
    for k, uid in enumerate(uids):
        data = Dataset(base)
        data.SOPInstanceUID, data.InstanceNumber = uid, k + 1
        position = volume.grid.to_lps(np.array([[0, 0, k]]))[0]
        data.ImagePositionPatient = [decimal(v) for v in position]
        data.SliceLocation = decimal(position @ np.cross(axes[:, 0], axes[:, 1]))
        data.add_new("PixelData", "OW", stored[k].tobytes())
        write_object(data, Path(folder) / f"ct_{k + 1:04d}.dcm")
    final = replace(source, header={**extra, "SeriesDescription": series_description, "PatientID": patient_id,
                                    "SliceThickness": volume.grid.spacing_mm[0]})
    return Volume(stored.astype(np.int16), volume.grid, "CT", "HU", final)


def _series_part(volume: Volume, source: Source, now: datetime, description: str) -> Dataset:
    """What all slices share."""
    data = new_object(CTImageStorage, source, "CT", now, ("unused",))
    data.SeriesInstanceUID = source.series_uid
    data.SeriesDescription, data.SeriesNumber = description, 1
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = source.frame_uid, ""
    data.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]  # the term for every CT slice, localizers apart
    data.AcquisitionNumber = 1
    data.KVP, data.Laterality = "", ""
    for keyword, value in source.header.items():
        setattr(data, keyword, decimal(value) if isinstance(value, float) else legal(keyword, value))
    slice_mm, row_mm, column_mm = volume.grid.spacing_mm
    data.PixelSpacing = [decimal(row_mm), decimal(column_mm)]
    data.SliceThickness = decimal(slice_mm)
    data.ImageOrientationPatient = [decimal(v) for v in volume.grid.directions[:, :2].T.ravel()]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    _, data.Rows, data.Columns = volume.grid.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = "1", "0", "HU"
    data.WindowCenter, data.WindowWidth = "40", "400"
    return data
