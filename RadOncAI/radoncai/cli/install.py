"""`radoncai install`: heavy packages for other people's models, each in an environment of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from radoncai.cli.terminal import Outcome
from radoncai.core.progress import Progress

SUMMARY = "Install what other people's models need"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="nnunet, totalsegmentator, torch or monai")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--download", type=Path, metavar="FOLDER",
                       help="only fetch everything into FOLDER, for a machine without internet")
    where.add_argument("--from", dest="source", type=Path, metavar="FOLDER",
                       help="install from FOLDER, made by --download; nothing else is asked")
    parser.add_argument("--weights", metavar="TASK,TASK", default="",
                        help="totalsegmentator only: also fetch the weights of these tasks, such as total")


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.core.errors import InputError
    from radoncai.models.install.environment_install import bring, download, recipe_of

    recipe = recipe_of(args.name)
    tasks = [t.strip() for t in args.weights.split(",") if t.strip()]
    if tasks and args.name != "totalsegmentator":
        raise InputError("--weights are those of TotalSegmentator; name it: radoncai install totalsegmentator.")
    if args.download:
        if tasks:
            from radoncai.models.runners.totalsegmentator_weights import fetch

            fetch(tasks, args.download, progress)
        names = download(args.name, args.download, progress)
        text = (f"{recipe.title}: {len(names)} wheels lie in {args.download}; carry the folder to a machine with the "
                f"same system and Python and run there: radoncai install {args.name} --from FOLDER")
        return Outcome({"name": args.name, "downloaded": str(args.download), "wheels": names}, [text])
    said = bring(args.name, progress, args.source, tasks)
    return Outcome({"name": args.name, "said": said}, said)
