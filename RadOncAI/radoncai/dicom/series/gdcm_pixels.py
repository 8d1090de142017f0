"""Compressed pixels that pydicom alone cannot decode, through the GDCM inside SimpleITK."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import SecondaryCaptureImageStorage

from radoncai.dicom.values import number

GDCM_SYNTAXES = {
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
_KEPT = ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit",
         "PixelRepresentation")


def decode_by_gdcm(data: FileDataset) -> np.ndarray | None:
    """(rows, columns) or (frames, rows, columns) as stored, grey only; None where GDCM cannot do it either."""
    count = int(number(data, "NumberOfFrames", 1) or 1)
    if number(data, "SamplesPerPixel", 1) != 1:
        return None
    try:
        packed = list(generate_frames(data.PixelData, number_of_frames=count))
        with tempfile.TemporaryDirectory(prefix="radoncai-") as folder:
            frames = [_one(frame, data, Path(folder) / "frame.dcm") for frame in packed]
    except Exception:  # noqa: BLE001  pydicom and ITK raise many kinds on damaged pixels
        return None
    if len(frames) != count:
        return None
    return frames[0] if count == 1 else np.stack(frames)


def _one(frame: bytes, data: FileDataset, path: Path) -> np.ndarray:
    """One frame through a file of its own, without rescaling."""
    single = Dataset()
    single.SOPClassUID, single.SOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    for keyword in _KEPT:
        setattr(single, keyword, data[keyword].value)
    single.PixelData = encapsulate([frame])
    single["PixelData"].VR = "OB"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = single.SOPClassUID, single.SOPInstanceUID
    meta.TransferSyntaxUID = data.file_meta.TransferSyntaxUID
    pydicom.dcmwrite(path, FileDataset(str(path), single, file_meta=meta, preamble=b"\0" * 128),
                     enforce_file_format=True)
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    array = sitk.GetArrayFromImage(reader.Execute())
    return array[0] if array.ndim == 3 else array
