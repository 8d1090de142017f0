"""Further images beside the planning image: where they lie, and which image of a model each of them is."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from radoncai.contour.images.registered import doubts_of_file, matrix_of_file
from radoncai.core.errors import InputError
from radoncai.core.grid import Grid
from radoncai.core.provenance import describe, file_hash, run_stamp
from radoncai.core.rigid import motion
from radoncai.core.volume import Volume
from radoncai.dicom.registration import find_registrations
from radoncai.dicom.same_patient import check_same_patient
from radoncai.models.spec import ImageSpec, ModelSpec

PLANNING = "planning image"
STATED = (("patient_id", "Whether both images are of one patient", "patient ID"),
          ("frame_uid", "Whether both images have one frame of reference", "frame of reference"))
NEEDLESS = "Both images have one frame of reference: contours need no registration between them."
FAR_MM, FAR_DEGREES = 10.0, 3.0  # more than a patient moves between images of one frame of reference


@dataclass(frozen=True, eq=False)
class Placed:
    """An image in its own patient space and the 4x4 that takes its LPS mm to those of the planning image.

    `record` says for provenance how the two were brought together, `said` what a person should know about it.
    """

    name: str
    volume: Volume
    to_planning: np.ndarray = field(default_factory=lambda: np.eye(4))
    record: dict[str, object] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    def seen_from(self, base: Placed) -> Volume:
        """The volume in the patient space of another image: the voxels as they are, on a moved grid."""
        if self is base:
            return self.volume
        matrix = np.linalg.inv(base.to_planning) @ self.to_planning
        if np.allclose(matrix, np.eye(4), atol=1e-9):
            return self.volume
        return self.volume.with_array(self.volume.array, Grid(self.volume.grid.shape,
                                                              matrix @ self.volume.grid.index_to_lps))

    @property
    def inputs(self) -> dict[str, object]:
        """How provenance names the image."""
        return {**describe(self.volume.source), **({"registration": self.record} if self.record else {})}


def relation(planning: Volume, other: Volume) -> str:
    """same_frame, other_frame, or where they do not state it same_grid or unknown."""
    frames = planning.source.frame_uid, other.source.frame_uid
    if all(frames):
        return "same_frame" if frames[0] == frames[1] else "other_frame"
    return "same_grid" if planning.grid.same_as(other.grid, 0.1) else "unknown"


def told(planning: Volume, other: Volume, figures: dict[str, float], in_one_frame: str) -> tuple[str, ...]:
    """What a person should know before a registration of two images is used: what could not be compared, and where
    they have one frame of reference the sentence `in_one_frame` and whether `figures` (of `motion`) move them far."""
    said = []
    for key, what, thing in STATED:
        silent = [n for n, v in ((PLANNING, planning), ("further image", other)) if not getattr(v.source, key)]
        if silent:
            who = f"neither image states a {thing}" if len(silent) == 2 else f"the {silent[0]} states no {thing}"
            said.append(f"{what} could not be compared: {who}.")
    if relation(planning, other) == "same_frame":
        said.append(in_one_frame)
        if figures["shift_mm"] > FAR_MM or figures["turn_degrees"] > FAR_DEGREES:
            said.append(f"A shift of {figures['shift_mm']:.1f} mm and a turn of {figures['turn_degrees']:.1f} degrees "
                        f"is much between images of one frame of reference (over {FAR_MM:g} mm or {FAR_DEGREES:g} "
                        "degrees); look at the picture closely, or use no registration.")
    return tuple(said)


def told_of_accepted(name: str, planning: Volume, other: Volume, matrix: np.ndarray) -> tuple[str, ...]:
    """`told` where an accepted registration moves the image `name`."""
    figures = motion(matrix, other.grid)
    return told(planning, other, figures, f"Overridden: the image {name} shares the frame of reference of the planning "
                f"image, but the given registration moves it by {figures['shift_mm']:.1f} mm and turns it by "
                f"{figures['turn_degrees']:.1f} degrees.")


def place(name: str, other: Volume, planning: Volume, how: str | Path | None = None, *,
          places: Sequence[Path] = (), same_patient: bool = False) -> Placed:
    """Where a further image lies. `how`: None where both share a frame of reference or a grid; "none": as the files
    lie, although nothing says so; "dicom": by the registration object beside the images (`places`); or a file that
    `radoncai register` wrote, a DICOM registration or an ITK transform, whose naming is its acceptance.

    What could not be compared is said, and that a registration overrides a shared frame of reference. Raises InputError
    where the images are of two patients, or nothing says how they lie.
    """
    both = f"the image {name} and the planning image"
    said = check_same_patient(replace(planning.source, frame_uid=""), replace(other.source, frame_uid=""), both,
                              same_patient=same_patient)
    known = relation(planning, other)
    if how is None:
        return Placed(name, other, said=said + _unasked(name, known, planning, other, places))
    if how == "none":
        trust = () if known == "same_frame" else (
            f"Overridden: the image {name} was taken to lie as the planning image does, which nothing confirms.",)
        return Placed(name, other, record={"by": "nobody: taken as it lies"} if trust else {},
                      said=said + told(planning, other, motion(np.eye(4), other.grid), NEEDLESS) + trust)
    path = _only(name, planning, other, places) if how == "dicom" else Path(how)
    matrix = matrix_of_file(path, other, planning, both)
    record = record_of(matrix, other, "file", sha256=file_hash(path), accepted_by_account=_account(),
                       accepted_at=run_stamp())
    doubts = (*said, *told_of_accepted(name, planning, other, matrix), *doubts_of_file(path))
    return Placed(name, other, matrix, record, tuple(dict.fromkeys(doubts)))


def record_of(matrix: np.ndarray, other: Volume, by: str, **more: object) -> dict[str, object]:
    """What provenance keeps of a registration that a person accepted."""
    return {"by": by, **more, "to_planning": np.round(matrix, 6).tolist(), **motion(matrix, other.grid)}


def assigned(spec: ModelSpec, planning: Placed, others: Sequence[Placed]) -> dict[str, Placed]:
    """Which image each of the model's images is: by its name, else the one named like the modality, else the only one
    of the modality. The first is the one whose grid the model works on. Raises InputError that names what is missing.
    """
    rest, found = [planning, *others], {}
    for number, wanted in enumerate(spec.images):
        allowed = (wanted.modality,) if wanted.modality else spec.modality if number == 0 else ()
        chosen = _match(wanted, allowed, rest, planning if number == 0 else None, spec)
        found[wanted.name] = chosen
        rest.remove(chosen)
    return found


def _account() -> str:
    """Who runs this, as the machine knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no account name, as in some containers
        return ""


