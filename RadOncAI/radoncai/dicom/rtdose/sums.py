"""Several RTDOSE files of one plan as one dose: a file a beam, or a file a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.dose import Dose
from radoncai.core.errors import InputError
from radoncai.core.resample import resample_array
from radoncai.core.volume import Volume
from radoncai.dicom.files import files_below, is_dicom, open_dicom
from radoncai.dicom.rtdose.reader import PARTS, read_plane_files, read_rtdose
from radoncai.dicom.values import items, modality_of, number, text

_ADDED = {"BEAM", "FRACTION", "BRACHY"}


def read_rtdose_folder(folder: Path) -> Dose:
    """The dose of the plan in a folder: its one RTDOSE, one in a file a plane, or the sum of the doses of all beams.

    Doses of parts are added where they are of one kind, patient, frame of reference and plan and no beam comes twice;
    where the folder holds the plan, every beam of it must be there. What was done is in `volume.source.warnings`.
    InputError for anything else, which it lists.
    """
    files = [p for p in files_below(Path(folder)) if is_dicom(p)]
    headers = {p: open_dicom(p, pixels=False) for p in files}
    doses = _once({p: h for p, h in headers.items() if modality_of(h) == "RTDOSE"})
    if not doses:
        raise InputError(f"{folder} holds no RTDOSE; name the dose file.")
    whole = [p for p, h in doses.items() if _summation(h) not in PARTS]
    if len(whole) > 1 and _single_planes([doses[p] for p in whole]):
        return _saying(read_plane_files(whole), f"The dose was put together of {len(whole)} files of one plane.")
    if len(whole) > 1:
        raise InputError(f"{folder} holds {len(whole)} doses of whole plans ({', '.join(p.name for p in whole[:6])}); "
                         "name one file.")
    if len(doses) == 1 or whole:
        dose = read_rtdose(whole[0] if whole else next(iter(doses)))
        left = len(doses) - 1
        return _saying(dose, f"{left} doses of parts of the plan were left out.") if left else dose
    plans = {text(h, "SOPInstanceUID"): h for h in headers.values() if modality_of(h) == "RTPLAN"}
    return sum_of_parts(doses, plans)


def sum_of_parts(doses: dict[Path, Dataset], plans: dict[str, Dataset] | None = None) -> Dose:
    """The sum of doses of beams (fraction groups, brachytherapy setups); see `read_rtdose_folder`.

    `doses`: path to header; `plans`: SOP Instance UID to the plan. On the grid of the first; others are interpolated.
    """
    kinds = {_summation(h) for h in doses.values()}
    if len(kinds) > 1 or not kinds <= _ADDED:
        raise InputError(f"The doses are of {' and '.join(sorted(kinds))}; only those of one kind can be added.")
    for what, values in (("patients", {text(h, "PatientID") for h in doses.values()}),
                         ("frames of reference", {text(h, "FrameOfReferenceUID") for h in doses.values()}),
                         ("plans", {_plan(h) for h in doses.values()})):
        if len(values) > 1:
            raise InputError(f"The doses are of {len(values)} {what}; they cannot be added.")
    said = _complete(doses, plans or {}, next(iter(kinds)))
    read = [read_rtdose(p, parts=True) for p in doses]
    return _saying(_added(read), *said)


def _added(doses: Sequence[Dose]) -> Dose:
    first = doses[0].volume
    total = first.array.astype(np.float64)
    moved = 0
    for dose in doses[1:]:
        array = dose.volume.array
        if not dose.volume.grid.same_as(first.grid):
            array = resample_array(array, dose.volume.grid, first.grid, outside=0.0)
            moved += 1
        total += array
    source = first.source
    notes = list(dict.fromkeys(w for d in doses for w in d.volume.source.warnings))
    if moved:
        notes.append(f"{moved} of the doses lie on other grids and were interpolated onto the first.")
    volume = Volume(total.astype(np.float32), first.grid, "RTDOSE", "Gy", replace(source, warnings=tuple(notes)))
    return replace(doses[0], volume=volume)


def _complete(doses: dict[Path, Dataset], plans: dict[str, Dataset], kind: str) -> list[str]:
    """Refuse a beam that comes twice or lacks; what could not be checked is said."""
    numbers = [tuple(sorted(_part_numbers(h))) for h in doses.values()]
    flat = [n for part in numbers for n in part]
    if len(flat) != len(set(flat)):
        raise InputError(f"A part of the plan comes twice among the doses ({kind} {max(flat, key=flat.count)[1]}); "
                         "remove one of the files.")
    said = [f"The doses of {len(doses)} parts of the plan ({kind}) were added."]
    plan = plans.get(_plan(next(iter(doses.values()))))
    wanted = {n for n in _planned(plan, kind)} if plan is not None else set()
    if wanted and flat:
        lacking = sorted(wanted - set(flat))
        if lacking:
            raise InputError(f"The plan has parts whose doses are missing ({kind} "
                             f"{', '.join(str(n[1]) for n in lacking[:8])}); export all of them, or the plan's dose.")
    else:
        said.append("Whether these are all parts of the plan could not be checked: its RTPLAN is not there.")
    return said


def _part_numbers(header: Dataset) -> list[tuple[int, int]]:
    """(fraction group, beam) pairs that a dose says it is of; the beam is the group itself for FRACTION."""
    found = []
    for plan in items(header, "ReferencedRTPlanSequence"):
        for group in items(plan, "ReferencedFractionGroupSequence"):
            own = int(number(group, "ReferencedFractionGroupNumber", 0))
            beams = [*items(group, "ReferencedBeamSequence"), *items(group, "ReferencedBrachyApplicationSetupSequence")]
            numbers = [number(b, "ReferencedBeamNumber", number(b, "ReferencedBrachyApplicationSetupNumber", 0))
                       for b in beams] or [own]
            found += [(own, int(n)) for n in numbers]
    return found


def _planned(plan: Dataset, kind: str) -> list[tuple[int, int]]:
    """What `_part_numbers` of all parts of a plan would give; setup beams carry no dose."""
    treating = {int(number(b, "BeamNumber", 0)) for b in items(plan, "BeamSequence")
                if text(b, "TreatmentDeliveryType") not in ("SETUP", "OPEN_PORTFILM", "TRMT_PORTFILM")}
    found = []
    for group in items(plan, "FractionGroupSequence"):
        own = int(number(group, "FractionGroupNumber", 0))
        beams = [int(number(b, "ReferencedBeamNumber", 0)) for b in items(group, "ReferencedBeamSequence")]
        found += [(own, own)] if kind == "FRACTION" else [(own, n) for n in beams if n in treating or not treating]
    return found


def _single_planes(headers: list[Dataset]) -> bool:
    """Whether these are planes of one dose: one frame each, of one series and plan, each at a place of its own."""
    places = {text(h, "ImagePositionPatient") for h in headers}
    shared = all(len({value(h) for h in headers}) == 1 for value in (_plan, _series, _frame))
    return shared and len(places) == len(headers) and all((number(h, "NumberOfFrames", 1) or 1) == 1 for h in headers)


def _series(header: Dataset) -> str:
    return text(header, "SeriesInstanceUID")


def _frame(header: Dataset) -> str:
    return text(header, "FrameOfReferenceUID")


def _once(doses: dict[Path, Dataset]) -> dict[Path, Dataset]:
    """Without copies of a file."""
    seen: dict[str, Path] = {}
    for path, header in doses.items():
        seen.setdefault(text(header, "SOPInstanceUID") or str(path), path)
    return {p: h for p, h in doses.items() if p in seen.values()}


def _summation(header: Dataset) -> str:
    return text(header, "DoseSummationType").upper()


def _plan(header: Dataset) -> str:
    plans = items(header, "ReferencedRTPlanSequence")
    return text(plans[0], "ReferencedSOPInstanceUID") if plans else ""


def _saying(dose: Dose, *sentences: str) -> Dose:
    source = dose.volume.source
    return replace(dose, volume=replace(dose.volume, source=replace(source, warnings=(*source.warnings, *sentences))))
