"""`radoncai image`: an image made from an image by a model."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.arguments import add_device, add_further_images, add_input, add_output, add_running
from radoncai.cli.terminal import Outcome
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress

SUMMARY = "Make an image with a model: synthetic CT, denoising"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    parser.add_argument("--model", required=True, metavar="NAME", help="radoncai models list --task image shows them")
    add_further_images(parser)
    add_running(parser)
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.cli.further_images import further_images, paths_of, registrations_of
    from radoncai.contour.images.placed import PLANNING, Placed, assigned
    from radoncai.core.output import staged
    from radoncai.dicom.image import read_image
    from radoncai.models.catalogue import find
    from radoncai.translate.job import make_image
    from radoncai.translate.write import write_results

    folder = find(args.model)
    paths = paths_of(args.image)
    how = registrations_of(args.registration, tuple(paths))
    with staged(args.output) as place:
        progress.step("reading the image")
        volume = read_image(args.input, series=args.series, gaps=args.gaps)
        others = further_images(paths, how, volume, args, folder.model)
        used = assigned(folder.model, Placed(PLANNING, volume), others)
        if unread := [image.name for image in others if image not in used.values()]:
            raise InputError(f"The image {unread[0]} is not read by {folder.name}; leave it out.")
        base = next(iter(used.values()))
        further = {name: image.seen_from(base) for name, image in used.items() if image is not base}
        result = make_image(base.volume, folder, device=args.device, progress=progress, flips=args.flips,
                            override=args.override, images=further)
        inputs = {name: image.inputs for name, image in used.items()}
        record = write_results(result, base.volume, place, progress, {"flips": args.flips}, inputs)
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
