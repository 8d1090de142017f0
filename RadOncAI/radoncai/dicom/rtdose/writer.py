"""Writing RTDOSE (PS3.3 A.18, C.8.8.3)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import RTDoseStorage

from radoncai.core.dose import Dose
from radoncai.core.errors import InputError
from radoncai.core.volume import Source, Volume
from radoncai.dicom.common import decimal, new_object, require_references, write_object
from radoncai.dicom.rtdose.plan import TITLE, structure_reference
from radoncai.dicom.rtdose.reader import read_rtdose

__all__ = ["read_rtdose", "write_rtdose"]

_INPUT = ("128182", "DCM", "Segmentation Result")  # PS3.16 CID 9510, inputs of treatment planning


def write_rtdose(dose: Dose, path: Path, *, plan: tuple[str, str] | None = None, image: Source | None = None,
                 structures: Source | None = None, bits: int = 32, now: datetime | None = None,
                 seed: tuple[object, ...] = ()) -> Path:
    """Write a dose as RTDOSE, 32 bit, Gy; a predicted one says "PREDICTION, NOT A PLAN".

    `dose.volume` lies on an axial grid; its source, or `image`, gives patient, study and frame of reference. `plan`:
    (SOP class, instance) UID as `write_rtplan` returns it, needed for the summation type PLAN. `structures`: the
    source of an RTSTRUCT, which is named as an input of the planning (an RTDOSE may name it as that of its DVHs only
    where it holds DVHs). `bits`: 32, or 16 with steps of 1/65535 of the maximum. Values below 0 are written as 0.
    """
    volume, source = dose.volume, image or dose.volume.source
    require_references(source, "an RTDOSE")
    if plan is None:
        raise InputError("An RTDOSE of a whole plan must name its plan; write the plan first (write_rtplan).")
    if not volume.grid.is_axial:
        raise InputError("An RTDOSE can be written from an axial grid only; resample the dose first.")
    data = new_object(RTDoseStorage, source, "RTDOSE", now or datetime.now(), seed)
    data.SeriesNumber, data.InstanceNumber, data.OperatorsName = 903, 1, ""
    data.FrameOfReferenceUID = source.frame_uid
    data.PositionReferenceIndicator = source.header.get("PositionReferenceIndicator", "")
    predicted = dose.kind != "clinical"
    data.SeriesDescription = TITLE if predicted else "Dose"
    comment = "; ".join(part for part in (TITLE if predicted else "", dose.comment) if part)
    if comment:
        data.DoseComment = comment[:1024]
    _reference_items(data, plan, structures)
    _pixels(data, volume, bits)
    write_object(data, path)
    return Path(path)


def _reference_items(data: Dataset, plan: tuple[str, str], structures: Source | None) -> None:
    data.DoseUnits, data.DoseType, data.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = plan
    data.ReferencedRTPlanSequence = Sequence([item])
    drawn_on = structure_reference(structures)
    if drawn_on is not None:
        purpose = Dataset()
        purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = _INPUT
        drawn_on.PurposeOfReferenceCodeSequence = Sequence([purpose])
        data.ReferencedInstanceSequence = Sequence([drawn_on])


def _pixels(data: Dataset, volume: Volume, bits: int) -> None:
    """The grid and the values; the scaling is rounded to its decimal string first, then the values to it."""
    grid, gray = volume.grid, np.maximum(np.nan_to_num(np.asarray(volume.array, np.float64)), 0.0)
    slice_mm, row_mm, column_mm = grid.spacing_mm
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.NumberOfFrames, data.Rows, data.Columns = grid.shape
    data.FrameIncrementPointer = Tag(0x3004, 0x000C)
    data.PixelSpacing = [decimal(row_mm), decimal(column_mm)]
    data.ImagePositionPatient = [decimal(v) for v in grid.origin_lps]
    data.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    data.SliceThickness = decimal(slice_mm)
    data.GridFrameOffsetVector = [decimal(n * slice_mm) for n in range(grid.shape[0])]
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, 0
    full_scale = 2**bits - 1
    step = decimal(max(float(gray.max(initial=0.0)), 1e-3) / full_scale * (1 + 1e-9), 9)
    data.DoseGridScaling = step
    stored = np.clip(np.rint(gray / float(step)), 0, full_scale).astype("<u4" if bits == 32 else "<u2")
    data.add_new("PixelData", "OW", stored.tobytes())
