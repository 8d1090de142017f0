"""Reading structures of any kind: RTSTRUCT or label map, with or without their images, with standard names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from radoncai.core.errors import InputError
from radoncai.core.naming import annotated
from radoncai.core.resample import resample_array
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.dicom.files import is_dicom, open_dicom
from radoncai.dicom.masks.labels import read_labels
from radoncai.dicom.masks.seg import read_seg
from radoncai.dicom.rtstruct.reader import read_contours, read_rtstruct
from radoncai.dicom.same_patient import check_same_patient
from radoncai.dicom.values import modality_of


def read_structures(path: Path, volume: Volume, *, same_patient: bool = False) -> StructureSet:
    """An RTSTRUCT, a DICOM segmentation or a label map on the grid of `volume`.

    Raises InputError for another patient or frame of reference, and for a file that is neither.
    """
    if is_dicom(_existing(path)):
        if modality_of(open_dicom(path, pixels=False)) == "SEG":
            return _segmentation(path, volume, same_patient)
        return annotated(read_rtstruct(path, volume, same_patient=same_patient))
    found = read_labels(path)
    if not found.grid.same_as(volume.grid, 0.1):
        found = moved_onto(found, volume)
    return annotated(found)


def _segmentation(path: Path, volume: Volume, same_patient: bool) -> StructureSet:
    found = read_seg(path, volume)
    what = "the images and the segmentation"
    said = check_same_patient(volume.source, found.source, what, same_patient=same_patient)
    return annotated(replace(found, warnings=(*found.warnings, *said)))


def read_structures_alone(path: Path, dose: Volume) -> StructureSet:
    """Structures for a DVH, without images: contours stay contours, a label map keeps its own grid."""
    if not is_dicom(_existing(path)):
        return annotated(read_labels(path))
    if modality_of(open_dicom(path, pixels=False)) == "SEG":
        return annotated(read_seg(path))
    found = read_contours(path)
    kept = tuple(
        replace(roi.structure, contours=roi.contours)
        for roi in found.rois
        if any(c.kind.startswith("CLOSED") for c in roi.contours)
    )
    missing = {
        roi.structure.name: "it has no closed contours"
        for roi in found.rois
        if not any(c.kind.startswith("CLOSED") for c in roi.contours)
    }
    warnings = (*found.warnings, *(text for roi in found.rois for text in roi.warnings))
    return annotated(StructureSet(dose.grid, kept, found.source, found.label, missing, warnings))


def _existing(path: Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise InputError(f"The structures {path} are not a file; name an RTSTRUCT or a label map.")
    return path


def moved_onto(structures: StructureSet, volume: Volume) -> StructureSet:
    """Masks on the grid of a volume: by linear interpolation, at half. What lies outside is in `missing`."""
    moved, missing = [], dict(structures.missing)
    for s in structures:
        full = s.full(structures.grid.shape).astype("float32")
        share = resample_array(full, structures.grid, volume.grid, outside=0.0)
        if (share >= 0.5).any():
            new = Structure.from_full(s.name, share >= 0.5)
            moved.append(replace(s, mask=new.mask, box=new.box, contours=()))
        else:
            missing[s.name] = "it lies outside the image"
    said = "The structures lie on another grid and were interpolated onto the image."
    return replace(
        structures, grid=volume.grid, structures=tuple(moved), missing=missing, warnings=(*structures.warnings, said)
    )
