"""The files of one or several contour runs on one image: one set, one RTSTRUCT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from radoncai.contour.job import ContourResult
from radoncai.contour.presets.choose import Choice
from radoncai.contour.table import structure_rows
from radoncai.core.progress import Progress
from radoncai.core.provenance import Provenance, describe, pseudonym, run_stamp
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.tables import write_table
from radoncai.core.volume import Volume
from radoncai.dicom.check.judge import check_rtstruct, read_back, read_back_sentence
from radoncai.dicom.check.profiles import load_profile
from radoncai.dicom.masks.labels import write_seg_nrrd
from radoncai.dicom.raster import write_raster
from radoncai.dicom.rtstruct.extend import add_to_rtstruct, kept_sentence
from radoncai.dicom.rtstruct.reader import read_contours
from radoncai.dicom.rtstruct.writer import write_rtstruct


def merged(results: Sequence[ContourResult], given: Sequence[Structure] = (), choice: Choice | None = None
           ) -> StructureSet:
    """One set: the structures that were given, then those of each model; of equal names the first stays.

    With the `choice` of a preset they stand in its order, and those that no model was there for are in `unavailable`.
    """
    first = results[0].structures
    names = {s.name for s in given}
    kept = list(given)
    for result in results:
        kept += [s for s in result.structures if s.name not in names]
        names |= set(result.structures.names)
    missing = {name: why for result in results for name, why in result.structures.missing.items() if name not in names}
    unavailable = choice.unavailable if choice else {}
    missing |= {name: why for name, why in unavailable.items() if name not in names}
    if choice:
        order = {name: n for n, name in enumerate((*(s.name for s in given), *choice.labels))}
        kept.sort(key=lambda s: order.get(s.name, len(order)))
        missing = dict(sorted(missing.items(), key=lambda item: order.get(item[0], len(order))))
    return replace(first, structures=tuple(kept), missing=missing, label="AI contours",
                   unavailable=frozenset(unavailable) & set(missing))


def provenance(
    results: Sequence[ContourResult], volume: Volume, options: dict[str, object] | None = None,
    choice: Choice | None = None,
) -> Provenance:
    """What was run on what: each model with the images it read, its seconds and its structures."""
    post = {s.name: rules for r in results for s in r.structures if (rules := _cleaned(r, s.name))}
    warnings = tuple(dict.fromkeys((*(w for r in results for w in r.warnings), *(choice.problems if choice else ()))))
    overrides = tuple(w for w in warnings if w.startswith("Overridden"))
    seconds = {f"{_called(r, results)}: {step}": s for r in results for step, s in r.seconds.items()}
    options = dict(options or {})
    if spread := {_called(r, results): _spread(r) for r in results if r.passes > 1 or r.entropies}:
        options["spread"] = spread
    return Provenance(
        "contour",
        run_stamp(),
        {"image": describe(volume.source)},
        tuple(_model(r, volume) for r in results),
        options,
        results[0].device,
        seconds,
        overrides,
        name_mapping={label: "+".join(outs) for r in results for label, outs in r.outputs.items() if outs != (label,)},
        postprocessing=post,
        warnings=warnings,
    )


def _model(result: ContourResult, volume: Volume) -> dict[str, object]:
    folder, inputs = result.model, result.inputs or {"image": describe(volume.source)}
    return {"name": folder.name, "version": folder.version, "weights": result.weights, "device": result.device,
            "inputs": inputs, "seconds": round(sum(result.seconds.values()), 3),
            "passes": result.passes, "mirrored": result.mirrored,
            "structures": list(result.structures.names)}


def _called(result: ContourResult, results: Sequence[ContourResult]) -> str:
    """The model's name, with its version where two versions ran."""
    same = sum(r.model.name == result.model.name for r in results) > 1
    return f"{result.model.name}@{result.model.version}" if same else result.model.name


def _cleaned(result: ContourResult, name: str) -> list[str]:
    """The clean-up rules of the outputs behind a structure."""
    rules = result.model.model.postprocess
    return list(dict.fromkeys(r for output in result.outputs.get(name, (name,)) for r in rules.get(output, ())))


