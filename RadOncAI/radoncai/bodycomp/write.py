"""The files of a body composition run."""

from __future__ import annotations

import json
from pathlib import Path

from radoncai.bodycomp.job import BodyResult
from radoncai.core.progress import Progress
from radoncai.core.provenance import Provenance, describe, pseudonym, run_stamp
from radoncai.core.tables import write_table
from radoncai.core.volume import Volume
from radoncai.dicom.image import write_image
from radoncai.report.pictures import tissue_picture


def provenance(result: BodyResult, volume: Volume, options: dict[str, object] | None = None) -> Provenance:
    """What was run on what."""
    level = {"name": "l3_level", "rule": result.measured.level.rule}
    tissue = {"name": result.model.name, "version": result.model.version, "weights": result.weights}
    return Provenance(
        "bodycomp",
        run_stamp(),
        {"image": describe(volume.source)},
        (level, tissue),
        options or {},
        result.device,
        result.seconds,
        warnings=(*volume.source.warnings, *result.measured.level.notes, *result.measured.flags),
    )


def row(result: BodyResult, volume: Volume, run: str) -> dict[str, object]:
    """The row of bodycomp.csv."""
    return result.measured.to_row(
        pseudonym(volume.source), run, result.model.name, result.model.version, result.weights
    )


def write_results(
    result: BodyResult, volume: Volume, folder: Path, progress: Progress, options: dict[str, object] | None = None
) -> Provenance:
    """Write result.json, bodycomp.csv, l3.png, tissue.nrrd and provenance.json."""
    progress.step("writing files")
    record = provenance(result, volume, options)
    numbers = row(result, volume, record.run)
    level = result.measured.level
    more = {"vertebrae_s_mm": level.vertebrae, "level_votes_s_mm": level.votes, "level_rule": level.rule}
    (folder / "result.json").write_text(json.dumps({**numbers, **more}, indent=1) + "\n", encoding="utf-8")
    write_table(folder / "bodycomp.csv", "bodycomp", [numbers], case=numbers["case"], run=record.run)
    write_image(result.measured.tissue, folder / "tissue.nrrd")
    picture = tissue_picture(result.measured.image, result.measured.tissue.array[0], _slice_mm(result))
    picture.save(folder / "l3.png")
    record.write(folder / "provenance.json")
    return record


def _slice_mm(result: BodyResult) -> float:
    return float(result.measured.image.grid.origin_lps[2])
