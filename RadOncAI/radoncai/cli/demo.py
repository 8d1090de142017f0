"""`radoncai demo`: the sample patient through all three jobs, with a report."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import add_device, add_output
from radoncai.cli.terminal import Outcome
from radoncai.core.dose import Prescription
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.phantom.patient import Phantom
    from radoncai.report.sections import ContourSection

SUMMARY = "Take the sample patient through contours, dose and body composition"
PRESCRIPTION = Prescription({"PTV_7000": 70.0, "PTV_5600": 56.0}, 35)
GOALS = "openkbp_hn"
PERSON = {"PatientSize": 1.74, "PatientWeight": 74.0, "PatientSex": "M"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai import __version__
    from radoncai.core.output import staged
    from radoncai.core.provenance import pseudonym
    from radoncai.report.html import write_report

    with staged(args.output) as place:
        progress.step("drawing the sample patient")
        phantom, volume, targets = _patient(place / "patient")
        contours, structures, contour_record = _contour(
            volume, targets, args.device, place / "contour", progress.part()
        )
        dose, dose_record = _dose(volume, structures, args.device, place / "dose", progress.part())
        body, body_record = _bodycomp(volume, args.device, place / "bodycomp", progress.part())
        progress.step("writing the report")
        sections, folders = _sections(contours, structures, dose, body, volume, body_record.run)
        from radoncai.models.catalogue import cards

        write_report(
            place / "report.html",
            subject=f"sample patient, {pseudonym(volume.source)}",
            **sections,
            cards=cards(folders),
            provenance=[asdict(r) for r in (contour_record, dose_record, body_record)],
            version=__version__,
        )
    return _summary(args.output, sections["contour"], dose[1], body)


def _patient(folder: Path) -> tuple[Phantom, object, tuple]:
    """The phantom as a DICOM series with the targets a clinician would have drawn."""
    from radoncai.core.structures import StructureSet
    from radoncai.dicom.rtstruct.writer import write_rtstruct
    from radoncai.dicom.series.ct_writer import write_ct_series
    from radoncai.phantom.patient import sample_patient

    phantom = sample_patient()
    volume = write_ct_series(
        phantom.ct,
        folder / "ct",
        patient_id="SAMPLE",
        patient_name="Sample^Drawn",
        series_description="Drawn sample patient",
        header=PERSON,
    )
    targets = tuple(s for s in phantom.truth if s.role == "ptv")
    truth = StructureSet(volume.grid, phantom.truth.structures, volume.source)
    write_rtstruct(truth, volume, folder / "truth.dcm", label="TRUTH", description="What the phantom was drawn with")
    return phantom, volume, targets


def _contour(volume, targets, device: str, folder: Path, progress: Progress):
    from radoncai.contour.job import contour
    from radoncai.contour.write import write_results

    results = [contour(volume, name, device=device, progress=progress) for name in ("hn_oar", "body")]
    folder.mkdir()
    structures, record = write_results(results, volume, folder, progress, {"models": ["hn_oar", "body"]}, targets)
    return results, structures, record


def _dose(volume, structures, device: str, folder: Path, progress: Progress):
    from radoncai.dicom.structures import read_structures
    from radoncai.dose.bands import bands_of
    from radoncai.dose.evaluate import evaluate
    from radoncai.dose.goals import load_goals
    from radoncai.dose.job import predict_dose
    from radoncai.dose.write import write_results

    structures = read_structures(folder.parent / "contour" / "rtstruct.dcm", volume)
    result = predict_dose(volume, structures, PRESCRIPTION, "hn_dose", device=device, progress=progress)
    evaluation = evaluate(result.dose, structures, PRESCRIPTION, [load_goals(GOALS)], bands_of(result.model), progress)
    folder.mkdir()
    options = {
        "prescription_gy": PRESCRIPTION.targets,
        "fractions": PRESCRIPTION.fractions,
        "goals": [GOALS],
        "dvh": evaluation.dvh_choices,
    }
    record = write_results(result, evaluation, volume, structures, folder, progress, options)
    return (result, evaluation), record


def _bodycomp(volume, device: str, folder: Path, progress: Progress):
    from radoncai.bodycomp.job import measure_l3
    from radoncai.bodycomp.write import write_results

    result = measure_l3(volume, device=device, progress=progress)
    folder.mkdir()
    return result, write_results(result, volume, folder, progress)


def _sections(contours, structures, dose, body, volume, run: str):
    from radoncai.bodycomp.section import body_section
    from radoncai.bodycomp.write import row
    from radoncai.contour.section import contour_section
    from radoncai.dose.section import dose_section
    from radoncai.models.catalogue import find

    result, evaluation = dose
    sections = {
        "contour": contour_section(contours, structures, volume),
        "dose": dose_section(result, evaluation, structures, volume),
        "body": body_section(body, volume, row(body, volume, run)),
    }
    return sections, [*(c.model for c in contours), result.model, body.model, find("l3_level")]


def _summary(output: Path, contours: ContourSection, evaluation, body) -> Outcome:
    from radoncai.report import contour_part, dose_part

    found = contour_part.summary(contours)[0]
    goals, detail, _ = dose_part.summary(evaluation.goal_rows)
    muscle, sd = body.measured.values["muscle_cm2"], body.measured.sd["muscle_cm2"]
    lines = [
        f"{found}; {goals} ({detail}); L3 muscle {muscle:.1f} ± {sd:.1f} cm2",
        "AI results, not approved. For research and teaching.",
        f"Open {output / 'report.html'}",
    ]
    result = {"structures": list(contours.structures.names), "goal_counts": evaluation.counts, "muscle_cm2": muscle}
    return Outcome({**result, "report": str(output / "report.html"), "output": str(output)}, lines)
