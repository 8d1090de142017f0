"""`radoncai convert`: RTSTRUCT, label maps, masks, RTDOSE and NRRD into one another."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.arguments import add_series
from radoncai.cli.terminal import Outcome
from radoncai.core.progress import Progress

SUMMARY = "Convert structures or a dose into another format"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a file, or a folder with one mask a structure")
    parser.add_argument("--ct", type=Path, metavar="INPUT", help="the images that structures belong to")
    parser.add_argument(
        "--same-patient", action="store_true", help="accept files whose patient or frame of reference differ"
    )
    add_series(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE_OR_FOLDER",
        help="its ending says the format: .dcm, .seg.nrrd, .nrrd, .nii.gz, or a folder for masks",
    )


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.dicom.convert import convert
    from radoncai.dicom.image import read_image

    progress.step("reading the image")
    ct = read_image(args.ct, series=args.series, gaps=args.gaps) if args.ct else None
    progress.step("converting")
    said = convert(args.source, args.output, ct, same_patient=args.same_patient)
    return Outcome({"output": str(args.output), "said": list(said)}, [*said, f"written to {args.output}"])
