"""The images of a request beside its planning image, each where an accepted registration puts it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from radoncai.contour.images.placed import Placed, place, record_of, told_of_accepted
from radoncai.core.errors import InputError
from radoncai.core.volume import Volume
from radoncai.dicom.same_patient import check_same_patient
from radoncai.worker.image import Image, read_image
from radoncai.worker.protocol import optional

ACCEPTED = ("by", "sha256", "registered_at", "accepted_by", "accepted_at")


def placed_images(request: dict[str, Any], planning: Volume, folder: Path) -> tuple[Placed, ...]:
    """Field `images`: name to an image with, where it has another frame of reference, `to_planning` (16 numbers, LPS mm
    of the image to those of the planning image) and `registration`, what is known of its acceptance.

    Raises InputError where nothing says how an image lies, or it is of another patient.
    """
    given = optional(request, "images", dict) or {}
    return tuple(_placed(str(name), item, planning, folder) for name, item in given.items())


def read_further(item: dict[str, Any], folder: Path) -> Image:
    """A further image of a request."""
    return read_image({"image": item}, folder)


def same_patient(name: str, planning: Volume, other: Volume) -> None:
    """Raises InputError where the two images are of two patients."""
    check_same_patient(replace(planning.source, frame_uid=""), replace(other.source, frame_uid=""),
                       f"the {name} and the planning image")


def _placed(name: str, item: dict[str, Any], planning: Volume, folder: Path) -> Placed:
    other = read_further(item, folder).volume
    if item.get("to_planning") is None:
        return place(name, other, planning)
    same_patient(f"image {name}", planning, other)
    matrix = matrix_of(item["to_planning"])
    known = optional(item, "registration", dict) or {}
    kept = {key: str(known[key]) for key in ACCEPTED if known.get(key)}
    return Placed(name, other, matrix, record_of(matrix, other, kept.pop("by", "person"), **kept),
                  told_of_accepted(name, planning, other, matrix))


def matrix_of(numbers: Any) -> np.ndarray:
    """A shift and a turn out of 16 numbers. Raises InputError."""
    matrix = np.asarray(numbers, float).ravel()
    if len(matrix) == 16 and np.isfinite(matrix).all():
        matrix = matrix.reshape(4, 4)
        if np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-3) and np.linalg.det(matrix[:3, :3]) > 0:
            return matrix
    raise InputError("The registration of a further image is no shift and turn; register it again.")
