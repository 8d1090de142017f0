"""The items of one ROI in an RTSTRUCT: name and origin, type and codes."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from radoncai.core.structures import Structure
from radoncai.core.templates import match
from radoncai.dicom.common import decimal
from radoncai.dicom.rtstruct.approval import is_approved
from radoncai.dicom.values import one_line

_AI = ("123110", "DCM", "Artificial Intelligence")
INTERPRETED = {"external": "EXTERNAL", "gtv": "GTV", "ctv": "CTV", "ptv": "PTV", "oar": "ORGAN", "support": "SUPPORT",
               "derived": "CONTROL"}
ROLES = {"EXTERNAL": "external", "GTV": "gtv", "CTV": "ctv", "PTV": "ptv", "TREATED_VOLUME": "derived",
         "IRRAD_VOLUME": "derived", "BOLUS": "support", "SUPPORT": "support", "FIXATION": "support",
         "CONTROL": "derived", "DOSE_REGION": "derived"}


def interpreted_type(structure: Structure) -> str:
    """RTROIInterpretedType; ORGAN for organs at risk since older systems do not know OAR, AVOIDANCE for a PRV."""
    if structure.role == "derived" and "PRV" in structure.name.upper():
        return "AVOIDANCE"
    return INTERPRETED.get(structure.role, "ORGAN")


def roi_item(number: int, structure: Structure, frame_uid: str, volume_cc: float) -> Dataset:
    """Item of StructureSetROISequence."""
    item = Dataset()
    item.ROINumber = number
    item.ReferencedFrameOfReferenceUID = frame_uid
    item.ROIName = one_line(structure.name, 64)
    item.ROIDescription = _description(structure)
    item.ROIVolume = decimal(volume_cc, 8)
    item.ROIGenerationAlgorithm = structure.origin
    algorithm = structure.algorithm
    if algorithm.name:
        item.ROIGenerationDescription = one_line(f"{algorithm.name} {algorithm.version}", 64)
        if structure.origin != "MANUAL":
            item.ROIDerivationAlgorithmIdentificationSequence = Sequence([_algorithm_item(structure)])
    return item


def observation_item(number: int, structure: Structure, observation: int | None = None) -> Dataset:
    """Item of RTROIObservationsSequence; `observation` is its own number, where not that of the ROI."""
    item = Dataset()
    item.ObservationNumber = observation or number
    item.ReferencedROINumber = number
    item.ROIObservationLabel = one_line(structure.name, 16)
    if structure.review.status != "unreviewed":
        item.ROIObservationDescription = one_line(f"{structure.review.status} {structure.review.at}", 1024)
    code = _identification(structure)
    if code is not None:
        item.RTROIIdentificationCodeSequence = Sequence([code])
    item.RTROIInterpretedType = interpreted_type(structure)
    item.ROIInterpreter = one_line(structure.review.by, 64)
    return item


def _description(structure: Structure) -> str:
    """Whether a model drew it, the full name where it was shortened, and the reviewer's words."""
    review = structure.review
    approved = "" if is_approved(review) else ", not approved"
    parts = [structure.name] if one_line(structure.name, 64) != structure.name else []
    if structure.origin == "AUTOMATIC":
        parts.append(f"AI contour{approved}")
    elif structure.origin == "SEMIAUTOMATIC":
        parts.append(f"AI contour, edited{approved}")
    if review.status != "unreviewed":
        parts.append(" ".join(p for p in (review.status.replace("_", " "), review.by, review.at, review.comment) if p))
    return one_line("; ".join(parts), 1024)


def _algorithm_item(structure: Structure) -> Dataset:
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = Sequence([_code(*_AI)])
    item.AlgorithmName = one_line(structure.algorithm.name, 64)
    item.AlgorithmVersion = one_line(structure.algorithm.version, 64) or "unknown"
    item.AlgorithmSource = "RadOncAI"
    if structure.algorithm.weights:
        item.AlgorithmParameters = f"weights sha256 {structure.algorithm.weights}"
    return item


def _identification(structure: Structure) -> Dataset | None:
    """SNOMED code with its laterality; the TG-263 name is its equivalent code, or the code where there is no other."""
    template = match(structure.standard_name) if structure.standard_name else None
    named = _code(structure.standard_name, "99TG263", structure.standard_name) \
        if re.fullmatch(r"[\x21-\x7e]{1,16}", structure.standard_name) else None
    code = structure.code or (template.code if template else None)
    if not code:
        return named
    scheme, value, meaning = code
    item = _code(value, scheme, meaning)
    if named is not None:
        item.EquivalentCodeSequence = Sequence([named])
    if template and template.modifier and template.code == code:
        scheme, value, meaning = template.modifier
        item.SegmentedPropertyTypeModifierCodeSequence = Sequence([_code(value, scheme, meaning)])
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value[:16], scheme[:16], meaning[:64]
    return item
