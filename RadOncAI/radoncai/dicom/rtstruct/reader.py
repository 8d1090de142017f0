"""Reading an RTSTRUCT: its contours as they stand, and their masks on an image grid."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.structures import Algorithm, Contour, Review, Structure, StructureSet
from radoncai.core.volume import Source, Volume
from radoncai.dicom.files import open_dicom
from radoncai.dicom.rtstruct.contour_data import from_text, get_text
from radoncai.dicom.rtstruct.contour_mask import contours_to_mask, flat_share
from radoncai.dicom.rtstruct.contour_references import reference_remarks
from radoncai.dicom.rtstruct.roi_items import ROLES
from radoncai.dicom.same_patient import check_same_patient
from radoncai.dicom.series.planes import from_image_planes
from radoncai.dicom.values import items, modality_of, numbers, text


@dataclass(frozen=True)
class RoiContours:
    """One ROI as it stands in the file; `structure` holds its attributes, contours and an empty mask."""

    number: int
    structure: Structure
    contours: tuple[Contour, ...]
    warnings: tuple[str, ...] = ()
    frame_uid: str = ""


@dataclass(frozen=True)
class ContourFile:
    """An RTSTRUCT without images. `source` has its patient, study, frame and its own SOP UIDs in `slices`.

    `image_series_uid` is the series it was drawn on, "" where not stated.
    """

    rois: tuple[RoiContours, ...]
    source: Source
    label: str = ""
    image_series_uid: str = ""
    warnings: tuple[str, ...] = field(default=())

    @property
    def frames(self) -> set[str]:
        """Frames of reference that its ROIs are drawn in."""
        return {uid for uid in (self.source.frame_uid, *(roi.frame_uid for roi in self.rois)) if uid}


def read_contours(path: Path) -> ContourFile:
    """The ROIs of an RTSTRUCT without any image. InputError where the file is no RTSTRUCT."""
    data = open_dicom(path)
    if modality_of(data) != "RTSTRUCT":
        raise InputError(f"{path} is no RTSTRUCT but {modality_of(data) or 'an object without a modality'}; "
                         "name the structure set file.")
    drawn = _by_number(data, "ROIContourSequence")
    observations = _by_number(data, "RTROIObservationsSequence")
    review = _review(data)
    rois = []
    for item in items(data, "StructureSetROISequence"):
        number = _integer(item, "ROINumber")
        rois.append(_roi(number, item, drawn.get(number), observations.get(number), review))
    series = [text(s, "SeriesInstanceUID") for frame in items(data, "ReferencedFrameOfReferenceSequence")
              for study in items(frame, "RTReferencedStudySequence")
              for s in items(study, "RTReferencedSeriesSequence")]
    return ContourFile(tuple(rois), _source(data), text(data, "StructureSetLabel"), series[0] if series else "",
                       tuple(_odd_lists(rois, drawn)))


def read_rtstruct(path: Path, image: Volume | Grid, *, same_patient: bool = False) -> StructureSet:
    """An RTSTRUCT as masks on the grid of an image.

    A voxel belongs to a structure where its centre lies inside (even-odd, ties half open); contours lie on the slice
    nearest to them within half a slice, nothing is filled in between. Contours inside one another and CLOSEDPLANAR_XOR
    are even-odd, CLOSED_PLANAR contours that overlap partly are joined. Contours of images that are not axial are
    filled on the images' own planes. ROIs without voxels are in `missing` with the reason; POINT and OPEN contours and
    every oddity are in `warnings`. `source.slices` holds the RTSTRUCT's own SOP UIDs. InputError for another patient
    or frame of reference, unless `same_patient`.
    """
    found = read_contours(path)
    warnings = list(found.warnings)
    frame = image.source.frame_uid if isinstance(image, Volume) else ""
    if isinstance(image, Volume):
        shared = replace(found.source, frame_uid=frame) if frame in found.frames else found.source
        warnings += check_same_patient(image.source, shared, "the images and the structure set",
                                       same_patient=same_patient)
        warnings += reference_remarks([c for roi in found.rois for c in roi.contours], found.image_series_uid, image)
    grid = _drawing_grid(found, image)
    structures, missing = [], {}
    for roi in found.rois:
        name = roi.structure.name
        warnings += roi.warnings
        if frame in found.frames and roi.frame_uid not in ("", frame):
            missing[name] = "it is drawn in another frame of reference"
            continue
        drawn = contours_to_mask(roi.contours, grid)
        warnings += [f"{name}: {said}" for said in drawn.warnings]
        if drawn.box is None:
            missing[name] = drawn.reason
            continue
        structures.append(replace(roi.structure, mask=drawn.mask, box=drawn.box, contours=roi.contours))
    if not found.rois:
        warnings.append("The structure set holds no ROI.")
    result = StructureSet(grid, tuple(structures), found.source, found.label, missing, tuple(warnings))
    on_planes = isinstance(image, Volume) and grid is not image.grid
    return from_image_planes(result, image) if on_planes else result


def _drawing_grid(found: ContourFile, image: Volume | Grid) -> Grid:
    """The grid along whose slices the contours lie: the image's own planes, or the axial ones made of them."""
    if isinstance(image, Grid):
        return image
    if image.source.planes is None:
        return image.grid
    every = [c for roi in found.rois for c in roi.contours]
    own = image.source.planes.grid
    return own if flat_share(every, own) >= flat_share(every, image.grid) else image.grid


