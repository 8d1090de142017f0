"""The files of a dose run and of a DVH run."""

from __future__ import annotations

from pathlib import Path

from radoncai.core.progress import Progress
from radoncai.core.provenance import Provenance, describe, pseudonym, run_stamp
from radoncai.core.structures import StructureSet
from radoncai.core.tables import write_table
from radoncai.core.volume import Volume
from radoncai.dicom.image import write_image
from radoncai.dicom.rtdose.plan import write_rtplan
from radoncai.dicom.rtdose.writer import write_rtdose
from radoncai.dose import dvh
from radoncai.dose.evaluate import Evaluation
from radoncai.dose.job import DoseResult


def write_tables(evaluation: Evaluation, folder: Path, case: str, run: str) -> None:
    """Write dvh.csv, dvh_metrics.csv and, where goals were asked for, goals.csv."""
    write_table(folder / "dvh.csv", "dvh", dvh.rows(evaluation.dvhs), case=case, run=run)
    write_table(folder / "dvh_metrics.csv", "dvh_metrics", evaluation.metric_rows, case=case, run=run)
    if evaluation.goals:
        write_table(folder / "goals.csv", "goals", evaluation.goal_rows, case=case, run=run)


def provenance(
    result: DoseResult, volume: Volume, structures: StructureSet, options: dict[str, object] | None = None
) -> Provenance:
    """What was run on what."""
    inputs = {"image": describe(volume.source), "structures": describe(structures.source)}
    model = {"name": result.model.name, "version": result.model.version, "weights": result.weights}
    return Provenance(
        "dose",
        run_stamp(),
        inputs,
        (model,),
        options or {},
        result.device,
        result.seconds,
        result.overrides,
        result.name_mapping,
        warnings=result.warnings,
    )


def write_results(
    result: DoseResult,
    evaluation: Evaluation,
    volume: Volume,
    structures: StructureSet,
    folder: Path,
    progress: Progress,
    options: dict[str, object] | None = None,
) -> Provenance:
    """Write rtdose.dcm with its rtplan.dcm (dose.nrrd where the image has no DICOM references), tables, provenance."""
    progress.step("writing files")
    record = provenance(result, volume, structures, options)
    if volume.source.is_dicom:
        plan = write_rtplan(
            result.dose.prescription, volume.source, folder / "rtplan.dcm", structures=structures.source
        )
        write_rtdose(result.dose, folder / "rtdose.dcm", plan=plan, structures=structures.source)
    else:
        write_image(result.dose.volume, folder / "dose.nrrd")
    write_tables(evaluation, folder, pseudonym(volume.source), record.run)
    record.write(folder / "provenance.json")
    return record
