"""`radoncai contour`: contours of one model on one image."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import add_device, add_input, add_output
from radoncai.cli.terminal import Outcome, table
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.contour.job import ContourResult
    from radoncai.contour.write import RtstructOptions
    from radoncai.core.provenance import Provenance

SUMMARY = "Contour organs on a CT with a model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    parser.add_argument("--model", required=True, metavar="NAME", help="radoncai models list shows them")
    parser.add_argument("--structures", metavar="A,B", help="only these structures of the model")
    parser.add_argument(
        "--override", action="store_true", help="run on an image outside what the model is made for; recorded"
    )
    parser.add_argument(
        "--flips", action="store_true", help="also run mirrored and take the mean, where the model allows it; slower"
    )
    parser.add_argument(
        "--uncertainty", action="store_true", help="also write uncertainty.nrrd: how unsure the model is of each voxel"
    )
    parser.add_argument("--folds", metavar="0,1", help="only these members of an ensemble, counted from 0")
    parser.add_argument(
        "--contours", choices=("exact", "smooth"), help="along voxel edges, or smooth within half a pixel"
    )
    parser.add_argument(
        "--profile", default="generic", metavar="NAME", help="planning system that the RTSTRUCT is for"
    )
    parser.add_argument(
        "--add-to", type=Path, metavar="RTSTRUCT", help="write into a copy of this set; its own ROIs stay untouched"
    )
    parser.add_argument(
        "--same-patient", action="store_true", help="accept a set of another patient ID or frame of reference"
    )
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.contour.job import contour
    from radoncai.contour.write import RtstructOptions, write_results
    from radoncai.core.output import staged
    from radoncai.dicom.image import read_image
    from radoncai.models.catalogue import find

    folder = find(args.model)
    rtstruct = RtstructOptions(args.profile, args.contours or "", args.add_to, args.same_patient)
    _check_options(rtstruct)
    wanted = [s.strip() for s in args.structures.split(",") if s.strip()] if args.structures else None
    with staged(args.output) as place:
        progress.step("reading the image")
        volume = read_image(args.input, series=args.series, gaps=args.gaps)
        result = contour(
            volume, folder, structures=wanted, device=args.device, progress=progress, override=args.override,
            flips=args.flips, uncertainty=args.uncertainty, folds=_folds(args.folds),
        )
        if rtstruct.add_to and not volume.source.is_dicom:
            raise InputError("--add-to needs the DICOM series that the structure set was drawn on, not NIfTI or NRRD.")
        _, record = write_results(
            [result], volume, place, progress, _options(args, wanted), rtstruct=rtstruct
        )
        written = sorted(p.name for p in place.iterdir())
    return summarise(result, args.output, written, record)


def _folds(text: str | None) -> tuple[int, ...] | None:
    """Numbers of `--folds 0,1`. Raises InputError."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--folds needs numbers such as 0,1, not {text!r}.") from None


def _options(args: argparse.Namespace, wanted: list[str] | None) -> dict[str, object]:
    """What was asked for, as provenance keeps it."""
    options = {"structures": wanted or "all", "flips": args.flips, "uncertainty": args.uncertainty}
    return {**options, "folds": args.folds} if args.folds else options


def _check_options(rtstruct: RtstructOptions) -> None:
    """What can be known to fail before the model has run. Raises InputError."""
    from radoncai.dicom.profiles import load_profile
    from radoncai.dicom.rtstruct_reader import read_contours

    load_profile(rtstruct.profile)
    if rtstruct.add_to:
        read_contours(rtstruct.add_to)


def summarise(
    result: ContourResult, output: Path, written: list[str], record: Provenance | None = None
) -> Outcome:
    """What was found, what was said about it, and where it was written."""
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
    file = (record.options.get("rtstruct") if record else None) or {}
    warnings = list(record.warnings if record else result.warnings)
    lines = [
        f"{result.model.title} {result.model.version}: AI contours, not approved",
        *table(shown, ["structure", "cc", "status", "look at"], {1}),
        *warnings,
        *(str(file[key]) for key in ("kept", "read_back") if key in file),
        f"written to {output}: {', '.join(written)}",
    ]
    return Outcome(
        {
            "model": result.model.name,
            "version": result.model.version,
            "structures": rows,
            "passes": result.passes,
            "mean_entropy_bit": result.entropies,
            "warnings": warnings,
            "rtstruct": file,
            "output": str(output),
            "files": written,
        },
        lines,
    )
