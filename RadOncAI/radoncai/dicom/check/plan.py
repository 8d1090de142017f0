"""Checks of an RTPLAN: required parts, references, beams, prescriptions, status (PS3.3 A.20, C.8.8.9 to C.8.8.14)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radoncai.core.errors import InputError
from radoncai.core.volume import Volume
from radoncai.dicom.check import rules as check_rules
from radoncai.dicom.check.geometry import image_planes
from radoncai.dicom.check.profiles import Rule
from radoncai.dicom.files import open_dicom
from radoncai.dicom.values import items, modality_of, number, numbers, text

Said = Iterator[tuple[str, str]]
INTENTS = frozenset("CURATIVE PALLIATIVE PROPHYLACTIC VERIFICATION MACHINE_QA RESEARCH SERVICE".split())
_BEAMS = (("BeamSequence", "ControlPointSequence"), ("IonBeamSequence", "IonControlPointSequence"))


@dataclass(frozen=True)
class BeamFacts:
    """One beam: control points as stated and as there, their cumulative weights, isocentres (n, 3) LPS mm."""

    number: int
    name: str
    stated: int
    weights: tuple[float | None, ...]
    final: float | None
    isocentres: np.ndarray


@dataclass(frozen=True)
class PlanFacts:
    """What stands in a plan; the attributes that a structure set has too are named as in `SetFacts`.

    `groups`: planned fractions, stated beams and numbers of the beams that it names; `sets`: SOP UIDs of structure
    sets; `doses`: the items of its dose references; `known_sets`: ROI numbers of the structure sets at hand.
    """

    label: str
    study_uid: str
    frame_uid: str
    status: str
    reviewer: str
    reviewed: str
    patient_id: str
    intent: str
    geometry: str
    sets: tuple[str, ...]
    beams: tuple[BeamFacts, ...]
    sources: int
    groups: tuple[tuple[float | None, int, tuple[int, ...]], ...]
    doses: tuple[Dataset, ...]
    known_sets: Mapping[str, frozenset[int]]
    frames: frozenset[str] = frozenset()
    series: tuple[str, ...] = ()


def read_plan_facts(path: Path, known_sets: Mapping[str, frozenset[int]] | None = None) -> PlanFacts:
    """InputError where the file is no RTPLAN or cannot be read."""
    data = open_dicom(path)
    if modality_of(data) != "RTPLAN":
        raise InputError(f"{path} is no RTPLAN but {modality_of(data) or 'an object without a modality'}; "
                         "name the plan file.")
    groups = tuple((number(g, "NumberOfFractionsPlanned"), _whole(g, "NumberOfBeams"),
                    tuple(_whole(b, "ReferencedBeamNumber") for b in items(g, "ReferencedBeamSequence")))
                   for g in items(data, "FractionGroupSequence"))
    return PlanFacts(
        text(data, "RTPlanLabel"), text(data, "StudyInstanceUID"), text(data, "FrameOfReferenceUID"),
        text(data, "ApprovalStatus"), text(data, "ReviewerName"),
        f"{text(data, 'ReviewDate')} {text(data, 'ReviewTime')}".strip(), text(data, "PatientID"),
        text(data, "PlanIntent"), text(data, "RTPlanGeometry"),
        tuple(text(s, "ReferencedSOPInstanceUID") for s in items(data, "ReferencedStructureSetSequence")),
        tuple(_beam(b, points) for name, points in _BEAMS for b in items(data, name)),
        len(items(data, "ApplicationSetupSequence")), groups, tuple(items(data, "DoseReferenceSequence")),
        known_sets or {})


def sets_among(paths: Iterable[Path]) -> dict[str, frozenset[int]]:
    """SOP instance UID of each structure set among some files, with its ROI numbers."""
    found = {}
    for path in paths:
        data = open_dicom(path, pixels=False)
        if modality_of(data) == "RTSTRUCT":
            rois = items(data, "StructureSetROISequence")
            found[text(data, "SOPInstanceUID")] = frozenset(_whole(r, "ROINumber") for r in rois)
    return found


def plan_geometry(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    if facts.geometry not in ("PATIENT", "TREATMENT_DEVICE"):
        yield "", f"the plan geometry is {facts.geometry or 'missing'}; it is PATIENT or TREATMENT_DEVICE"
    elif facts.geometry == "PATIENT" and not any(facts.sets):
        yield "", "the plan geometry is PATIENT, but no structure set is named"


def plan_structure_set(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    if facts.known_sets and any(facts.sets) and not set(facts.sets) & set(facts.known_sets):
        yield "", "the structure set that the plan names is not among these files"


def plan_intent(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    if facts.intent and facts.intent not in INTENTS:
        yield "", f"the plan intent {facts.intent} is not one of DICOM's"


def plan_without_beams(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    if not facts.beams and not facts.sources and (facts.status != "UNAPPROVED" or facts.intent != "RESEARCH"):
        yield "", (f"a plan without beams that is {facts.status or 'without a status'} and of intent "
                   f"{facts.intent or 'unknown'}; it must be UNAPPROVED and RESEARCH")


def plan_status(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    if facts.status not in ("APPROVED", "UNAPPROVED", "REJECTED"):
        yield "", f"the approval status is {facts.status or 'missing'}"


def plan_fractions(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    if not facts.groups:
        yield "", "no fraction group"
    there = {b.number for b in facts.beams}
    for n, (planned, stated, named) in enumerate(facts.groups, 1):
        if planned is not None and planned < 1:
            yield "", f"fraction group {n} plans {planned:.0f} fractions"
        if stated != len(named):
            yield "", f"fraction group {n} states {max(stated, 0)} beams and names {len(named)}"
        if set(named) - there:
            yield "", f"fraction group {n} names beams that do not exist: {', '.join(map(str, set(named) - there))}"


def plan_beams(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    twice = [n for n, count in Counter(b.number for b in facts.beams).items() if count > 1 or n < 0]
    if twice:
        yield "", f"beam numbers that are missing or used twice: {', '.join(map(str, twice))}"
    for b in facts.beams:
        if len(b.weights) < 2 or b.stated != len(b.weights):
            yield b.name, f"a beam of {len(b.weights)} control points that states {max(b.stated, 0)}; two are needed"
        known = [w for w in b.weights if w is not None]
        if known and (known[0] != 0 or (np.diff(known) < 0).any() or b.final is not None
                      and abs(known[-1] - b.final) > rule.limit):
            yield b.name, "control points whose weights do not rise from 0 to the final weight"


def plan_isocentre(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    for b in facts.beams:
        if not len(b.isocentres):
            yield b.name, "a beam without an isocentre"
        elif volume is not None:
            grid, _ = image_planes(volume)
            index, upper = grid.to_index(b.isocentres), np.array(grid.shape[::-1]) - 0.5
            if (index < -0.5).any() or (index > upper).any():
                yield b.name, "an isocentre beyond the images"


def plan_prescription(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    twice = [n for n, count in Counter(_whole(d, "DoseReferenceNumber") for d in facts.doses).items() if count > 1]
    if twice:
        yield "", f"dose references of one number: {', '.join(map(str, twice))}"
    rois = frozenset().union(*(facts.known_sets.get(uid, frozenset()) for uid in facts.sets))
    for d in facts.doses:
        name = text(d, "DoseReferenceDescription") or f"dose reference {_whole(d, 'DoseReferenceNumber')}"
        gy = number(d, "TargetPrescriptionDose")
        if text(d, "DoseReferenceType") == "TARGET" and gy is not None and not 0 < gy < rule.limit:
            yield name, f"a prescription of {gy:g} Gy"
        if text(d, "DoseReferenceStructureType") == "VOLUME" and rois and _whole(d, "ReferencedROINumber") not in rois:
            yield name, "a dose reference to an ROI that the structure set has not"


def frame_of_reference(facts: PlanFacts, rule: Rule, volume: Volume | None) -> Said:
    """As of a structure set; a plan may state none."""
    return check_rules.frame_of_reference(facts, rule, volume) if facts.frame_uid else iter(())


PLAN_CHECKS: dict[str, Callable[[PlanFacts, Rule, Volume | None], Said]] = {
    f.__name__: f for f in (
        plan_geometry, plan_structure_set, plan_intent, plan_without_beams, plan_status, plan_fractions, plan_beams,
        plan_isocentre, plan_prescription, check_rules.label_length, frame_of_reference,
        check_rules.same_patient, check_rules.same_study, check_rules.approval)}


def _beam(item: Dataset, keyword: str) -> BeamFacts:
    points = items(item, keyword)
    isocentres = [p for c in points if (p := numbers(c, "IsocenterPosition")) is not None and len(p) == 3]
    return BeamFacts(_whole(item, "BeamNumber"), text(item, "BeamName") or f"beam {_whole(item, 'BeamNumber')}",
                     _whole(item, "NumberOfControlPoints"),
                     tuple(number(c, "CumulativeMetersetWeight") for c in points),
                     number(item, "FinalCumulativeMetersetWeight"), np.array(isocentres).reshape(-1, 3))


def _whole(item: Dataset, keyword: str) -> int:
    value = number(item, keyword)
    return -1 if value is None else int(value)
