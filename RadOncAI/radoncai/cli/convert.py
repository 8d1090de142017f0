"""`radoncai convert`: RTSTRUCT, DICOM SEG, label maps, masks, RTDOSE, images, NRRD and NIfTI into one another."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.arguments import add_drawing, add_naming, add_series, name_map
from radoncai.cli.terminal import Outcome
from radoncai.core.progress import Progress

SUMMARY = "Convert structures, a dose or an image into another format"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="a file, a folder with one mask a structure, one with the doses of all beams, or an image series",
    )
    parser.add_argument("--ct", type=Path, metavar="INPUT", help="the images that structures belong to")
    parser.add_argument(
        "--names",
        choices=("keep", "standard"),
        default="keep",
        help="standard: names of the structure table (TG-263) where it knows them",
    )
    parser.add_argument(
        "--registration",
        type=Path,
        metavar="REG",
        help="a DICOM registration that relates the source to the images of --ct",
    )
    add_drawing(parser, "iso")
    add_naming(parser)
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
    said = convert(
        args.source,
        args.output,
        ct,
        same_patient=args.same_patient,
        names=args.names,
        mapping=name_map(args),
        registration=args.registration,
        series=None if args.ct else args.series,
        gaps=args.gaps,
        ct_path=args.ct,
        profile=args.profile,
        contours=args.contours or "",
        holes=args.holes or "",
    )
    said = [*(ct.source.warnings if ct else ()), *said]
    return Outcome({"output": str(args.output), "said": said}, [*said, f"written to {args.output}"])
