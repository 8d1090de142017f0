"""`radoncai register`: lay a second image of a patient onto the planning image, to be looked at and accepted."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.arguments import add_output, add_series
from radoncai.cli.terminal import Outcome
from radoncai.core.progress import Progress

SUMMARY = "Register a second image onto the planning CT"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fixed", type=Path, metavar="FIXED", help="the planning CT: DICOM folder, NIfTI or NRRD")
    parser.add_argument("moving", type=Path, metavar="MOVING", help="the image that is laid onto it (MR, PET, CT)")
    add_series(parser)
    parser.add_argument("--moving-series", metavar="NUMBER|UID", help="series of MOVING, where a folder holds several")
    parser.add_argument("--same-patient", action="store_true", help="accept images of two patient IDs")
    add_output(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from dataclasses import replace

    from radoncai.contour.images.placed import NEEDLESS, told
    from radoncai.contour.images.registered import write_registration
    from radoncai.core.output import staged
    from radoncai.core.rigid import register
    from radoncai.dicom.image import read_image
    from radoncai.dicom.registration import find_registrations
    from radoncai.dicom.same_patient import check_same_patient
    from radoncai.report.checkerboard import checkerboard_picture

    with staged(args.output) as place:
        progress.step("reading the images")
        fixed = read_image(args.fixed, series=args.series, gaps=args.gaps)
        moving = read_image(args.moving, series=args.moving_series, gaps=args.gaps)
        said = check_same_patient(replace(fixed.source, frame_uid=""), replace(moving.source, frame_uid=""),
                                  "the two images", same_patient=args.same_patient)
        frames = moving.source.frame_uid, fixed.source.frame_uid
        clinics = [f"The clinic's own registration {path} relates these images; --registration dicom uses it."
                   for path in find_registrations(args.moving, args.fixed, between=frames)] \
            if all(frames) and frames[0] != frames[1] else []
        found = register(fixed, moving, progress)
        found = replace(found, warnings=(*found.warnings, *said, *told(fixed, moving, found.figures, NEEDLESS)))
        progress.step("writing files")
        written = write_registration(found, fixed, moving, place, progress.seconds)
        moved = moving.with_array(moving.array, type(moving.grid)(moving.grid.shape,
                                                                 found.matrix @ moving.grid.index_to_lps))
        checkerboard_picture(fixed, moved).save(place / "checkerboard.png")
        files = sorted(p.name for p in place.iterdir())
    f = found.figures
    before = "none" if f["information_before"] is None else f"{f['information_before']:.3f}"
    lines = [
        f"shift {f['shift_mm']:.1f} mm (L {f['shift_l_mm']:.1f}, P {f['shift_p_mm']:.1f}, S {f['shift_s_mm']:.1f}), "
        f"turn {f['turn_degrees']:.1f} degrees",
        f"mutual information {before} before, {f['information_after']:.3f} after; "
        f"{100 * f['overlap']:.0f} % of the body is on both",
        *found.warnings, *clinics,
        f"written to {args.output}: {', '.join(files)}",
        f"look at {args.output / 'checkerboard.png'}; edges that run on across the fields are right. To accept: "
        f"radoncai contour ... --registration {args.output / 'registration.json'}",
    ]
    result = {"matrix": found.matrix.tolist(), "figures": f, "warnings": [*found.warnings, *clinics],
              "inputs": written.record["inputs"], "output": str(args.output), "files": files}
    return Outcome(result, lines)
