"""`radoncai image`: an image made from an image by a model."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.arguments import add_device, add_input, add_output
from radoncai.cli.terminal import Outcome
from radoncai.core.progress import Progress

SUMMARY = "Make an image with a model: synthetic CT, denoising"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    parser.add_argument("--model", required=True, metavar="NAME", help="radoncai models list --task image shows them")
    parser.add_argument(
        "--flips", action="store_true", help="also run mirrored and take the mean, where the model allows it; slower"
    )
    parser.add_argument(
        "--override", action="store_true", help="run on an image outside what the model is made for; recorded"
    )
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.core.output import staged
    from radoncai.dicom.image import read_image
    from radoncai.models.catalogue import find
    from radoncai.translate.job import make_image
    from radoncai.translate.write import write_results

    folder = find(args.model)
    with staged(args.output) as place:
        progress.step("reading the image")
        volume = read_image(args.input, series=args.series, gaps=args.gaps)
        result = make_image(
            volume, folder, device=args.device, progress=progress, flips=args.flips, override=args.override
        )
        record = write_results(result, volume, place, progress, {"flips": args.flips})
        files = sorted(p for p in place.rglob("*") if p.is_file())
        slices = sum(p.suffix == ".dcm" for p in files)
    written = [p.name for p in files if p.suffix != ".dcm"]
    k, j, i = (f"{s:.2f}" for s in result.image.grid.spacing_mm)
    lines = [
        f"{folder.title} {folder.version}: AI-made image, not approved",
        f"{result.image.modality} in {result.image.unit}, {k} x {j} x {i} mm",
        *record.warnings,
        f"written to {args.output}: {', '.join(written)}" + (f", dicom/ ({slices} slices)" if slices else ""),
    ]
    return Outcome(
        {"model": folder.name, "version": folder.version, "modality": result.image.modality,
         "unit": result.image.unit, "shape": list(result.image.grid.shape), "warnings": list(record.warnings),
         "output": str(Path(args.output)), "files": written, "slices": slices},
        lines,
    )