def _spread(result: ContourResult) -> dict[str, object]:
    return {"passes": result.passes, "mean_entropy_bit": result.entropies, "calibrated": False}


def least_sure(results: Sequence[ContourResult], volume: Volume) -> np.ndarray | None:
    """uint8 on the image's grid, 0 .. 255 = 0 .. 1 bit: of several models the least sure one; None where none says."""
    charts = [r.entropy for r in results if r.entropy is not None and r.entropy.shape == volume.grid.shape]
    return None if not charts else charts[0] if len(charts) == 1 else np.maximum.reduce(charts)


def write_entropy(results: Sequence[ContourResult], volume: Volume, folder: Path) -> Path | None:
    """uncertainty.nrrd with `least_sure`; None where no result has entropies on this grid."""
    worst = least_sure(results, volume)
    return None if worst is None else write_raster(worst, volume.grid, folder / "uncertainty.nrrd")


@dataclass(frozen=True)
class RtstructOptions:
    """How rtstruct.dcm is written: profile of the planning system, contours "exact" or "smooth" and holes "keyhole" or
    "xor" ("": as the profile has it), and an RTSTRUCT whose own ROIs go on untouched."""

    profile: str = "generic"
    contours: str = ""
    add_to: Path | None = None
    same_patient: bool = False
    holes: str = ""


def write_results(
    results: Sequence[ContourResult],
    volume: Volume,
    folder: Path,
    progress: Progress,
    options: dict[str, object] | None = None,
    given: Sequence[Structure] = (),
    rtstruct: RtstructOptions | None = None,
    choice: Choice | None = None,
) -> tuple[StructureSet, Provenance]:
    """Write rtstruct.dcm (from DICOM), structures.seg.nrrd, structures.csv, provenance.json, where it was asked for
    uncertainty.nrrd.

    `given` structures (a person's targets, say) go into the same set in front of the models', `choice` is a preset's.
    rtstruct.dcm is read back
    and compared; what the writer, the profile's rules and the comparison said stands in the provenance.
    """
    progress.step("writing files")
    structures = merged(results, given, choice)
    record = provenance(results, volume, options, choice)
    if volume.source.is_dicom:
        titles = ", ".join(r.model.title for r in results)
        written, said = _write_rtstruct(structures, volume, folder, f"{titles}; not reviewed", rtstruct)
        record = replace(record, options={**record.options, "rtstruct": written}, warnings=(*record.warnings, *said))
    write_seg_nrrd(structures, folder / "structures.seg.nrrd")
    write_entropy(results, volume, folder)
    write_table(
        folder / "structures.csv",
        "structures",
        structure_rows(structures),
        case=pseudonym(volume.source),
        run=record.run,
    )
    record.write(folder / "provenance.json")
    return structures, record


def _write_rtstruct(
    structures: StructureSet, volume: Volume, folder: Path, description: str, options: RtstructOptions | None
) -> tuple[dict[str, object], list[str]]:
    """What was written, for the record, and what was said about it."""
    options = options or RtstructOptions()
    profile = load_profile(options.profile)
    asked = {"contours": options.contours, "holes": options.holes}
    writing = {**profile.writing, **{key: word for key, word in asked.items() if word}}
    path = folder / "rtstruct.dcm"
    if options.add_to:
        said = add_to_rtstruct(options.add_to, structures, volume, path, description=description,
                               same_patient=options.same_patient, **writing)
    else:
        said = write_rtstruct(structures, volume, path, description=description, **writing)
    taken = {roi.structure.name.casefold() for roi in read_contours(options.add_to).rois} if options.add_to else set()
    added = replace(structures, structures=tuple(s for s in structures if s.name.casefold() not in taken))
    compared = read_back(path, added, volume)
    found = check_rtstruct(path, volume, profile, options.add_to)
    written = {"profile": profile.name, **writing, "read_back": read_back_sentence(compared)}
    if options.add_to:
        written["kept"] = kept_sentence(options.add_to, path)
    off = [] if all(r.same for r in compared) else [read_back_sentence(compared)]
    doubts = [f"{profile.title}: {finding}." for finding in found if finding.severity != "note"]
    return written, [*said, *off, *doubts]