def _match(wanted: ImageSpec, allowed: tuple[str, ...], rest: list[Placed], first: Placed | None,
           spec: ModelSpec) -> Placed:
    named = [p for p in rest if p.name.casefold() == wanted.name.casefold() and p.name != PLANNING]
    fits = [p for p in rest if not allowed or not p.volume.modality or p.volume.modality in allowed]
    if first is not None and first in fits and not (named and first.volume.modality not in allowed):
        return first
    if named:
        return named[0]
    alike = [p for p in fits if p is not first and p.volume.modality in allowed]
    alike = [p for p in alike if p.name.casefold() == p.volume.modality.casefold()] or alike
    if len(alike) == 1:
        return alike[0]
    if first is not None and not alike:  # the model's own check of the image says what is wrong with it
        return first
    kind = f" ({wanted.modality})" if wanted.modality and wanted.modality != wanted.name else ""
    why = "several images fit it; name one of them so" if alike else "it was not given; add it"
    raise InputError(f"The model {spec.name} needs the image {wanted.name}{kind}, but {why} (--image "
                     f"{wanted.name}=PATH).")


def _unasked(name: str, known: str, planning: Volume, other: Volume, places: Sequence[Path]) -> tuple[str, ...]:
    if known == "same_frame":
        return ()
    if known == "same_grid":
        return (f"The image {name} states no frame of reference; it has the grid of the planning image and was taken "
                "to lie as it does.",)
    found = _beside(planning, other, places)
    offer = f"{found[0].name} relates the two: use it with --registration dicom" if found else \
        "register it with radoncai register, look at the picture, and accept it with --registration FILE"
    what = "lies in another frame of reference than the planning image" if known == "other_frame" else \
        "does not say how it lies to the planning image"
    raise InputError(f"The image {name} {what}; {offer}.")


def _beside(planning: Volume, other: Volume, places: Sequence[Path]) -> list[Path]:
    frames = other.source.frame_uid, planning.source.frame_uid
    return find_registrations(*places, between=frames) if all(frames) and places else []


def _only(name: str, planning: Volume, other: Volume, places: Sequence[Path]) -> Path:
    found = _beside(planning, other, places)
    if len(found) != 1:
        what = f"{len(found)} DICOM registrations relate" if found else "No DICOM registration relates"
        raise InputError(f"{what} the image {name} to the planning image; name one file with --registration FILE.")
    return found[0]
