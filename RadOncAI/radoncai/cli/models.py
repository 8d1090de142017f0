"""`radoncai models`: what there is and what is known of it; install, add, remove, agree, verify, keep."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.arguments import add_device
from radoncai.cli.terminal import Outcome, table
from radoncai.core.errors import ModelError
from radoncai.core.progress import Progress

if TYPE_CHECKING:
    from radoncai.models.catalogue import ModelFolder

SUMMARY = "List, show, install, verify models"
ACTIONS = ("list", "show", "card", "verify", "install", "add", "remove", "agree", "keep")
CODE = "The files of {} may hold a program that runs on this machine with your rights."

INSTALL = (("--as", "NAME", "the name it gets here, or with keep that of the case"),
           ("--version", "VERSION", "such as 0.1.0"),
           ("--title", "TEXT", "what people read in lists"),
           ("--licence", "TEXT", "the terms of the weights"),
           ("--structures", "A,B", "what it gives, in the order of its outputs"),
           ("--spacing-mm", "3,1,1", "voxels it was trained on: slice, row, column"),
           ("--patch", "64,128,128", "voxels of a tile: slices, rows, columns; else the whole image"),
           ("--clip", "LOW,HIGH", "values it was trained on, scaled to -1 to 1"),
           ("--activation", "softmax|sigmoid", "structures exclude each other, or each by itself"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("name", nargs="?", help="a model (NAME or NAME@VERSION); for install and add a folder or file")
    look = parser.add_argument_group("list")
    look.add_argument("--text", metavar="WORDS", help="words in name, title, sites, structures or use")
    look.add_argument("--site", help="only models of this site")
    look.add_argument("--modality", help="only models for CT, MR or PT; with install what images it takes")
    look.add_argument("--structure", metavar="NAME", help="only models that give this structure")
    look.add_argument("--task", help="only models for contour, dose, tissue, level or image")
    card = parser.add_argument_group("card")
    card.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the card as an HTML page")
    card.add_argument("--export", type=Path, metavar="FILE", help="write it in the form of the AID-RT model card")
    card.add_argument("--import", type=Path, metavar="FILE", dest="source", help="take a card from such a file")
    card.add_argument("--fill", type=Path, metavar="ROWS", help="put the --json rows of a benchmark into its figures")
    card.add_argument("--data", metavar="WORDS", default="", help="with --fill: what the figures were measured on")
    card.add_argument("--only", metavar="WORD", default="", help="with --fill: only metrics with this word")
    install = parser.add_argument_group("install (what a file does not say itself)")
    install.add_argument("--agree", action="store_true", help="you keep to the licence's terms")
    for option, metavar, text in INSTALL:
        install.add_argument(option, metavar=metavar, dest="name_as" if option == "--as" else None, help=text)
    check = parser.add_argument_group("verify, agree, keep")
    check.add_argument("--run", action="store_true", dest="repeat", help="repeat the cases kept with the model")
    check.add_argument("--yes", action="store_true", help="agree without being asked")
    check.add_argument("--code", action="store_true", help="agree that its files may hold a program")
    check.add_argument("--case", metavar="INPUT", help="keep this case: an image, or 'sample' for the drawn patient")
    check.add_argument("--series", help="with --case: the DICOM series, by number or UID")
    check.add_argument("--structure-set", type=Path, metavar="RTSTRUCT", help="with --case of a dose model")
    check.add_argument("--prescription", metavar="PTV=GY,...", help="with --structure-set")
    check.add_argument("--fractions", type=int, metavar="N", help="with --structure-set")
    check.add_argument("--in-model", action="store_true", help="keep it in the model's own folder")
    add_device(check)


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    if args.action not in ("list", "verify") and not args.name:
        raise ModelError(f"Name what to {args.action}: radoncai models {args.action} NAME; radoncai models list shows "
                         "the models.")
    if args.action in ("verify", "keep"):
        from radoncai.cli import models_verify
        return getattr(models_verify, args.action)(args, progress)
    if args.action in ("show", "card"):
        from radoncai.cli import models_card
        return getattr(models_card, args.action)(args)
    return {"list": _list, "install": _install, "add": _add, "remove": _remove, "agree": _agree}[args.action](
        args, progress)


def _list(args: argparse.Namespace, _progress: Progress) -> Outcome:
    from radoncai.models.catalogue import catalogue, place_of, scan, search, versions
    from radoncai.models.ready import not_agreed, why_not

    folders = search(versions(), text=args.text or "", site=args.site or "", modality=args.modality or "",
                     structure=args.structure or "", task=args.task or "")
    chosen = {f.id for f in catalogue().values()}
    result = [{"name": f.name, "version": f.version, "default": f.id in chosen, "place": place_of(f),
               "task": f.model.task, "title": f.title, "sites": f.model.sites, "modality": f.model.modality,
               "structures": f.model.names, "licence": f.model.licence, "why_not": why_not(f) or not_agreed(f)}
              for f in folders]
    rows = [[f.name, f.version + ("" if f.id in chosen else " (older)"), f.model.task, _images(f),
             ", ".join(f.model.sites), place_of(f), f.title + (" (cannot run here)" if r["why_not"] else "")]
            for f, r in zip(folders, result, strict=True)]
    broken = [str(problem) for problem in scan()[1].values()]
    header = ["name", "version", "task", "images", "sites", "place", "title"]
    lines = table(rows, header) if rows else ["No model fits; radoncai models list shows all."]
    return Outcome({"models": result, "broken": broken}, [*lines, *_reasons(result), *broken])


def _images(folder: ModelFolder) -> str:
    """'CT', 'CT, MR' for one of them, 'CT + MR' for both."""
    images = folder.model.images
    return " + ".join(i.modality or i.name for i in images) if len(images) > 1 else ", ".join(folder.model.modality)


def _reasons(rows: list[dict]) -> list[str]:
    """Why models cannot run here, each reason once."""
    names: dict[str, list[str]] = {}
    for row in rows:
        if row["why_not"]:
            names.setdefault(row["why_not"], []).append(f"{row['name']}@{row['version']}")
    return [f"{', '.join(found[:3])}{f' and {len(found) - 3} more' if len(found) > 3 else ''}: {why}"
            for why, found in names.items()]


def _install(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.models.agreements import needed
    from radoncai.models.card import missing_fields
    from radoncai.models.catalogue import damages, verify
    from radoncai.models.install.describing import facts_from
    from radoncai.models.install.installing import install

    options = {key: getattr(args, key) for key in ("version", "title", "licence", "modality", "structures",
                                                   "spacing_mm", "patch", "clip", "activation")}
    folder = install(Path(args.name), agreed=("licence",) if args.agree else (), progress=progress,
                     facts=facts_from({"name": args.name_as, **options}))
    lines = [f"{folder.title} {folder.version} is installed as {folder.id} in {folder.path}",
             f"its licence: {folder.model.licence}", *(f"{a.text} radoncai models agree {folder.id}"
                                                       for a in needed(folder)), *damages(folder)]
    if lacking := missing_fields(folder.card):
        lines.append(f"its card lacks {', '.join(lacking)}; radoncai models card {folder.id} --import FILE takes one")
    return Outcome({"name": folder.name, "version": folder.version, "path": str(folder.path),
                    "needed": [a.kind for a in needed(folder)], "findings": verify(folder)}, lines)


def _add(args: argparse.Namespace, _progress: Progress) -> Outcome:
    from radoncai.models.install.installing import add

    found = add(Path(args.name))
    return Outcome({"added": [f.id for f in found]}, [f"{f.id}: {f.title}" for f in found])


def _remove(args: argparse.Namespace, _progress: Progress) -> Outcome:
    from radoncai.models.install.installing import remove

    gone = remove(args.name)
    return Outcome({"removed": str(gone)}, [f"removed: {gone}"])


def _agree(args: argparse.Namespace, _progress: Progress) -> Outcome:
    from radoncai.models.agreements import Agreement, needed, record
    from radoncai.models.catalogue import find

    folder = find(args.name)
    wanted = needed(folder) + ((Agreement("code", CODE.format(folder.title)),) if args.code else ())
    if not wanted:
        return Outcome({"model": folder.id, "agreed": []}, [f"{folder.id} asks for nothing that is not agreed to."])
    for agreement in wanted:
        print(agreement.text, file=sys.stderr)
    if not args.yes:
        if not sys.stdin.isatty():
            raise ModelError(f"Nobody is here to be asked; radoncai models agree {folder.id} --yes agrees to this.")
        print("Do you agree? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise ModelError(f"{folder.id} was not agreed to; it stays as it was.")
    given = record(folder, [a.kind for a in wanted])
    return Outcome({"model": folder.id, "agreed": list(given)}, [f"{folder.id}: agreed to {' and '.join(given)}"])
