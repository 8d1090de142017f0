"""`radoncai models show` and `card`: what is known of a model, on the terminal, as a page, in and out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from radoncai.cli.terminal import Outcome
from radoncai.core.errors import InputError, PlatformError

if TYPE_CHECKING:
    from radoncai.models.catalogue import ModelFolder

BASICS = {"intended_use": "use", "limits": "limits", "metrics": "figures"}


def show(args: argparse.Namespace) -> Outcome:
    """What a model reads and gives, and its card on the terminal, section by section."""
    from radoncai.models.catalogue import find
    from radoncai.models.ready import not_agreed, why_not
    from radoncai.report.card_sections import sections

    folder = find(args.name)
    lines = [f"{folder.title}  ({folder.id}, {folder.model.task}, {folder.model.runner})", ""]
    facts = _facts(folder)
    lines += [f"{title.replace('_', ' ')}: {text}" for title, text in facts.items()]
    problem = why_not(folder) or not_agreed(folder)
    lines += [f"cannot run here: {problem}"] * bool(problem)
    if silent := [word for key, word in BASICS.items() if not folder.card.get(key)]:
        lines.append(f"Nothing is known of its {' and '.join(filter(None, (', '.join(silent[:-1]), silent[-1])))}.")
    for section in sections(folder.card):
        lines += ["", section.title]
        for item in section.items:
            lines += [f"  {item.title}: {item.texts[0]}"] if len(item.texts) == 1 else \
                [f"  {item.title}:", *(f"    {text}" for text in item.texts)]
    return Outcome({"name": folder.name, "version": folder.version, "reads_and_gives": facts,
                    "why_not": problem, "card": folder.card}, lines)


def _facts(folder: ModelFolder) -> dict[str, str]:
    """What a person asks first of a model, in words."""
    from radoncai.models.agreements import asked, needed

    spec, open_ = folder.model, {a.kind for a in needed(folder)}
    single = ", ".join(spec.modality)
    images = [f"{i.name} ({i.modality or (single if len(spec.images) == 1 else 'any')})" for i in spec.images]
    grids = (spec.spacing_mm, *spec.further_spacings_mm) if spec.spacing_mm else ()
    spacing = " and ".join(" x ".join(f"{mm:g}" for mm in grid) for grid in grids)
    return {"images": ", ".join(images), "structures": ", ".join(spec.names) or "none",
            "spacing": f"{spacing} mm (slice, row, column)" if spacing else "the image's own",
            "mirrored_passes": "always" if spec.flips_always else "allowed" if spec.flips else "not allowed",
            "uncertainty": "yes" if spec.spreads and spec.task == "contour" else "no", "licence": spec.licence,
            "agreements": ", ".join(f"{a.kind} {'open' if a.kind in open_ else 'agreed'}" for a in asked(folder))
            or "none needed"}


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
