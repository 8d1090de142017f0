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


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    from radoncai.models.environment_install import download, in_words, install, recipe_of

    recipe = recipe_of(args.name)
    if args.download:
        names = download(args.name, args.download, progress)
        text = (f"{recipe.title}: {len(names)} wheels lie in {args.download}; carry the folder to a machine with the "
                f"same system and Python and run there: radoncai install {args.name} --from FOLDER")
        return Outcome({"name": args.name, "downloaded": str(args.download), "wheels": names}, [text])
    found = install(args.name, progress, args.source)
    return Outcome({"name": args.name, **found}, [in_words(recipe, found)])
