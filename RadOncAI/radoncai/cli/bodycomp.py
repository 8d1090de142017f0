"""`radoncai bodycomp`: muscle and fat at L3."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import add_device, add_input, add_output
from radoncai.cli.terminal import Outcome, table
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.bodycomp.job import BodyResult

SUMMARY = "Measure muscle and fat at L3"
SHOWN = (
    ("muscle", "muscle_cm2", "cm2"),
    ("IMAT", "imat_cm2", "cm2"),
    ("VAT", "vat_cm2", "cm2"),
    ("SAT", "sat_cm2", "cm2"),
    ("muscle density", "muscle_hu", "HU"),
    ("SMI", "smi_cm2_m2", "cm2/m2"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser)
    parser.add_argument("--model", default="l3_tissue", metavar="NAME")
    parser.add_argument("--level-mm", type=float, metavar="S", help="measure here (patient coordinate, mm upwards)")
    parser.add_argument("--height-m", type=float, metavar="M", help="overrides the DICOM header")
    parser.add_argument("--weight-kg", type=float, metavar="KG", help="overrides the DICOM header")
    parser.add_argument("--sex", choices=("F", "M"), help="overrides the DICOM header")
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.bodycomp.job import measure_l3
    from radoncai.bodycomp.measure import Person
    from radoncai.bodycomp.write import write_results
    from radoncai.core.output import staged
    from radoncai.dicom.image import read_image

    person = Person(None, args.sex, args.height_m, args.weight_kg)
    with staged(args.output) as place:
        progress.step("reading the image")
        volume = read_image(args.input, series=args.series, gaps=args.gaps)
        result = measure_l3(
            volume, args.model, level_mm=args.level_mm, person=person, device=args.device, progress=progress
        )
        record = write_results(result, volume, place, progress, {"level_mm": args.level_mm})
        written = sorted(p.name for p in place.iterdir())
    return summarise(result, record.run, args.output, written, volume.source.warnings)


def summarise(
    result: BodyResult, run: str, output: Path, written: list[str], said: tuple[str, ...] = ()
) -> Outcome:
    """The numbers with one standard deviation each."""
    from radoncai.bodycomp.section import measured_on, sentences

    measured = result.measured
    rows = []
    for words, name, unit in SHOWN:
        value, sd = measured.values[name], measured.sd[name]
        digits = 0 if unit == "HU" else 1
        text = "-" if value is None else f"{value:.{digits}f}"
        rows.append([words, text, "" if sd is None else f"±{sd:.{digits}f}", unit])
    level = measured.level
    lines = [
        f"L3 at S {level.level_mm:.1f} mm ({level.agreement}); {measured_on(measured)}",
        "± is one standard deviation; research use",
        *table(rows, ["", "value", "sd", "unit"], {1, 2}),
        *said,
        *level.notes,
        *sentences(measured),
        f"written to {output}: {', '.join(written)}",
    ]
    numbers = measured.to_row(run=run, model=result.model.name, version=result.model.version, weights=result.weights)
    return Outcome({**numbers, "vertebrae_s_mm": level.vertebrae, "output": str(output), "files": written}, lines)
