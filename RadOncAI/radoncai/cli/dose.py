"""`radoncai dose`: the predicted dose with DVH, metrics and goals."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import add_device, add_input, add_naming, add_output, name_map, prescription
from radoncai.cli.terminal import Outcome, table
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.dose.evaluate import Evaluation

SUMMARY = "Predict the dose of a head-and-neck plan"
SYMBOLS = {"pass": "✓", "near": "~", "fail": "✕", "unsure": "?", "unknown": "–"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    parser.add_argument("--structures", type=Path, required=True, metavar="RTSTRUCT", help="RTSTRUCT or .seg.nrrd")
    parser.add_argument("--prescription", required=True, metavar="NAME=GY,...", help="such as PTV_7000=70,PTV_5600=56")
    parser.add_argument("--fractions", type=int, metavar="N")
    parser.add_argument(
        "--goals", action="append", default=[], metavar="NAME", help="a goals table; may be given several times"
    )
    parser.add_argument("--model", default="hn_dose", metavar="NAME")
    parser.add_argument("--dose-grid-mm", type=float, metavar="MM", help="voxel size of the RTDOSE in plane")
    parser.add_argument(
        "--override", action="store_true", help="predict outside what the model was trained on; recorded"
    )
    add_naming(parser)
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.core.dose import Prescription
    from radoncai.core.errors import InputError
    from radoncai.core.naming import resolve
    from radoncai.core.output import staged
    from radoncai.dicom.image import read_image
    from radoncai.dicom.structures import read_structures
    from radoncai.dose.bands import bands_of
    from radoncai.dose.evaluate import evaluate
    from radoncai.dose.goals import load_goals
    from radoncai.dose.job import predict_dose
    from radoncai.dose.write import write_results
    from radoncai.models.catalogue import find

    if args.dose_grid_mm is not None and not 1.0 <= args.dose_grid_mm <= 10.0:
        raise InputError(f"--dose-grid-mm must lie between 1 and 10 mm, not {args.dose_grid_mm:g}.")
    asked = prescription(args.prescription, args.fractions)
    folder, tables = find(args.model), [load_goals(name) for name in args.goals]
    with staged(args.output) as place:
        progress.step("reading the image")
        volume = read_image(args.input, series=args.series, gaps=args.gaps)
        progress.step("reading the structures")
        structures = read_structures(args.structures, volume, same_patient=args.same_patient)
        named = resolve(asked.targets, structures.names, name_map(args))
        wanted = Prescription({named.names[n]: gy for n, gy in asked.targets.items()}, asked.fractions)
        result = predict_dose(
            volume,
            structures,
            wanted,
            folder,
            device=args.device,
            override=args.override,
            dose_grid_mm=args.dose_grid_mm,
            progress=progress,
        )
        evaluation = evaluate(result.dose, structures, wanted, tables, bands_of(folder), progress)
        options = {
            "prescription_gy": wanted.targets,
            "fractions": wanted.fractions,
            "goals": args.goals,
            "dose_grid_mm": args.dose_grid_mm,
            "same_patient": args.same_patient,
            "dvh": evaluation.dvh_choices,
        }
        write_results(result, evaluation, volume, structures, place, progress, options)
        written = sorted(p.name for p in place.iterdir())
    said = [*named.said, *structures.warnings, *(f"OVERRIDDEN: {text}" for text in result.overrides), *result.warnings]
    lines = [
        f"{folder.title} {folder.version}: predicted dose, not a plan",
        *describe(evaluation),
        *said,
        f"written to {args.output}: {', '.join(written)}",
    ]
    return Outcome(
        {
            "model": folder.name,
            "version": folder.version,
            "metrics": evaluation.metric_rows,
            "goals": evaluation.goal_rows,
            "goal_counts": evaluation.counts if tables else {},
            "warnings": said,
            "output": str(args.output),
            "files": written,
        },
        lines,
    )


def describe(evaluation: Evaluation) -> list[str]:
    """Goals where there are some, else the main metric of each structure; bands are 90 %."""
    if evaluation.goals:
        rows = [
            [
                SYMBOLS[r.verdict],
                r.structure,
                r.goal.metric,
                f"{r.goal.limit_text} {r.goal.unit}",
                number(r.value),
                span(r.low, r.high),
                r.text,
            ]
            for r in evaluation.goals
        ]
        return table(rows, ["", "structure", "metric", "goal", "value", "90 % band", "verdict"], {4})
    main = {"ptv": "D95%[Gy]", "ctv": "D95%[Gy]", "gtv": "D95%[Gy]"}
    roles = {d.structure: d.role for d in evaluation.dvhs}
    rows = [
        [str(r["structure"]), str(r["metric"]), number(r["value"]), span(r["low"], r["high"]), str(r["reason"] or "")]
        for r in evaluation.metric_rows
        if r["metric"] == main.get(roles[r["structure"]], "Dmean[Gy]")
    ]
    return table(rows, ["structure", "metric", "value", "90 % band", ""], {2})


def number(value: object) -> str:
    return "-" if value is None else f"{value:.1f}"


def span(low: object, high: object) -> str:
    return "" if low is None else f"{low:.1f} to {high:.1f}"