def _odd_lists(rois: list[RoiContours], drawn: dict[int, Dataset]) -> list[str]:
    """Names and numbers that are used twice, contours that belong to no ROI."""
    said = []
    names = Counter(roi.structure.name for roi in rois)
    twice = [f"{n} ROIs are named {name}" for name, n in names.items() if n > 1]
    if twice:
        said.append(f"{', '.join(twice[:5])}; all of them are read.")
    if len({roi.number for roi in rois}) < len(rois):
        said.append("Some ROIs have the same number, so their contours cannot be told apart.")
    stray = [str(n) for n in drawn if n not in {roi.number for roi in rois}]
    if stray:
        said.append(f"Contours of the ROI numbers {', '.join(stray[:5])} belong to no ROI of the file; they were left "
                    "out.")
    return said


def _roi(number: int, item: Dataset, contour_item: Dataset | None, observation: Dataset | None,
         review: Review) -> RoiContours:
    name = text(item, "ROIName") or f"ROI {number}"
    contours, said = _contours(name, contour_item)
    color = numbers(contour_item, "ROIDisplayColor") if contour_item is not None else None
    origin = text(item, "ROIGenerationAlgorithm").upper()
    structure = Structure(
        name, np.zeros((0, 0, 0), bool), (slice(0, 0),) * 3,
        role=ROLES.get(text(observation, "RTROIInterpretedType").upper(), "oar") if observation is not None else "oar",
        color=tuple(int(np.clip(c, 0, 255)) for c in color[:3]) if color is not None and len(color) >= 3
        else (255, 255, 0),
        code=_code(observation), origin=origin if origin in ("AUTOMATIC", "SEMIAUTOMATIC") else "MANUAL",
        algorithm=_algorithm(item), review=review)
    return RoiContours(number, structure, contours, said, text(item, "ReferencedFrameOfReferenceUID"))


def _contours(name: str, item: Dataset | None) -> tuple[tuple[Contour, ...], tuple[str, ...]]:
    """Contours of every kind as read; sentences about those that hold no readable points."""
    out, bad = [], 0
    for contour in items(item, "ContourSequence"):
        raw = get_text(contour)
        points = from_text(raw)
        if points is None:
            bad += 1
            continue
        images = items(contour, "ContourImageSequence")
        kind = text(contour, "ContourGeometricType", "CLOSED_PLANAR").upper()[:64].strip()
        out.append(Contour(points, kind, text(images[0], "ReferencedSOPInstanceUID") if images else "", raw))
    return tuple(out), (f"{name}: {bad} contours hold no readable points and were left out.",) if bad else ()


def _code(observation: Dataset | None) -> tuple[str, str, str] | None:
    """(scheme, value, meaning) of the identification, the TG-263 code left aside."""
    for item in items(observation, "RTROIIdentificationCodeSequence"):
        code = text(item, "CodingSchemeDesignator"), text(item, "CodeValue"), text(item, "CodeMeaning")
        if code[0] != "99TG263" and code[1]:
            return code
    return None


def _algorithm(item: Dataset) -> Algorithm:
    for entry in items(item, "ROIDerivationAlgorithmIdentificationSequence"):
        parameters = text(entry, "AlgorithmParameters")
        weights = parameters.removeprefix("weights sha256 ") if parameters.startswith("weights sha256 ") else ""
        return Algorithm(text(entry, "AlgorithmName"), text(entry, "AlgorithmVersion"), weights)
    return Algorithm()


def _review(data: Dataset) -> Review:
    """Approval of the whole file; a named reviewer and the time stand beside it."""
    status = {"APPROVED": "approved", "REJECTED": "rejected"}.get(text(data, "ApprovalStatus"), "unreviewed")
    if status == "unreviewed":
        return Review()
    return Review(status, text(data, "ReviewerName"), f"{text(data, 'ReviewDate')} {text(data, 'ReviewTime')}".strip())


def _source(data: Dataset) -> Source:
    frame = text(data, "FrameOfReferenceUID")
    for item in items(data, "ReferencedFrameOfReferenceSequence"):
        frame = text(item, "FrameOfReferenceUID") or frame
        break
    return Source(text(data, "PatientID"), text(data, "StudyInstanceUID"), text(data, "SeriesInstanceUID"), frame,
                  ((text(data, "SOPClassUID"), text(data, "SOPInstanceUID")),))


def _by_number(data: Dataset, keyword: str) -> dict[int, Dataset]:
    return {_integer(item, "ReferencedROINumber"): item for item in items(data, keyword)}


def _integer(data: Dataset, keyword: str) -> int:
    value = numbers(data, keyword)
    return int(value[0]) if value is not None else -1
