"""`radoncai contour`: contours of one model, or of all models of a preset, on the images of one patient."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import (
    add_device,
    add_drawing,
    add_further_images,
    add_input,
    add_output,
    add_running,
)
from radoncai.cli.terminal import Outcome, table
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radoncai.contour.job import ContourResult
    from radoncai.contour.presets.choose import Choice
    from radoncai.contour.presets.preset import Preset
    from radoncai.contour.several import Images
    from radoncai.contour.write import RtstructOptions
    from radoncai.core.provenance import Provenance
    from radoncai.core.structures import StructureSet

SUMMARY = "Contour organs on a CT with a model, or with all models of a site preset"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", metavar="NAME", help="radoncai models list shows them")
    which.add_argument("--preset", metavar="NAME", help="all structures of a site; radoncai presets list shows them")
    parser.add_argument("--structures", metavar="A,B", help="only these structures of the model or preset")
    add_further_images(parser)
    add_running(parser, other="a set or image")
    parser.add_argument(
        "--uncertainty", action="store_true", help="also write uncertainty.nrrd: the entropy of the model's answer "
        "at each voxel; the column uncertainty of structures.csv is another number: unsure voxels (probability 0.2 to "
        "0.8) as a share of the structure's voxels, which can exceed 1"
    )
    parser.add_argument("--folds", metavar="0,1", help="only these members of an ensemble, counted from 0")
    add_drawing(parser)
    parser.add_argument(
        "--add-to", type=Path, metavar="RTSTRUCT", help="write into a copy of this set; its own ROIs stay untouched"
    )
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.cli.further_images import further_images, paths_of, registrations_of
    from radoncai.contour.images.placed import PLANNING, Placed
    from radoncai.contour.presets.choose import Share
    from radoncai.contour.presets.preset import load_preset
    from radoncai.contour.several import Images, run_shares
    from radoncai.contour.write import RtstructOptions, write_results
    from radoncai.core.output import staged
    from radoncai.dicom.image import read_image
    from radoncai.models.catalogue import find
    from radoncai.models.options import RunOptions

    preset = load_preset(args.preset) if args.preset else None
    folder = find(args.model) if args.model else None
    rtstruct = RtstructOptions(args.profile, args.contours or "", args.add_to, args.same_patient, args.holes or "")
    _check_options(rtstruct)
    wanted = [s.strip() for s in args.structures.split(",") if s.strip()] if args.structures else None
    paths = paths_of(args.image)
    how = registrations_of(args.registration, tuple(paths))
    options = RunOptions(args.device, args.flips, args.uncertainty, args.override, _folds(args.folds))
    with staged(args.output) as place:
        progress.step("reading the image")
        volume = read_image(args.input, series=args.series, gaps=args.gaps)
        if rtstruct.add_to and not volume.source.is_dicom:
            raise InputError("--add-to needs the DICOM series that the structure set was drawn on, not NIfTI or NRRD.")
        others = further_images(paths, how, volume, args, folder.model if folder else None)
        images = Images(Placed(PLANNING, volume), others)
        choice = _choice(preset, images, wanted, args.override) if preset else None
        shares = choice.shares if choice else (Share(folder, tuple(wanted) if wanted else None),)
        results = run_shares(shares, images, progress, options)
        structures, record = write_results(results, volume, place, progress, _options(args, wanted, preset),
                                           rtstruct=rtstruct, choice=choice)
        written = sorted(p.name for p in place.iterdir())
    return summarise(results, structures, record, args.output, written, preset, choice)


def _choice(preset: Preset, images: Images, wanted: list[str] | None, override: bool) -> Choice:
    """What the preset comes to on these images. Raises ModelError where no model of it can run."""
    from radoncai.contour.presets.choose import choose, refuse_empty

    choice = choose(preset, images.planning, images.others, wanted=wanted, override=override)
    refuse_empty(choice, preset)
    return choice


def _folds(text: str | None) -> tuple[int, ...] | None:
    """Numbers of `--folds 0,1`. Raises InputError."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--folds needs numbers such as 0,1, not {text!r}.") from None


def _options(args: argparse.Namespace, wanted: list[str] | None, preset: Preset | None) -> dict[str, object]:
    """What was asked for, as provenance keeps it."""
    options = {"structures": wanted or "all", "flips": args.flips, "uncertainty": args.uncertainty}
    if args.folds:
        options["folds"] = args.folds
    return {**options, "preset": preset.described} if preset else options


def _check_options(rtstruct: RtstructOptions) -> None:
    """What can be known to fail before the model has run. Raises InputError."""
    from radoncai.dicom.check.profiles import load_profile
    from radoncai.dicom.rtstruct.reader import read_contours

    load_profile(rtstruct.profile)
    if rtstruct.add_to:
        read_contours(rtstruct.add_to)


def summarise(results: Sequence[ContourResult], structures: StructureSet, record: Provenance, output: Path,
              written: list[str], preset: Preset | None = None, choice: Choice | None = None) -> Outcome:
    """What was found, what was said about it, and where it was written."""
    from radoncai.contour.table import structure_rows

    rows = structure_rows(structures)
    lacking: dict[str, list[str]] = {}
    for name in structures.missing:
        if name in structures.unavailable:
            lacking.setdefault(structures.missing[name], []).append(name)
    shown = [
        [
            str(r["structure"]),
            "-" if r["volume_cc"] is None else f"{r['volume_cc']:.1f}",
            str(r["status"]).replace("_", " "),
            " ".join(r["findings"]),
        ]
        for r in rows if r["status"] != "not_available"
    ]
    file = record.options.get("rtstruct") or {}
    models = [f"{r.model.title} {r.model.version}" for r in results]
    install = choice.install if choice else ()
    lines = [
        f"{preset.title + ': ' if preset else ''}{', '.join(models)}: AI contours, not approved",
        *table(shown, ["structure", "cc", "status", "look at"], {1}),
        *(f"not available: {', '.join(names)}: {why}" for why, names in lacking.items()),
        *record.warnings,
        *(f"to install: {command}" for command in install),
        *(str(file[key]) for key in ("kept", "read_back") if key in file),
        f"written to {output}: {', '.join(written)}",
    ]
    named = {"preset": preset.name, "install": list(install)} if preset else {}
    return Outcome(
        {
            "model": results[0].model.name,
            "version": results[0].model.version,
            "models": [{"name": r.model.name, "version": r.model.version} for r in results],
            **named,
            "structures": rows,
            "passes": max(r.passes for r in results),
            "mean_entropy_bit": {name: bit for r in results for name, bit in r.entropies.items()},
            "warnings": list(record.warnings),
            "rtstruct": file,
            "output": str(output),
            "files": written,
        },
        lines,
    )
