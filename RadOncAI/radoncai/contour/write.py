"""The files of one or several contour runs on one image: one set, one RTSTRUCT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from radoncai.contour.job import ContourResult
from radoncai.contour.table import structure_rows
from radoncai.core.progress import Progress
from radoncai.core.provenance import Provenance, describe, pseudonym, run_stamp
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.tables import write_table
from radoncai.core.volume import Volume
from radoncai.dicom.labels import write_seg_nrrd
from radoncai.dicom.rtstruct_writer import write_rtstruct


def merged(results: Sequence[ContourResult], given: Sequence[Structure] = ()) -> StructureSet:
    """One set: the structures that were given, then those of each model; of equal names the first stays."""
    first = results[0].structures
    names = {s.name for s in given}
    kept = list(given)
    for result in results:
        kept += [s for s in result.structures if s.name not in names]
        names |= set(result.structures.names)
    missing = {name: why for result in results for name, why in result.structures.missing.items() if name not in names}
    return replace(first, structures=tuple(kept), missing=missing, label="AI contours")


def provenance(
    results: Sequence[ContourResult], volume: Volume, options: dict[str, object] | None = None
) -> Provenance:
    """What was run on what."""
    models = tuple({"name": r.model.name, "version": r.model.version, "weights": r.weights} for r in results)
    post = {
        s.name: list(r.model.model.postprocess[s.name])
        for r in results
        for s in r.structures
        if s.name in r.model.model.postprocess
    }
    warnings = tuple(w for r in results for w in r.warnings)
    overrides = tuple(w for w in warnings if w.startswith("Overridden"))
    seconds = {f"{r.model.name}: {step}": s for r in results for step, s in r.seconds.items()}
    return Provenance(
        "contour",
        run_stamp(),
        {"image": describe(volume.source)},
        models,
        options or {},
        results[0].device,
        seconds,
        overrides,
        postprocessing=post,
        warnings=warnings,
    )


def write_results(
    results: Sequence[ContourResult],
    volume: Volume,
    folder: Path,
    progress: Progress,
    options: dict[str, object] | None = None,
    given: Sequence[Structure] = (),
) -> tuple[StructureSet, Provenance]:
    """Write rtstruct.dcm (from DICOM), structures.seg.nrrd, structures.csv and provenance.json.

    `given` structures (a person's targets, say) go into the same set in front of the models'.
    """
    progress.step("writing files")
    structures = merged(results, given)
    record = provenance(results, volume, options)
    if volume.source.is_dicom:
        titles = ", ".join(r.model.title for r in results)
        write_rtstruct(structures, volume, folder / "rtstruct.dcm", description=f"{titles}; not reviewed")
    write_seg_nrrd(structures, folder / "structures.seg.nrrd")
    write_table(
        folder / "structures.csv",
        "structures",
        structure_rows(structures),
        case=pseudonym(volume.source),
        run=record.run,
    )
    record.write(folder / "provenance.json")
    return structures, record
