"""Refusing what belongs to different patients or frames of reference."""

from __future__ import annotations

from radoncai.core.errors import InputError
from radoncai.core.volume import Source


def check_same_patient(a: Source, b: Source, what: str, *, same_patient: bool = False) -> tuple[str, ...]:
    """Compare PatientID and frame of reference of two objects; `what` names them ("the images and the dose").

    What either does not state is not compared. Raises InputError on a difference, unless `same_patient`: then the
    sentences are returned as warnings. Neither holds an identity.
    """
    said = []
    if a.patient_id and b.patient_id and a.patient_id.strip() != b.patient_id.strip():
        said.append(f"The patient IDs of {what} differ")
    if a.frame_uid and b.frame_uid and a.frame_uid != b.frame_uid:
        said.append(f"The frames of reference of {what} differ")
    if said and not same_patient:
        raise InputError(f"{'; '.join(said)}: they do not belong together; check the files, or add --same-patient "
                         "if you are sure.")
    return tuple(f"{s}; used together as asked (--same-patient)." for s in said)
