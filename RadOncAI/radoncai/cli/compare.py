"""`radoncai compare`: contour sets side by side."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.arguments import add_naming, add_output, add_series, name_map
from radoncai.cli.terminal import Outcome, table
from radoncai.core.progress import Progress

SUMMARY = "Compare contour sets with a reference"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", type=Path, metavar="REFERENCE", help="RTSTRUCT or label map")
    parser.add_argument("others", type=Path, nargs="+", metavar="OTHER", help="RTSTRUCT or label map")
    parser.add_argument("--ct", type=Path, metavar="INPUT", help="the images; needed for RTSTRUCT")
    add_naming(parser)
    add_series(parser)
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai import __version__
    from radoncai.contour.compare import compare
    from radoncai.core.errors import InputError
    from radoncai.core.output import staged
    from radoncai.core.provenance import Provenance, describe, pseudonym, run_stamp
    from radoncai.core.tables import write_table
    from radoncai.dicom.files import is_dicom
    from radoncai.dicom.image import read_image
    from radoncai.dicom.masks.labels import read_labels
    from radoncai.dicom.structures import read_structures
    from radoncai.report.compare import compare_page, compare_pictures
    from radoncai.report.html import write_page

    files = [args.reference, *args.others]
    if not args.ct and any(f.is_file() and is_dicom(f) for f in files):
        raise InputError("An RTSTRUCT is compared on its images; name them with --ct.")
    with staged(args.output) as place:
        progress.step("reading the structures")
        volume = read_image(args.ct, series=args.series, gaps=args.gaps) if args.ct else read_labels(args.reference)
        sets = [read_structures(f, volume, same_patient=args.same_patient) for f in files]
        labels = _labels(files)
        progress.step("comparing")
        others = list(zip(labels[1:], sets[1:], strict=True))
        found = compare(sets[0], others, label=labels[0], mapping=name_map(args), progress=progress)
        said = [*found.said, *(f"{who}: {name}: {why}." for (who, name), why in found.reasons.items())]
        record = Provenance(
            "compare",
            run_stamp(),
            {n: describe(s.source) for n, s in zip(labels, sets, strict=True)},
            warnings=tuple(said),
        )
        case = pseudonym(volume.source)
        write_table(place / "compare.csv", "compare", found.rows, case=case, run=record.run)
        rows = [{**r, "reason": found.reasons.get((r["other"], r["structure"]), "")} for r in found.rows]
        pictures = compare_pictures(volume, sets[0], sets[1]) if args.ct and len(sets) == 2 else ()
        page = compare_page(
            rows,
            title=f"Contours compared, {case}",
            pictures=pictures,
            reference=labels[0],
            other=labels[1],
            warnings=said,
            version=__version__,
        )
        write_page(place / "compare.html", page)
        record.write(place / "provenance.json")
        written = sorted(p.name for p in place.iterdir())
    shown = [[str(r["other"]), str(r["structure"]), *(_number(r[k], d) for k, d in COLUMNS)] for r in rows]
    lines = [
        *table(shown, ["set", "structure", *(k for k, _ in COLUMNS)], set(range(2, 2 + len(COLUMNS)))),
        *said,
        f"written to {args.output}: {', '.join(written)}",
    ]
    return Outcome({"rows": rows, "warnings": list(said), "output": str(args.output), "files": written}, lines)


COLUMNS = (
    ("dice", 3),
    ("surface_dice", 3),
    ("hd95_mm", 1),
    ("mean_surface_mm", 1),
    ("volume_ref_cc", 1),
    ("volume_other_cc", 1),
)


def _number(value: object, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _labels(files: list[Path]) -> list[str]:
    """File names without endings; the folder's name too where two are equal."""
    stems = [f.name.split(".")[0] for f in files]
    return [f"{f.parent.name}/{s}" if stems.count(s) > 1 else s for f, s in zip(files, stems, strict=True)]
