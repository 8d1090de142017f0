"""The options --image and --registration: images beside the planning image, and how they lie."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.core.errors import InputError

if TYPE_CHECKING:
    from radoncai.contour.images.placed import Placed
    from radoncai.core.volume import Volume
    from radoncai.models.spec import ModelSpec

MODALITIES = ("CT", "MR", "PT")


def paths_of(options: Sequence[str]) -> dict[str, Path]:
    """--image NAME=PATH. Raises InputError for one without an equals sign, a name given twice, and a missing file."""
    out: dict[str, Path] = {}
    for text in options:
        name, equals, path = text.partition("=")
        name = name.strip()
        if not (name and equals and path):
            raise InputError(f"--image needs NAME=PATH, such as MR=folder, not {text!r}.")
        if name in out:
            raise InputError(f"--image names {name} twice; give each image one path.")
        if not Path(path).exists():
            raise InputError(f"{path} does not exist; check the path of the image {name}.")
        out[name] = Path(path)
    return out


def registrations_of(options: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """--registration [NAME=]FILE|dicom|none for each image; without a name for all of them. Raises InputError."""
    out: dict[str, str] = {}
    for text in options:
        name, equals, how = text.partition("=")
        given = {name: how} if equals and name in names else dict.fromkeys(names, text)
        if twice := next((n for n in given if n in out), None):
            raise InputError(f"--registration says twice how the image {twice} lies; say NAME=FILE for each image.")
        out |= given
    if options and not names:
        raise InputError("--registration says how a further image lies; name that image with --image NAME=PATH.")
    return out


def further_images(paths: Mapping[str, Path], how: Mapping[str, str], planning: Volume, args: argparse.Namespace,
                   spec: ModelSpec | None) -> tuple[Placed, ...]:
    """The images read and placed beside the planning image, as `radoncai.contour.images.placed.place` says."""
    from radoncai.contour.images.placed import place
    from radoncai.dicom.image import read_image

    kinds = {image.name.casefold(): image.modality for image in spec.images} if spec else {}
    placed = []
    for name, path in paths.items():
        kind = kinds.get(name.casefold()) or (name.upper() if name.upper() in MODALITIES else None)
        other = read_image(path, gaps=args.gaps, modality=kind)
        placed.append(place(name, other, planning, how.get(name), places=(path, args.input),
                            same_patient=args.same_patient))
    return tuple(placed)
