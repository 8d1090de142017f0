"""What the model selector offers: models of the worker's `models` and site presets of its `presets`, in one shape."""

from __future__ import annotations

import re

from slicer.i18n import tr as _

MB_PER_GB = 1024
PRESET = "preset:"
INSTALL = "radoncai install "
NO_BREAK = "\N{NO-BREAK SPACE}"
EXPERIMENTAL = re.compile(r"\(([^()]*experimental[^()]*)\)", re.IGNORECASE)


def as_choice(preset: dict, models: list[dict]) -> dict:
    """A preset in the shape of a model: what it can make here, what it lacks, what its models ask for.

    `lacking` are its structures that no installed model gives, each with `label` and `why_not`.
    """
    structures = [{**s, "label": s.get("local_name") or s["name"]} for s in preset["structures"]]
    lacking = [s for s in structures if s["why_not"]]
    rows = [row for row in (named(models, name) for name in preset["models"]) if row is not None]
    install = (command.removeprefix(INSTALL) for command in preset["install"] if command.startswith(INSTALL))
    site = preset.get("site") or ""
    seconds = [row.get("expected_s") for row in rows]
    return {
        "id": PRESET + preset["name"], "name": PRESET + preset["name"], "preset": preset["name"], "version": "",
        "default": True, "title": preset["title"], "sites": [site] if site else [], "modality": [],
        "structures": [s["label"] for s in structures], "lacking": lacking, "models": list(preset["models"]),
        "quality": _("partly experimental") if any(row["experimental"] for row in rows) else "",
        "experimental": True, "usable": len(lacking) < len(structures), "needs": next(install, None),
        "why_not": lacking[0]["why_not"] if lacking else None, "images": [],
        "agreements": [{**a, "model": row["id"], "gives": _given_by(row, structures)}
                       for row in rows for a in row.get("agreements") or ()],
        "memory_mb": max((row.get("memory_mb") or 0 for row in rows), default=0) or None,
        "expected_s": sum(seconds) if seconds and all(seconds) else None,
        "flips": any(row.get("flips") for row in rows), "spreads": any(row.get("spreads") for row in rows),
        "search": " ".join([preset["name"], preset["title"], site, *(f"{s['name']} {s['label']}" for s in structures)]
                           ).lower(),
    }


def _given_by(row: dict, structures: list[dict]) -> list[str]:
    return [s["label"] for s in structures if (s["model"], s["version"]) == (row["name"], row["version"])]


def named(rows: list[dict], name: str) -> dict | None:
    """The row of NAME@VERSION or NAME; where that version is gone, the one its plain name stands for."""
    exact = next((row for row in rows if row["id"] == name), None)
    plain = name.partition("@")[0]
    of_name = [row for row in rows if row["name"] == plain]
    return exact or next((row for row in of_name if row.get("default", True)), of_name[0] if of_name else None)


def asked_as(row: dict) -> str:
    """What the worker is asked for: the plain name where it stands for this version, else NAME@VERSION."""
    return row["name"] if row.get("default", True) else row["id"]


def first_choice(rows: list[dict]) -> str:
    """The model that may be chosen unasked: usable and not experimental."""
    return next((row["id"] for row in rows if row["usable"] and not row["experimental"]), "")


def label(row: dict) -> str:
    """Title and version, with a word where it cannot run here."""
    text = f"{row['title']}  {row['version']}".rstrip()
    if "preset" in row:
        lacking, count = len(row["lacking"]), len(row["structures"])
        return _("{title}  {n} of {all} structures").format(title=text, n=count - lacking, all=count)
    return text if row["usable"] else _("{title}  (not installed)").format(title=text)


def needs_text(row: dict) -> str:
    """0.1.0, experimental, 2.0 GB, about 15 s: also what a narrow selector cuts from a long title. Breaks at commas."""
    parts = [part for part in (row.get("version"), row.get("quality", quality(row))) if part]
    if row.get("memory_mb"):
        parts.append(_("{gb:.1f} GB").format(gb=row["memory_mb"] / MB_PER_GB))
    if row.get("expected_s"):
        parts.append(duration(row["expected_s"]))
    return re.sub("(?<!,) ", NO_BREAK, ", ".join(parts)) or " "


def quality(row: dict) -> str:
    """What the title says of an experimental model (experimental, Dice 0.65); "" for others."""
    said = EXPERIMENTAL.search(row["title"])
    return said.group(1) if said else _("experimental") if row.get("experimental") else ""


def duration(seconds: float) -> str:
    """About 15 s; from a minute and a half on in minutes."""
    if seconds < 90:
        return _("about {n} s").format(n=max(1, round(seconds)))
    return _("about {n} min").format(n=round(seconds / 60))
