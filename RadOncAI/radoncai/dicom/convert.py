"""Structures, doses and images from one format into another, by the target's ending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import InputError
from radoncai.core.naming import annotated
from radoncai.core.output import staged
from radoncai.core.structures import StructureSet
from radoncai.core.templates import match
from radoncai.core.volume import Source, Volume
from radoncai.dicom.check.judge import check_rtstruct, read_back, read_back_sentence
from radoncai.dicom.check.profiles import load_profile
from radoncai.dicom.dose import MOST_GY, read_dose
from radoncai.dicom.files import files_below, is_dicom, open_dicom
from radoncai.dicom.image import read_image, write_image, write_seg_nrrd
from radoncai.dicom.masks.labels import MOST_LABELS, read_labels, write_label_map
from radoncai.dicom.masks.mask_folder import mask_files, read_mask_folder, write_mask_folder
from radoncai.dicom.masks.probability import read_probabilities
from radoncai.dicom.masks.seg import read_seg
from radoncai.dicom.raster import raster_ending, read_raster
from radoncai.dicom.registration import find_registrations, matrix_between, move_volume, structures_by_registration
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtdose.writer import write_rtdose
from radoncai.dicom.rtstruct.reader import read_contours
from radoncai.dicom.rtstruct.writer import write_rtstruct
from radoncai.dicom.same_patient import check_same_patient
from radoncai.dicom.series.planes import fitted
from radoncai.dicom.structures import read_structures
from radoncai.dicom.values import modality_of

CONVERTED = "CONVERTED DOSE, NOT A PLAN"
_AIR_HU = -1000.0


@dataclass(frozen=True)
class _Asked:
    """The options of one conversion."""

    ct: Volume | None
    same_patient: bool = False
    names: str = "keep"
    mapping: Mapping[str, str] = field(default_factory=dict)
    registration: Path | None = None
    series: int | str | None = None
    gaps: str = "refuse"
    ct_path: Path | None = None
    profile: str = "generic"
    contours: str = ""
    holes: str = ""

    @property
    def writing(self) -> dict[str, object]:
        """The keyword arguments of `write_rtstruct`: the profile's, and what was asked for."""
        given = {k: v for k, v in (("contours", self.contours), ("holes", self.holes)) if v and v != "iso"}
        return {**load_profile(self.profile).writing, **given}


def convert(source: Path, target: Path, ct: Volume | None = None, *, same_patient: bool = False, names: str = "keep",
            mapping: Mapping[str, str] | None = None, registration: Path | None = None,
            series: int | str | None = None, gaps: str = "refuse", ct_path: Path | None = None,
            profile: str = "generic", contours: str = "", holes: str = "") -> list[str]:
    """Convert structures (RTSTRUCT, DICOM SEG, label map, folder of masks), a dose (RTDOSE, folder of the doses of
    all beams, NRRD, NIfTI) or an image series.

    The target's ending decides: .dcm is RTSTRUCT or RTDOSE (needs `ct`, read from DICOM), .seg.nrrd and .nrrd and
    .nii.gz are label maps, doses or images, no ending is a folder with one mask a structure. `names`: "keep" them or
    "standard" for those of the structure table; `mapping`: old name to new name, first. `registration`: a REG file
    that relates the source's frame of reference to that of `ct`; `ct_path`: where to look for one to offer. `series`
    and `gaps` are those of an image. An RTSTRUCT is drawn as `profile` (of a planning system) has it, or by `contours`
    ("exact", "smooth", or "iso" for maps of probabilities) and `holes` ("keyhole", "xor"); it is read back and checked
    by the profile's rules. Returns sentences about what was left out, changed or not known; raises InputError for what
    cannot be converted.
    """
    source, target = Path(source), Path(target)
    asked = _Asked(ct, same_patient, names, mapping or {}, registration, series, gaps, ct_path, profile,
                   contours, holes)
    if names not in ("keep", "standard"):
        raise InputError(f"--names {names} is not known; use keep or standard.")
    if contours == "iso" and (ct is None or target.suffix.lower() != ".dcm" or registration is not None):
        raise InputError("--contours iso draws an RTSTRUCT (.dcm) from maps of probabilities on the images of --ct, "
                         "without a registration; name what lacks.")
    if registration is not None and ct is None:
        raise InputError("A registration relates two images; name the one to move to with --ct.")
    if not source.exists():
        raise InputError(f"{source} does not exist; check the path.")
    if target.suffix.lower() not in (".dcm", "") and not raster_ending(target) and not target.is_dir():
        raise InputError(f"{target.name} has no ending that is known; use .dcm, .seg.nrrd, .nrrd, .nii.gz or a folder.")
    if raster_ending(target) or target.suffix.lower() == ".dcm":
        with staged(target.parent) as place:
            return _convert(source, place / target.name, asked)
    with staged(target) as place:
        return _convert(source, place, asked)


