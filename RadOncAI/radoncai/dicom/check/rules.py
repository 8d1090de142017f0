"""Checks of names, numbers, types and references; the table of all checks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from radoncai.core.volume import Volume
from radoncai.dicom.check import geometry
from radoncai.dicom.check.facts import SetFacts
from radoncai.dicom.check.profiles import Rule

Said = Iterator[tuple[str, str]]
TYPES = frozenset(
    "EXTERNAL PTV CTV GTV TREATED_VOLUME IRRAD_VOLUME OAR BOLUS AVOIDANCE ORGAN MARKER REGISTRATION ISOCENTER "
    "CONTRAST_AGENT CAVITY BRACHY_CHANNEL BRACHY_ACCESSORY BRACHY_SRC_APP BRACHY_CHNL_SHLD SUPPORT FIXATION "
    "DOSE_REGION CONTROL DOSE_MEASUREMENT DEVICE".split())


def references_exist(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    listed = facts.images
    if volume is not None:
        _, places = geometry.image_planes(volume)
        if not places:
            return
        if listed and not listed & set(places):
            yield "", "none of the images that the set lists is in the series"
        elif listed - set(places):
            yield "", f"{len(listed - set(places))} of the images that the set lists are not in the series"
        listed = frozenset(places)
    for roi in facts.rois:
        strange = sum(c.image_uid not in listed for c in roi.contours if c.image_uid)
        if strange and listed:
            yield roi.name, f"{strange} contours name an image that is not {'there' if volume else 'listed'}"


def frame_of_reference(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if not facts.frames and not facts.frame_uid:
        yield "", "no frame of reference is stated"
    elif volume is not None and volume.source.frame_uid not in {"", facts.frame_uid, *facts.frames}:
        yield "", "the frame of reference is not that of the images"


def same_patient(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if volume is not None and volume.source.patient_id and facts.patient_id:
        if volume.source.patient_id.strip() != facts.patient_id.strip():
            yield "", "the patient ID is not that of the images"


def same_study(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if volume is not None and volume.source.study_uid not in ("", facts.study_uid):
        yield "", "the study is not that of the images"
    if volume is not None and facts.series and volume.source.series_uid not in ("", *facts.series):
        yield "", "the file refers to another series than these images"


def number_length(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        n = sum(c.longest > rule.limit for c in roi.contours)
        if n:
            yield roi.name, f"{n} contours with numbers longer than {rule.limit:.0f} characters"


def contour_bytes(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        n = sum(c.data_bytes > rule.limit for c in roi.contours)
        if n and facts.explicit:
            yield roi.name, f"{n} contours longer than explicit VR can state ({rule.limit:.0f} bytes)"


def contour_points(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        most = max((len(c.points) for c in roi.closed), default=0)
        if most > rule.limit:
            yield roi.name, f"a contour of {most} points; the limit is {rule.limit:.0f}"


def roi_numbers(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    twice = [n for n, count in Counter(roi.number for roi in facts.rois).items() if count > 1 or n < 0]
    if twice:
        yield "", f"ROI numbers that are missing or used twice: {', '.join(map(str, twice[:5]))}"
    if facts.stray:
        yield "", f"contours of ROI numbers that do not exist: {', '.join(map(str, facts.stray[:5]))}"


def name_empty(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    n = sum(not roi.name for roi in facts.rois)
    if n:
        yield "", f"{n} ROIs without a name"


def name_length(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        if len(roi.name) > rule.limit:
            yield roi.name, f"a name of {len(roi.name)} characters; {rule.limit:.0f} are taken"


def name_unique(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    first = {roi.name.casefold(): roi.name for roi in reversed(facts.rois)}
    for name, n in Counter(roi.name.casefold() for roi in facts.rois if roi.name).items():
        if n > 1:
            yield first[name], f"{n} ROIs of this name (capitals aside)"


def name_characters(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        if roi.name and not re.fullmatch(rule.pattern, roi.name):
            odd = sorted({c for c in roi.name if not re.fullmatch(rule.pattern, c)})
            shown = " ".join("blank" if c == " " else c for c in odd)
            yield roi.name, f"characters that not every system takes: {shown}"


def label_length(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if not facts.label or len(facts.label) > rule.limit:
        yield "", f"a label of {len(facts.label)} characters; 1 to {rule.limit:.0f} are allowed"


def empty_roi(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        if not roi.contours:
            yield roi.name, "no contour"


def one_external(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    outer = [roi.name for roi in facts.rois if roi.type == "EXTERNAL"]
    if len(outer) > rule.limit:
        yield "", f"{len(outer)} ROIs of the type EXTERNAL: {', '.join(outer)}"


def known_type(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        if roi.type and roi.type not in TYPES:
            yield roi.name, f"the type {roi.type} is not one of DICOM's"


def xor_contours(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        if any("XOR" in c.kind for c in roi.contours):
            yield roi.name, "contours of the type CLOSEDPLANAR_XOR, which some systems drop"


def not_closed(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    for roi in facts.rois:
        kinds = sorted({c.kind for c in roi.contours if not c.kind.startswith("CLOSED")})
        if kinds:
            yield roi.name, f"contours of the type {', '.join(kinds)}"


def approval(facts: SetFacts, rule: Rule, volume: Volume | None) -> Said:
    if facts.status == "APPROVED" and not (facts.reviewer and " " in facts.reviewed):
        yield "", "the file is APPROVED without a reviewer, date and time"


def type_differs(facts: SetFacts, existing: Mapping[str, str]) -> Said:
    """Beside a set that the planning system has already: name to its type there."""
    there = {name.casefold(): kind for name, kind in existing.items()}
    for roi in facts.rois:
        old = there.get(roi.name.casefold())
        if old and roi.type and old != roi.type:
            yield roi.name, f"the type is {roi.type}; the existing ROI of that name has {old}"


CHECKS: dict[str, Callable[[SetFacts, Rule, Volume | None], Said]] = {
    f.__name__: f for f in (
        geometry.readable_points, geometry.three_points, geometry.point_count, geometry.planar, geometry.repeated_end,
        geometry.self_crossing, geometry.on_slice, geometry.inside_image, geometry.reference_position,
        geometry.nested_holes, references_exist, frame_of_reference, same_patient, same_study, number_length,
        contour_bytes, contour_points, roi_numbers, name_empty, name_length, name_unique, name_characters,
        label_length, empty_roi, one_external, known_type, xor_contours, not_closed, approval)}
