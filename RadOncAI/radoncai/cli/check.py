"""`radoncai check`: what would trouble a planning system in RTSTRUCT, RTPLAN and RTDOSE files."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import add_series
from radoncai.cli.terminal import Outcome
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.core.volume import Volume
    from radoncai.dicom.check.judge import Finding

SUMMARY = "Say what would trouble a planning system in a structure set, plan or dose"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="RTSTRUCT, RTPLAN or RTDOSE files; a plan's structure set is looked for among them",
    )
    parser.add_argument("--ct", type=Path, metavar="INPUT", help="the images, to check what lies where")
    parser.add_argument(
        "--profile", default="generic", metavar="NAME", help="generic, eclipse, raystation, monaco, pinnacle, or own"
    )
    parser.add_argument(
        "--existing", type=Path, metavar="RTSTRUCT", help="the set that the planning system has already"
    )
    add_series(parser)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.dicom.check.profiles import load_profile
    from radoncai.dicom.image import read_image

    profile = load_profile(args.profile)
    volume = None
    if args.ct:
        progress.step("reading the image")
        volume = read_image(args.ct, series=args.series, gaps=args.gaps)
    rows, lines, errors = [], [], 0
    for path in args.files:
        progress.step(f"checking {path.name}")
        kind, found = _check(path, volume, profile, args)
        errors += sum(f.severity == "error" for f in found)
        rows.append({"file": str(path), "kind": kind, "findings": [asdict(f) for f in found]})
        lines += [f"{path}: {kind}, {_counted(found)}", *(f"  {f.severity:<8}{f}" for f in found)]
    if volume is None and any(row["kind"] == "RTSTRUCT" for row in rows):
        lines.append("Where contours lie was not compared with images; name them with --ct.")
    lines.append(f"checked for {profile.title} (profile {profile.name})")
    return Outcome({"profile": profile.name, "errors": errors, "files": rows}, lines, 2 if errors else 0)


def _check(path: Path, volume: Volume | None, profile: object, args: argparse.Namespace) -> tuple[str, tuple]:
    """What the file is, and its findings. InputError for a file for which there are no rules."""
    from radoncai.dicom.check.judge import Finding, check_rtplan, check_rtstruct
    from radoncai.dicom.files import open_dicom
    from radoncai.dicom.rtdose.writer import read_rtdose
    from radoncai.dicom.values import modality_of

    kind = modality_of(open_dicom(path, pixels=False))
    if kind == "RTSTRUCT":
        return kind, check_rtstruct(path, volume, profile, args.existing)
    if kind == "RTPLAN":
        return kind, check_rtplan(path, volume, profile, args.files)
    if kind != "RTDOSE":
        raise InputError(f"{path} is {kind or 'an object without a modality'}; only RTSTRUCT, RTPLAN and RTDOSE are "
                         "checked.")
    try:
        said = read_rtdose(path).volume.source.warnings
    except InputError as error:
        return kind, (Finding("error", "readable", "", str(error), "our own reader"),)
    return kind, tuple(Finding("warning", "readable", "", text, "our own reader") for text in said)


def _counted(found: tuple[Finding, ...]) -> str:
    counts = [(n, word) for word in ("error", "warning", "note") if (n := sum(f.severity == word for f in found))]
    return ", ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts) or "nothing found"
