"""DICOM segmentations of known masks: binary, fractional, label map."""

from __future__ import annotations

import numpy as np
from pydicom.sequence import Sequence

from radoncai.dicom.common import decimal, write_object

from .enhanced import item
from .shapes import twelve_shapes

SHAPE, SPACING = (9, 34, 38), (2.5, 1.1, 0.9)
NAMES = ("Ring", "Islands", "First_Last", "One_Slice")
MASKS = {n: m for n, m in twelve_shapes(SHAPE, SPACING).items() if n in NAMES}


def write_seg(grid, path, kind="BINARY", frame_uid="1.2.3.4", *, masks=MASKS, spacing_stated=True, seed=0):
    """The masks as a segmentation, frames in random order, empty planes left out."""
    frames = [(n, k) for n, mask in enumerate(masks.values()) for k in range(SHAPE[0]) if mask[k].any()]
    if kind == "LABELMAP":
        frames = [(0, k) for k in range(SHAPE[0])]
    np.random.default_rng(seed).shuffle(frames)
    data = item(SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4", SOPInstanceUID="1.2.3.9", StudyInstanceUID="1.2.3.1",
                SeriesInstanceUID="1.2.3.2", FrameOfReferenceUID=frame_uid, Modality="SEG", PatientID="P1",
                SegmentationType=kind, NumberOfFrames=len(frames), Rows=SHAPE[1], Columns=SHAPE[2], SamplesPerPixel=1,
                PhotometricInterpretation="MONOCHROME2", PixelRepresentation=0, MaximumFractionalValue=100,
                SegmentationFractionalType="PROBABILITY")
    bits = 1 if kind == "BINARY" else 8
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.SegmentSequence = Sequence([segment(n, name) for n, name in enumerate([*masks, "Nothing"], 1)])
    measures = item(PixelSpacing=[decimal(v) for v in grid.spacing_mm[1:]], SliceThickness="1.0")
    if spacing_stated:
        measures.SpacingBetweenSlices = decimal(grid.spacing_mm[0])
    cosines = [decimal(v) for v in grid.directions[:, :2].T.ravel()]
    data.SharedFunctionalGroupsSequence = Sequence([item(
        PixelMeasuresSequence=Sequence([measures]),
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=cosines)]))])
    data.PerFrameFunctionalGroupsSequence = Sequence([frame(grid, n, k, kind) for n, k in frames])
    values = list(masks.values())
    if kind == "BINARY":
        pixels = np.packbits(np.stack([values[n][k] for n, k in frames]).ravel(), bitorder="little").tobytes()
        pixels += b"\0" * (len(pixels) % 2)
    elif kind == "FRACTIONAL":
        pixels = np.stack([values[n][k] * np.uint8(51) + np.uint8(12) for n, k in frames]).tobytes()
    else:
        pixels = np.stack([sum(m[k] * np.uint8(n) for n, m in enumerate(values, 1)) for _, k in frames]).tobytes()
    data.add_new("PixelData", "OB", pixels)
    return write_object(data, path)


def segment(number, name):
    return item(SegmentNumber=number, SegmentLabel=name, SegmentAlgorithmType="AUTOMATIC", SegmentAlgorithmName="net",
                RecommendedDisplayCIELabValue=[35017, 53489, 49943],
                SegmentedPropertyTypeCodeSequence=Sequence([item(CodeValue="45289007", CodingSchemeDesignator="SCT",
                                                                 CodeMeaning="Parotid gland")]))


def frame(grid, n, k, kind):
    place = [decimal(v) for v in grid.to_lps(np.array([(0, 0, k)]))[0]]
    out = item(PlanePositionSequence=Sequence([item(ImagePositionPatient=place)]))
    if kind != "LABELMAP":
        out.SegmentIdentificationSequence = Sequence([item(ReferencedSegmentNumber=n + 1)])
    return out
