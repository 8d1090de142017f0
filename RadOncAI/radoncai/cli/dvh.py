"""`radoncai dvh`: DVH, metrics and goals of any dose."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.arguments import add_naming, add_output, name_map, prescription
from radoncai.cli.dose import describe
from radoncai.cli.terminal import Outcome
from radoncai.core.progress import Progress

SUMMARY = "Compute the DVH, metrics and goals of a dose"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dose",
        type=Path,
        required=True,
        metavar="RTDOSE",
        help="RTDOSE, a folder with those of all beams, or NRRD/NIfTI in Gy",
    )
    parser.add_argument("--structures", type=Path, required=True, metavar="RTSTRUCT", help="RTSTRUCT or .seg.nrrd")
    parser.add_argument("--prescription", metavar="NAME=GY,...", help="such as PTV_7000=70,PTV_5600=56")
    parser.add_argument("--fractions", type=int, metavar="N")
    parser.add_argument(
        "--goals", action="append", default=[], metavar="NAME", help="a goals table; may be given several times"
    )
    parser.add_argument("--model", metavar="NAME", help="the model that predicted the dose, for its 90 %% bands")
    add_naming(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.core.dose import Prescription
    from radoncai.core.naming import resolve
    from radoncai.core.output import staged
    from radoncai.core.provenance import Provenance, pseudonym, run_stamp
    from radoncai.core.provenance import describe as names
    from radoncai.dicom.dose import read_dose
    from radoncai.dicom.same_patient import check_same_patient
    from radoncai.dicom.structures import read_structures_alone
    from radoncai.dose.bands import bands_of
    from radoncai.dose.evaluate import evaluate
    from radoncai.dose.goals import load_goals
    from radoncai.dose.write import write_tables
    from radoncai.models.catalogue import find

    asked = prescription(args.prescription, args.fractions) if args.prescription else None
    tables = [load_goals(name) for name in args.goals]
    bands = bands_of(find(args.model)) if args.model else None
    with staged(args.output) as place:
        progress.step("reading the dose")
        dose = read_dose(args.dose)
        structures = read_structures_alone(args.structures, dose.volume)
        same = check_same_patient(
            dose.volume.source, structures.source, "the dose and the structures", same_patient=args.same_patient
        )
        said = (*dose.volume.source.warnings, *same, *_about_prediction(dose.kind, args.model))
        named = resolve(asked.targets, structures.names, name_map(args)) if asked else None
        wanted = (
            Prescription({named.names[n]: gy for n, gy in asked.targets.items()}, asked.fractions) if asked else None
        )
        evaluation = evaluate(dose, structures, wanted, tables, bands if dose.kind == "predicted" else None, progress)
        record = Provenance(
            "dvh",
            run_stamp(),
            {"dose": names(dose.volume.source), "structures": names(structures.source)},
            options={
                "prescription_gy": wanted.targets if wanted else None,
                "goals": args.goals,
                "model": args.model,
                "same_patient": args.same_patient,
                "dvh": evaluation.dvh_choices,
            },
            warnings=(*said, *structures.warnings),
        )
        write_tables(evaluation, place, pseudonym(dose.volume.source), record.run)
        record.write(place / "provenance.json")
        written = sorted(p.name for p in place.iterdir())
    said = [*(named.said if named else ()), *said, *structures.warnings]
    lines = [*describe(evaluation), *said, f"written to {args.output}: {', '.join(written)}"]
    return Outcome(
        {
            "metrics": evaluation.metric_rows,
            "goals": evaluation.goal_rows,
            "goal_counts": evaluation.counts if tables else {},
            "warnings": said,
            "output": str(args.output),
            "files": written,
        },
        lines,
    )


def _about_prediction(kind: str, model: str | None) -> list[str]:
    """What a reader of the verdicts must know about where the dose comes from."""
    if kind == "predicted" and not model:
        return ["This dose is a prediction, not a plan: name its model with --model for the 90 % bands; without them a "
                "goal near its limit reads surer than it is."]
    if kind == "predicted":
        return ["This dose is a prediction, not a plan."]
    return [f"This dose does not say that it is a prediction: the bands of {model} were not used."] if model else []
