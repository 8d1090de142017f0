"""Structures and doses from one format into another, by the target's ending."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError
from radoncai.core.output import staged
from radoncai.core.structures import StructureSet
from radoncai.core.templates import match
from radoncai.core.volume import Volume
from radoncai.dicom.dose import read_dose
from radoncai.dicom.files import is_dicom, open_dicom
from radoncai.dicom.image import write_image, write_seg_nrrd
from radoncai.dicom.labels import read_labels, write_label_map
from radoncai.dicom.mask_folder import mask_files, read_mask_folder, write_mask_folder
from radoncai.dicom.raster import raster_ending, read_raster
from radoncai.dicom.rtdose import read_rtdose, write_rtdose
from radoncai.dicom.rtplan import write_rtplan
from radoncai.dicom.rtstruct_writer import write_rtstruct
from radoncai.dicom.same_patient import check_same_patient
from radoncai.dicom.series import read_series
from radoncai.dicom.structures import moved_onto, read_structures
from radoncai.dicom.values import modality_of


def convert(source: Path, target: Path, ct: Volume | None = None, *, same_patient: bool = False) -> list[str]:
    """Convert structures (RTSTRUCT, label map, folder of masks), a dose (RTDOSE, NRRD, NIfTI) or a DICOM series.

    The target's ending decides: .dcm is RTSTRUCT or RTDOSE (needs `ct`, read from DICOM), .seg.nrrd and .nrrd and
    .nii.gz are label maps or images, no ending is a folder with one mask a structure. Names stay as they are. Returns
    sentences about what was left out, changed or not known; raises InputError for what cannot be converted.
    """
    source, target = Path(source), Path(target)
    if not source.exists():
        raise InputError(f"{source} does not exist; check the path.")
    if target.suffix.lower() not in (".dcm", "") and not raster_ending(target) and not target.is_dir():
        raise InputError(f"{target.name} has no ending that is known; use .dcm, .seg.nrrd, .nrrd, .nii.gz or a folder.")
    if raster_ending(target) or target.suffix.lower() == ".dcm":
        with staged(target.parent) as place:
            return _convert(source, place / target.name, ct, same_patient)
    with staged(target) as place:
        return _convert(source, place, ct, same_patient)


def _convert(source: Path, target: Path, ct: Volume | None, same_patient: bool) -> list[str]:
    kind = _kind(source)
    if kind == "image":
        return _image_to_raster(source, target)
    if kind == "dose":
        return _convert_dose(source, target, ct, same_patient)
    structures = _read(source, kind, ct, same_patient)
    if not len(structures):
        raise InputError(f"{source} holds no structure with voxels; nothing was converted.")
    said = [*structures.warnings, *(f"{n} was left out: {why}." for n, why in structures.missing.items())]
    unknown = [s.name for s in structures if not s.standard_name and match(s.name) is None]
    if unknown:
        said.append(f"Names that are not in the structure table stay as they are: {', '.join(unknown)}.")
    return said + _write(structures, target, ct)


def _kind(source: Path) -> str:
    """rtstruct, dose, labels, masks or image."""
    if source.is_dir():
        return "masks" if mask_files(source) else "image"
    if raster_ending(source):
        return "labels" if _whole_numbers(source) else "dose"
    if not is_dicom(source):
        raise InputError(f"{source} is neither DICOM nor NIfTI nor NRRD; it cannot be converted.")
    modality = modality_of(open_dicom(source, pixels=False))
    if modality == "SEG":
        raise InputError(f"{source} is a DICOM segmentation, which cannot be read yet; export it as RTSTRUCT or NRRD.")
    return {"RTSTRUCT": "rtstruct", "RTDOSE": "dose"}.get(modality, "image")


def _whole_numbers(source: Path) -> bool:
    array, _, header = read_raster(source)
    return "Segment0_Name" in header or array.dtype.kind in "iu" or bool(np.array_equal(array, np.rint(array)))


def _read(source: Path, kind: str, ct: Volume | None, same_patient: bool) -> StructureSet:
    if kind == "rtstruct":
        if ct is None:
            raise InputError(f"{source} has contours without a voxel grid; name the images with --ct.")
        return read_structures(source, ct, same_patient=same_patient)
    structures = read_mask_folder(source) if kind == "masks" else read_labels(source)
    if ct is not None and not structures.grid.same_as(ct.grid, 0.1):
        return moved_onto(structures, ct)
    return structures


def _write(structures: StructureSet, target: Path, ct: Volume | None) -> list[str]:
    ending = raster_ending(target)
    if target.suffix.lower() == ".dcm":
        if ct is None:
            raise InputError("An RTSTRUCT refers to images; name their DICOM folder with --ct.")
        return list(write_rtstruct(structures, ct, target, label=structures.label))
    if ending in (".seg.nrrd", ".nrrd"):
        write_seg_nrrd(structures, target)
        return []
    if ending:
        return list(write_label_map(structures, target))
    return list(write_mask_folder(structures, target))


def _convert_dose(source: Path, target: Path, ct: Volume | None, same_patient: bool) -> list[str]:
    from_dicom = not raster_ending(source)
    if raster_ending(target):
        dose = read_rtdose(source) if from_dicom else read_dose(source)
        said = [*dose.volume.source.warnings]
        if ct is not None:
            said += check_same_patient(ct.source, dose.volume.source, "the images and the dose",
                                       same_patient=same_patient)
        write_image(dose.volume, target)
        return said
    if target.suffix.lower() != ".dcm" or from_dicom:
        raise InputError(f"A dose can be written as .nrrd or .nii.gz{'' if from_dicom else ', or .dcm'} only.")
    if ct is None:
        raise InputError("An RTDOSE refers to a patient and a frame of reference; name the DICOM folder with --ct.")
    dose = read_dose(source)
    plan_file = target.with_name(f"{target.stem}_plan.dcm")
    plan = write_rtplan(Prescription({}), ct.source, plan_file, title="CONVERTED DOSE, NOT A PLAN")
    write_rtdose(Dose(dose.volume, comment="CONVERTED DOSE, NOT A PLAN"), target, plan=plan, image=ct.source)
    return [f"The plan that an RTDOSE must name was written as {plan_file.name}; it has no beams."]


def _image_to_raster(source: Path, target: Path) -> list[str]:
    if not raster_ending(target):
        raise InputError("Images can be written as .nrrd or .nii.gz only.")
    volume = read_series(source)
    write_image(volume, target)
    return list(volume.source.warnings)
