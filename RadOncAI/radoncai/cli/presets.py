"""`radoncai presets`: the sites' lists of structures with the models that give them."""

from __future__ import annotations

import argparse

from radoncai.cli.terminal import Outcome, table
from radoncai.core.errors import InputError
from radoncai.core.progress import Progress

SUMMARY = "List, show or copy the site presets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "show", "copy"))
    parser.add_argument("name", nargs="?", help="a preset; needed by show and copy")
    parser.add_argument("--to", metavar="NEW", help="name of the copy, which lies in your own folder to be edited")


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    if args.action != "list" and not args.name:
        raise InputError(f"Name a preset to {args.action}; radoncai presets list shows them.")
    return {"list": _list, "show": _show, "copy": _copy}[args.action](args)


def _list(args: argparse.Namespace) -> Outcome:
    from radoncai.contour.presets.choose import preset_row
    from radoncai.contour.presets.preset import preset_files, read_preset

    rows, broken = [], []
    for path in preset_files().values():
        try:
            rows.append(preset_row(read_preset(path)))
        except InputError as problem:
            broken.append(str(problem))
    shown = [[r["name"], r["title"], f"{r['ready']} of {r['total']}", "yours" if r["own"] else ""] for r in rows]
    return Outcome({"presets": rows, "broken": broken}, table(shown, ["name", "title", "can run here", ""]) + broken)


def _show(args: argparse.Namespace) -> Outcome:
    from radoncai.contour.presets.choose import preset_row
    from radoncai.contour.presets.preset import load_preset

    preset = load_preset(args.name)
    row = preset_row(preset)
    shown = [[s["name"], s["local_name"], s["model"] or "-", s["why_not"]] for s in row["structures"]]
    lines = [f"{preset.title} ({preset.path})", "",
             *table(shown, ["structure", "your name", "model", "what is missing"])]
    return Outcome(row, [*lines, *row["problems"], *(f"to install: {command}" for command in row["install"])])


def _copy(args: argparse.Namespace) -> Outcome:
    from radoncai.contour.presets.preset import copy_preset

    if not args.to:
        raise InputError("Say how the copy is to be named: --to NEW.")
    path = copy_preset(args.name, args.to)
    return Outcome({"name": args.to, "path": str(path)}, [f"{path} is yours to edit"])
