"""Who approved what: nothing leaves as approved that no named person approved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from radoncai.core.errors import InputError
from radoncai.core.structures import Review, Structure

REJECTED = ("leave_out", "stop")


@dataclass(frozen=True)
class Approval:
    """ApprovalStatus of a file; who, and DICOM date and time, where it is APPROVED. `said` says why it is not."""

    status: str = "UNAPPROVED"
    by: str = ""
    date: str = ""
    time: str = ""
    said: tuple[str, ...] = ()


def approval_of(structures: Sequence[Structure], approve: bool) -> Approval:
    """APPROVED only where `approve` is asked for and every structure was approved by a person with name, date and time.

    The reviewer of the file is whoever approved last; several names are joined by commas.
    """
    if not approve:
        return Approval()
    lacking = [s.name for s in structures if not is_approved(s.review)]
    if lacking or not structures:
        names = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        return Approval(said=(f"The file stays UNAPPROVED: no named person approved {names or 'anything'} with date "
                              "and time.",))
    date, time = max(date_and_time_of(s.review.at) for s in structures)
    people = list(dict.fromkeys(s.review.by.strip() for s in structures))
    return Approval("APPROVED", people[0] if len(people) == 1 else ", ".join(people)[:64], date, time)


def is_approved(review: Review) -> bool:
    """Approved by somebody with a name, on a date, at a time."""
    return review.status == "approved" and bool(review.by.strip()) and date_and_time_of(review.at) is not None


def date_and_time_of(text: str) -> tuple[str, str] | None:
    """DICOM DA and TM of a moment as people and programs write it: 2026-01-31 14:05, 20260131140500, ISO 8601."""
    found = re.match(r"\s*(\d{4})-?(\d\d)-?(\d\d)[T\s]*(\d\d):?(\d\d)(?::?(\d\d))?", text)
    if not found or not (1 <= int(found[2]) <= 12 and 1 <= int(found[3]) <= 31 and int(found[4]) < 24):
        return None
    return "".join(found.group(1, 2, 3)), "".join(found.group(4, 5)) + (found[6] or "00")


def without_rejected(structures: Sequence[Structure], rejected: str) -> tuple[list[Structure], dict[str, str]]:
    """The structures to write, and those that a person rejected with the reason; `rejected` "stop" refuses instead."""
    if rejected not in REJECTED:
        raise InputError(f"What to do with rejected structures is {' or '.join(REJECTED)}, not {rejected}.")
    out = {s.name: "rejected by the reviewer" for s in structures if s.review.status == "rejected"}
    if out and rejected == "stop":
        raise InputError(f"{', '.join(out)} was rejected by the reviewer; leave it out or mend it before writing.")
    return [s for s in structures if s.name not in out], out
