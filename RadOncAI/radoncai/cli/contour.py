"""`radoncai contour`: contours of one model on one image."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import add_device, add_input, add_output
from radoncai.cli.terminal import Outcome, table
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.contour.job import ContourResult

SUMMARY = "Contour organs on a CT with a model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    parser.add_argument("--model", required=True, metavar="NAME", help="radoncai models list shows them")
    parser.add_argument("--structures", metavar="A,B", help="only these structures of the model")
    parser.add_argument(
        "--override", action="store_true", help="run on an image outside what the model is made for; recorded"
    )
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.contour.job import contour
    from radoncai.contour.write import write_results
    from radoncai.core.output import staged
    from radoncai.dicom.image import read_image
    from radoncai.models.catalogue import find

    folder = find(args.model)
    wanted = [s.strip() for s in args.structures.split(",") if s.strip()] if args.structures else None
    with staged(args.output) as place:
        progress.step("reading the image")
        volume = read_image(args.input, series=args.series, gaps=args.gaps)
        result = contour(
            volume, folder, structures=wanted, device=args.device, progress=progress, override=args.override
        )
        write_results([result], volume, place, progress, {"structures": wanted or "all"})
        written = sorted(p.name for p in place.iterdir())
    return summarise(result, args.output, written)


def summarise(result: ContourResult, output: Path, written: list[str]) -> Outcome:
    """What was found and where it was written."""
    from radoncai.contour.table import structure_rows

    rows = structure_rows(result.structures)
    shown = [
        [
            str(r["structure"]),
            "-" if r["volume_cc"] is None else f"{r['volume_cc']:.1f}",
            str(r["status"]).replace("_", " "),
            " ".join(r["findings"]),
        ]
        for r in rows
    ]
    lines = [
        f"{result.model.title} {result.model.version}: AI contours, not approved",
        *table(shown, ["structure", "cc", "status", "look at"], {1}),
        *result.warnings,
        f"written to {output}: {', '.join(written)}",
    ]
    return Outcome(
        {
            "model": result.model.name,
            "version": result.model.version,
            "structures": rows,
            "warnings": list(result.warnings),
            "output": str(output),
            "files": written,
        },
        lines,
    )