def _convert(source: Path, target: Path, asked: _Asked) -> list[str]:
    kind = "probability" if asked.contours == "iso" else _kind(source)
    if kind == "image":
        return _convert_image(source, target, asked)
    if kind == "dose":
        return _convert_dose(source, target, asked)
    structures = annotated(_read(source, kind, asked))
    if not len(structures):
        reasons = "; ".join(f"{n}: {why}" for n, why in list(structures.missing.items())[:5])
        raise InputError(f"{source} holds no structure with voxels{f' ({reasons})' if reasons else ''}; "
                         "nothing was converted.")
    said = [*structures.warnings, *(f"{n} was left out: {why}." for n, why in structures.missing.items())]
    structures, renamed = _named(structures, asked)
    return said + renamed + _write(structures, target, asked)


def _kind(source: Path) -> str:
    """rtstruct, seg, dose, labels, masks or image."""
    if source.is_dir():
        return "masks" if mask_files(source) else _kind_of_folder(source)
    if raster_ending(source):
        return _kind_of_raster(source)
    if not is_dicom(source):
        raise InputError(f"{source} is neither DICOM nor NIfTI nor NRRD; it cannot be converted.")
    modality = modality_of(open_dicom(source, pixels=False))
    if modality in ("RTPLAN", "REG", "SR", "PR", "KO"):
        raise InputError(f"{source} is a DICOM {modality}, which holds no structures, dose or image to convert.")
    return {"RTSTRUCT": "rtstruct", "RTDOSE": "dose", "SEG": "seg"}.get(modality, "image")


def _kind_of_folder(source: Path) -> str:
    """A folder of RTDOSE without images is a dose, any other an image series."""
    found = {modality_of(open_dicom(p, pixels=False)) for p in files_below(source) if is_dicom(p)}
    return "dose" if "RTDOSE" in found and not found - {"RTDOSE", "RTPLAN", "RTSTRUCT"} else "image"


def _kind_of_raster(source: Path) -> str:
    """Label map where all values are whole and few, dose where they are between 0 and 1000, else an image."""
    array, _, header = read_raster(source, oblique="keep")
    if "Segment0_Name" in header:
        return "labels"
    low, high = array.min(initial=0), array.max(initial=0)
    if array.dtype.kind in "iu" or bool(np.array_equal(array, np.rint(array))):
        return "labels" if low >= 0 and len(np.unique(array)) <= MOST_LABELS + 1 else "image"
    return "dose" if low >= -1e-3 and high <= MOST_GY else "image"


def _read(source: Path, kind: str, asked: _Asked) -> StructureSet:
    ct = asked.ct
    if kind == "probability":
        if source.is_file() and not raster_ending(source):
            raise InputError(f"{source} is no NIfTI or NRRD map of probabilities; --contours iso needs one.")
        return read_probabilities(source, ct, holes=asked.writing["holes"])
    if kind == "rtstruct":
        if ct is None:
            raise InputError(f"{source} has contours without a voxel grid; name the images with --ct.")
        if asked.registration is not None:
            what = "the images and the structure set"
            matrix = matrix_between(asked.registration, read_contours(source).source, ct.source, what)
            return structures_by_registration(source, matrix, ct)
        with _offering(source, asked, lambda: read_contours(source).source):
            return read_structures(source, ct, same_patient=asked.same_patient)
    if kind == "seg":
        found = read_seg(source, ct)
        if ct is not None:
            with _offering(source, asked, lambda: found.source):
                said = check_same_patient(ct.source, found.source, "the images and the segmentation",
                                          same_patient=asked.same_patient)
            found = replace(found, warnings=(*found.warnings, *said))
        return found
    structures = read_mask_folder(source) if kind == "masks" else read_labels(source)
    return structures if ct is None or structures.grid.same_as(ct.grid, 0.1) else fitted(structures, ct)


class _offering:
    """Where two frames of reference differ, the refusal names a registration that lies beside the files."""

    def __init__(self, source: Path, asked: _Asked, other) -> None:
        self._source, self._asked, self._other = source, asked, other

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, trace) -> None:
        if not isinstance(error, InputError) or "frames of reference" not in str(error):
            return
        places = [p for p in (self._source, self._asked.ct_path) if p is not None]
        frames = (self._other().frame_uid, self._asked.ct.source.frame_uid)
        found = find_registrations(*places, between=frames)
        if found:
            raise InputError(f"{str(error).split(':')[0]}, and {found[0]} relates them; add --registration "
                             f"{found[0]} to use it.") from error


