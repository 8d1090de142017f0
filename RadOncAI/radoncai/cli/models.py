"""`radoncai models`: what there is, what is known about it, and whether its files are whole."""

from __future__ import annotations

import argparse

from radoncai.cli.terminal import Outcome, table
from radoncai.core.errors import ModelError
from radoncai.core.progress import Progress

SUMMARY = "List, show or verify the models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "show", "verify"))
    parser.add_argument("name", nargs="?", help="a model; needed by show, optional for verify")
    parser.add_argument("--site", help="only models of this site")


def run(args: argparse.Namespace, progress: Progress) -> Outcome:
    return {"list": _list, "show": _show, "verify": _verify}[args.action](args)


def _list(args: argparse.Namespace) -> Outcome:
    from radoncai.models.catalogue import catalogue, scan

    folders = [f for f in catalogue().values() if not args.site or args.site in f.model.sites]
    result = [
        {
            "name": f.name,
            "version": f.version,
            "task": f.model.task,
            "title": f.title,
            "sites": f.model.sites,
            "modality": f.model.modality,
            "structures": f.model.names,
            "licence": f.model.licence,
        }
        for f in folders
    ]
    rows = [[f.name, f.version, f.model.task, ", ".join(f.model.sites), f.title] for f in folders]
    broken = [str(problem) for problem in scan()[1].values()]
    return Outcome(
        {"models": result, "broken": broken}, table(rows, ["name", "version", "task", "sites", "title"]) + broken
    )


def _show(args: argparse.Namespace) -> Outcome:
    from radoncai.models.catalogue import find

    if not args.name:
        raise ModelError("Name a model to show; radoncai models list shows them.")
    folder = find(args.name)
    card = folder.card
    lines = [f"{folder.title}  ({folder.name} {folder.version}, {folder.model.task}, {folder.model.runner})", ""]
    for key in ("intended_use", "not_intended", "training_data", "method", "limits", "licence"):
        lines += [key.replace("_", " "), *(f"  {text}" for text in _texts(card.get(key))), ""]
    lines.append("figures")
    lines += [f"  {_figure(m)}" for m in card.get("metrics", [])] or ["  none yet"]
    return Outcome({"name": folder.name, "version": folder.version, "card": card}, lines)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{k}: {'; '.join(_texts(v))}" for k, v in value.items()]
    return [str(v) for v in value] if isinstance(value, list) else [str(value or "not stated")]


def _figure(metric: dict[str, object]) -> str:
    what = " ".join(str(metric[k]) for k in ("structure", "metric") if metric.get(k))
    return (
        f"{what}: {metric.get('value')} {metric.get('unit', '')} (n {metric.get('n', '?')}, {metric.get('data', '')})"
    )


def _verify(args: argparse.Namespace) -> Outcome:
    from radoncai.models.catalogue import catalogue, find, scan, verify

    folders = [find(args.name)] if args.name else list(catalogue().values())
    findings = [text for folder in folders for text in verify(folder)]
    if not args.name:
        findings += [str(problem) for problem in scan()[1].values()]
    if findings:
        raise ModelError(f"{len(findings)} finding{'s' * (len(findings) > 1)}: {'; '.join(findings)}.")
    whole = [f"{f.name} {f.version}: whole" for f in folders]
    return Outcome({"verified": [f.name for f in folders], "findings": []}, whole)
