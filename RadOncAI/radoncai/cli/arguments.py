"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.core.dose import Prescription
from radoncai.core.errors import InputError

MOST_GY = 200


def add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="INPUT", help="DICOM folder or file, NIfTI or NRRD")
    add_series(parser)


def add_series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--series", help="number or UID of the series, where a folder holds several (phases of a 4D-CT too)"
    )
    parser.add_argument(
        "--gaps",
        choices=("refuse", "interpolate"),
        default="refuse",
        help="what to do about missing slices and uneven spacing",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where results are written")


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_drawing(parser: argparse.ArgumentParser, *more: str) -> None:
    """How an RTSTRUCT is drawn; `more`: further words for --contours."""
    parser.add_argument(
        "--contours",
        choices=("exact", "smooth", *more),
        help="along voxel edges, or smooth within half a pixel"
        + (", or iso: at one half of maps of probabilities" if more else "")
        + "; else as the profile has it",
    )
    parser.add_argument(
        "--holes", choices=("keyhole", "xor"), help="as a channel in one contour, or as contours of their own"
    )
    parser.add_argument(
        "--profile", default="generic", metavar="NAME", help="planning system that the RTSTRUCT is for"
    )


def add_further_images(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--image", action="append", default=[], metavar="NAME=PATH",
        help="a further image that the model wants, such as MR=folder; may be given several times",
    )
    parser.add_argument(
        "--registration", action="append", default=[], metavar="[NAME=]FILE|dicom|none",
        help="how the further images lie: a file of radoncai register that you looked at, a DICOM registration, an ITK "
             "transform; dicom: the one beside the images; none: as they lie",
    )


def add_running(parser: argparse.ArgumentParser, other: str = "an image") -> None:
    """How a model runs; `other`: what may be of another patient."""
    parser.add_argument(
        "--flips", action="store_true", help="also run mirrored and take the mean, where the model allows it; slower"
    )
    parser.add_argument(
        "--override", action="store_true", help="run on an image outside what the model is made for; recorded"
    )
    parser.add_argument(
        "--same-patient", action="store_true",
        help=f"accept {other} of another patient ID or frame of reference",
    )


def add_naming(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="NAME=NAME",
        help="a name asked for = the name as it stands in the file; may be given several times",
    )
    parser.add_argument(
        "--same-patient",
        action="store_true",
        help="accept files whose patient or frame of reference differ; recorded in the results",
    )


def name_map(args: argparse.Namespace) -> dict[str, str]:
    """The --map options. Raises InputError for one without an equals sign."""
    out = {}
    for item in args.map:
        left, equals, right = item.partition("=")
        if not (left and equals and right):
            raise InputError(f"--map needs NAME=NAME, not {item!r}.")
        out[left.strip()] = right.strip()
    return out


def prescription(text: str, fractions: int | None) -> Prescription:
    """`PTV_7000=70,PTV_5600=56` in Gy. Raises InputError in one sentence."""
    targets: dict[str, float] = {}
    for item in text.split(","):
        name, equals, dose = item.partition("=")
        name = name.strip()
        try:
            value = float(dose)
        except ValueError:
            value = None
        if value is None or not name or not equals:
            raise InputError(f"--prescription needs NAME=GRAY,NAME=GRAY such as PTV_7000=70,PTV_5600=56, not {text!r}.")
        if not 0 < value < MOST_GY:
            raise InputError(f"--prescription: {name} needs a dose between 0 and {MOST_GY} Gy, not {dose.strip()}; "
                             "doses are in Gy, not cGy.")
        if name in targets:
            raise InputError(f"--prescription names {name} twice; give each target one dose.")
        targets[name] = value
    if fractions is not None and fractions < 1:
        raise InputError(f"--fractions must be 1 or more, not {fractions}.")
    return Prescription(targets, fractions)
