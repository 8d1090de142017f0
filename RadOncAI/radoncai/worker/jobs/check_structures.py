"""`check_structures`: what would trouble a planning system in a set that is about to be written; no file is made."""

from __future__ import annotations

from typing import Any

from radoncai.dicom.check.judge import check_drawn
from radoncai.dicom.check.profiles import load_profile, profile_names
from radoncai.dicom.rtstruct.approval import Approval, is_approved
from radoncai.dicom.rtstruct.drawing import DrawnSet, draw_set
from radoncai.dicom.rtstruct.extend import extension
from radoncai.worker.jobs.write_structures import leaving
from radoncai.worker.work import Work


def run(work: Work) -> dict[str, Any]:
    """Fields as of `write_structures` (output is not used).

    Answers findings by the profile's rules, what is not in the file and why, how contours and holes would be drawn, the
    status that the file would have, and the profiles there are.
    """
    out = leaving(work)
    said, kept, new, label = (), (), out.structures, out.structures.label
    work.progress.step("drawing the contours", 0.4)
    if out.add_to:
        more = extension(out.add_to, new, out.volume, same_patient=out.same_patient)
        said, kept, new = more.said, more.kept, more.added
    drawn = draw_set(new, out.volume, kept=kept, **out.writing)
    work.progress.step("checking", 0.7)
    found = check_drawn(drawn, out.volume, label, out.profile, out.add_to)
    return {"profile": out.profile.name, "title": out.profile.title, "contours": out.writing["contours"],
            "holes": out.writing["holes"], "status": drawn.approval.status, "status_line": status_line(drawn),
            "findings": [{"severity": f.severity, "check": f.check, "structure": f.structure, "text": f.text,
                          "source": f.source} for f in found],
            "structures": [s.name for s in drawn.structures],
            "left_out": [{"name": name, "reason": why} for name, why in drawn.missing.items()], "warnings": list(said),
            "profiles": [_in_short(name) for name in profile_names()]}


def status_line(drawn: DrawnSet) -> str:
    """The status that the file would have and who looked at it, in one sentence."""
    approval: Approval = drawn.approval
    if approval.status == "APPROVED":
        return f"Leaves as APPROVED by {approval.by}."
    structures = drawn.structures
    count = sum(is_approved(s.review) for s in structures)
    people = sorted({s.review.by.strip() for s in structures if is_approved(s.review)})
    by = f" by {', '.join(people)}" if people else ""
    return f"Leaves as UNAPPROVED: {count} of {len(structures)} structures were approved{by}."


def _in_short(name: str) -> dict[str, str]:
    profile = load_profile(name)
    return {"name": profile.name, "title": profile.title, "contours": profile.contours, "holes": profile.holes}
