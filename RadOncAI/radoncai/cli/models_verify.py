"""`radoncai models verify` and `keep`: are the files whole, and does each model still give what it gave?"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.terminal import Outcome
from radoncai.core.errors import InputError, ModelError
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.cases.repeat import Repeat
    from radoncai.models.catalogue import ModelFolder

CHANGED = 3


def verify(args: argparse.Namespace, progress: Progress) -> Outcome:
    """Files and cards of one model or all versions of all; with --run the kept cases of those that names stand for."""
    from radoncai.models.catalogue import card_findings, catalogue, damages, find, place_of, scan, versions
    from radoncai.models.runners.onnx import misfits

    folders = [find(args.name)] if args.name else versions()
    findings = [text for folder in folders for text in damages(folder) or misfits(folder)]
    cards = {folder.id: card_findings(folder) for folder in folders}
    remarks = [text for f in folders if place_of(f) != "bundled" and not args.name for text in cards.pop(f.id)]
    findings += [text for texts in cards.values() for text in texts]
    if not args.name:
        findings += [str(problem) for problem in scan()[1].values()]
    if findings:
        raise ModelError(f"{len(findings)} finding{'s' * (len(findings) > 1)}: {'; '.join(findings)}.")
    whole = [f"{f.name} {f.version}: whole" for f in folders]
    result = {"verified": [f.name for f in folders], "findings": [], "remarks": remarks}
    if not args.repeat:
        return Outcome(result, whole + remarks)
    chosen = folders if args.name else list(catalogue().values())
    return _repeated(chosen, args.device, progress, result, whole + remarks)


def keep(args: argparse.Namespace, progress: Progress) -> Outcome:
    """Keep what a model gives on --case; without --case on all cases that it has, which accepts what changed."""
    from radoncai.cases.case import load, places
    from radoncai.cases.inputs import SAMPLE, file_recipe, sample_recipe
    from radoncai.cases.repeat import keep as keep_case
    from radoncai.models.catalogue import find

    folder = find(args.name)
    if args.case is None:
        own = places(folder)[1]
        wanted = [(c.name, c.input, not (own / f"{c.name}.json").is_file()) for c in load(folder)]
        if not wanted:
            raise ModelError(f"{folder.id} has no case yet; add --case sample, or --case INPUT with an image of yours.")
    elif args.case == SAMPLE:
        wanted = [(args.name_as or SAMPLE, sample_recipe(folder), args.in_model)]
    else:
        targets, fractions = _prescription(args)
        recipe = file_recipe(Path(args.case), args.series, args.structure_set, targets, fractions)
        wanted = [(args.name_as or Path(args.case).name.split(".")[0], recipe, args.in_model)]
    lines, kept = [], []
    for name, recipe, in_model in wanted:
        case, path = keep_case(folder, name, recipe, in_model=in_model, device=args.device, progress=progress)
        kept.append({"case": case.name, "file": str(path), "results": {n: k.value for n, k in case.results.items()}})
        lines += [f"{folder.id}, {case.name}: {len(case.results)} results kept in {path}"]
    return Outcome({"model": folder.id, "kept": kept}, lines)


def _repeated(folders: list[ModelFolder], device: str, progress: Progress, result: dict, lines: list[str]) -> Outcome:
    from radoncai.cases.repeat import repeat

    inputs: dict = {}
    runs: list[Repeat] = []
    without = []
    for folder in folders:
        found = repeat(folder, device=device, progress=progress, inputs=inputs)
        without += [] if found else [folder.id]
        runs += found
    for run in runs:
        lines += [f"{run.model}, {run.case}: {_summary(run)}", *(f"  {c.name} {c.text}" for c in run.changes)]
    if without:
        more = f" and {len(without) - 3} more" if len(without) > 3 else ""
        lines.append(f"no case is kept with {', '.join(without[:3])}{more}; radoncai models keep {without[0]} --case "
                     "sample keeps one")
    changed = any(run.changes or run.problem for run in runs)
    return Outcome({**result, "cases": [asdict(run) for run in runs], "without_case": without,
                    "changed": changed}, lines, CHANGED * changed)


def _summary(run: Repeat) -> str:
    if run.problem:
        return f"could not be repeated: {run.problem}"
    words = f"{run.unchanged} as kept" if not run.changes else f"{len(run.changes)} changed, {run.unchanged} as kept"
    return f"{words} ({run.note})" if run.note else words


def _prescription(args: argparse.Namespace) -> tuple[dict[str, float] | None, int | None]:
    if args.structure_set is None:
        return None, None
    if not args.prescription or not args.fractions:
        raise InputError("--structure-set needs --prescription PTV_7000=70 and --fractions 35 beside it.")
    try:
        return {n.strip(): float(gy) for n, gy in (part.split("=") for part in args.prescription.split(","))}, \
            args.fractions
    except ValueError:
        raise InputError(f"The prescription {args.prescription!r} is not NAME=GY,NAME=GY.") from None
