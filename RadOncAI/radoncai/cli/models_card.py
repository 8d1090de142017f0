"""`radoncai models show` and `card`: what is known of a model, on the terminal, as a page, in and out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from radoncai.cli.terminal import Outcome
from radoncai.core.errors import InputError, PlatformError


def show(args: argparse.Namespace) -> Outcome:
    """The card on the terminal, section by section."""
    from radoncai.models.catalogue import find
    from radoncai.report.card_sections import sections

    folder = find(args.name)
    lines = [f"{folder.title}  ({folder.id}, {folder.model.task}, {folder.model.runner})"]
    for section in sections(folder.card):
        lines += ["", section.title]
        for item in section.items:
            lines += [f"  {item.title}: {item.texts[0]}"] if len(item.texts) == 1 else \
                [f"  {item.title}:", *(f"    {text}" for text in item.texts)]
    return Outcome({"name": folder.name, "version": folder.version, "card": folder.card}, lines)


def card(args: argparse.Namespace) -> Outcome:
    """Write the page (-o), export, import or fill the card; without any of these say what it lacks."""
    from radoncai import __version__
    from radoncai.models.card import gaps
    from radoncai.models.card_exchange import export, fill, import_card
    from radoncai.models.catalogue import find, read_folder
    from radoncai.report.card import write_card

    folder, done = find(args.name), []
    if args.source:
        import_card(folder, _json(args.source), str(args.source))
        done.append(f"the card of {folder.id} is now that of {args.source}")
    if args.fill:
        count = fill(folder, _json(args.fill), args.data, args.only)
        done.append(f"{count} figures of {args.fill} stand in the card of {folder.id}")
    folder = read_folder(folder.path)
    if args.export:
        _write(args.export, json.dumps(export(folder), indent=1, ensure_ascii=False) + "\n")
        done.append(f"written to {args.export}")
    if args.output:
        write_card(args.output, folder, version=__version__)
        done.append(f"written to {args.output}")
    lacking = gaps(folder.card, folder.model.task)
    text = f"it lacks {', '.join(lacking)}" if lacking else "every required field is there"
    return Outcome({"model": folder.id, "gaps": lacking, "done": done}, [*done, f"card of {folder.id}: {text}"])


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InputError(f"{path} cannot be read as JSON ({problem}); name another file.") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise PlatformError(f"{path} cannot be written ({problem.strerror}); choose another place.") from problem