def _named(structures: StructureSet, asked: _Asked) -> tuple[StructureSet, list[str]]:
    """Names by the mapping, then by the structure table where asked; what neither knew is said."""
    new, said, unknown = [], [], []
    taken = set(structures.names)
    for old in asked.mapping:
        if old not in taken:
            raise InputError(f"There is no structure {old} to rename; there is {', '.join(structures.names[:20])}.")
    for s in structures:
        template = match(s.name)
        wanted = asked.mapping.get(s.name) or (template.name if template and asked.names == "standard" else s.name)
        if template is None and s.name not in asked.mapping and not s.standard_name:
            unknown.append(s.name)
        if wanted != s.name and wanted in taken:
            said.append(f"{s.name} keeps its name: {wanted} is there already.")
            wanted = s.name
        if wanted != s.name:
            said.append(f"{s.name} was renamed to {wanted}.")
            taken = taken - {s.name} | {wanted}
        new.append(replace(s, name=wanted))
    if unknown:
        said.append(f"Names that are not in the structure table stay as they are: {', '.join(unknown)}.")
    return replace(structures, structures=tuple(new)), said


def _write(structures: StructureSet, target: Path, asked: _Asked) -> list[str]:
    ending = raster_ending(target)
    if target.suffix.lower() == ".dcm":
        if asked.ct is None:
            raise InputError("An RTSTRUCT refers to images; name their DICOM folder with --ct.")
        return _write_rtstruct(structures, target, asked.ct, asked)
    if asked.contours or asked.holes:
        raise InputError("--contours and --holes say how an RTSTRUCT is drawn; the output must end in .dcm.")
    if ending in (".seg.nrrd", ".nrrd"):
        write_seg_nrrd(structures, target)
        return []
    if ending:
        return list(write_label_map(structures, target))
    return list(write_mask_folder(structures, target))


def _write_rtstruct(structures: StructureSet, target: Path, ct: Volume, asked: _Asked) -> list[str]:
    """Written, read back, and what its profile's rules say."""
    kept = [s.name for s in structures if s.contours]
    said = list(write_rtstruct(structures, ct, target, label=structures.label, **asked.writing))
    if kept and (asked.contours in ("exact", "smooth") or asked.holes and asked.contours != "iso"):
        said.append(f"Contours that were read go on as they are; only masks are drawn: {', '.join(kept[:5])}.")
    said.append(read_back_sentence(read_back(target, structures, ct)))
    profile = load_profile(asked.profile)
    return said + [f"{profile.title}: {f}." for f in check_rtstruct(target, ct, profile) if f.severity != "note"]


def _convert_dose(source: Path, target: Path, asked: _Asked) -> list[str]:
    dose, ct = read_dose(source), asked.ct
    said = list(dose.volume.source.warnings)
    if ct is not None and asked.registration is not None:
        matrix = matrix_between(asked.registration, dose.volume.source, ct.source, "the images and the dose")
        dose = replace(dose, volume=move_volume(dose.volume, matrix, ct))
        said = list(dose.volume.source.warnings)
    elif ct is not None:
        with _offering(source, asked, lambda: dose.volume.source):
            said += check_same_patient(ct.source, dose.volume.source, "the images and the dose",
                                       same_patient=asked.same_patient)
    if raster_ending(target):
        write_image(dose.volume, target)
        return said
    if target.suffix.lower() != ".dcm":
        raise InputError("A dose can be written as .nrrd, .nii.gz or .dcm only.")
    if ct is None:
        raise InputError("An RTDOSE refers to a patient and a frame of reference; name the DICOM folder with --ct.")
    plan_file = target.with_name(f"{target.stem}_plan.dcm")
    plan = write_rtplan(Prescription({}), ct.source, plan_file, title=CONVERTED)
    write_rtdose(Dose(dose.volume, dose.kind, comment=CONVERTED), target, plan=plan, image=ct.source)
    return [*said, f"The plan that an RTDOSE must name was written as {plan_file.name}; it has no beams."]


def _convert_image(source: Path, target: Path, asked: _Asked) -> list[str]:
    if not raster_ending(target):
        raise InputError("Images can be written as .nrrd or .nii.gz only.")
    volume, ct = read_image(source, series=asked.series, gaps=asked.gaps), asked.ct
    outside = _AIR_HU if volume.modality == "CT" else 0.0
    if ct is not None and asked.registration is not None:
        matrix = matrix_between(asked.registration, volume.source, ct.source, "the two images")
        volume = move_volume(volume, matrix, ct, outside)
    elif ct is not None:
        with _offering(source, asked, lambda: volume.source):
            said = check_same_patient(ct.source, volume.source, "the two images", same_patient=asked.same_patient)
        if not volume.grid.same_as(ct.grid):
            volume = move_volume(volume, np.eye(4), ct, outside)
            said = (*said, "It was interpolated onto the grid of the other image.")
            volume = replace(volume, source=Source(warnings=said))
    write_image(volume, target)
    return list(volume.source.warnings)
