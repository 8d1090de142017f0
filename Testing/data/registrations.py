"""Spatial registration objects of known matrices."""

from __future__ import annotations

import numpy as np
from pydicom.sequence import Sequence

from radoncai.dicom.common import write_object

from .enhanced import item


def write_registration(path, own, frames, kind="RIGID", patient="P1"):
    """`frames`: frame UID to its matrices, applied in their order."""
    data = item(SOPClassUID="1.2.840.10008.5.1.4.1.1.66.1", SOPInstanceUID="1.2.3.77", StudyInstanceUID="1.2.3.1",
                SeriesInstanceUID="1.2.3.78", Modality="REG", PatientID=patient, FrameOfReferenceUID=own,
                ContentLabel="REG")
    data.RegistrationSequence = Sequence([item(
        FrameOfReferenceUID=frame, MatrixRegistrationSequence=Sequence([item(MatrixSequence=Sequence([item(
            FrameOfReferenceTransformationMatrixType=kind,
            FrameOfReferenceTransformationMatrix=[f"{v:.12g}"[:16] for v in np.asarray(m).ravel()])
            for m in matrices]))])) for frame, matrices in frames.items()])
    return write_object(data, path)
