"""What a person must agree to, once and by name, before a model is installed or runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from radoncai.core import user_file
from radoncai.core.errors import ModelError
from radoncai.models.catalogue import ModelFolder

KINDS = ("code", "licence")
FILE = "agreements"
PROGRAM = "a program that runs on this machine with your rights; agree only if you trust where it comes from."
RESTRICTED = re.compile(r"\bNC\b|non-?\s?commercial|research|not for (clinical|commercial)", re.IGNORECASE)


@dataclass(frozen=True)
class Agreement:
    """`kind`: code (the model brings code that runs here) or licence (its terms forbid some use); `text` for people."""

    kind: str
    text: str


def asked(folder: ModelFolder) -> tuple[Agreement, ...]:
    """All that the model asks for, agreed to or not."""
    found = []
    trainer = str(folder.model.network.get("custom_trainer") or "")
    if folder.model.runner == "torchscript":
        found.append(Agreement("code", f"{folder.title} is a TorchScript file, {PROGRAM}"))
    elif trainer:
        found.append(Agreement("code", f"{folder.title} brings the nnU-Net trainer {trainer} with it, {PROGRAM}"))
    if terms := _terms(folder):
        found.append(Agreement("licence", f"{folder.title} is not free for every use; its licence: {terms}."))
    return tuple(found)


def needed(folder: ModelFolder) -> tuple[Agreement, ...]:
    """What the model asks for and nobody has agreed to yet on this machine."""
    given = _given(folder)
    return tuple(a for a in asked(folder) if a.kind not in given)


def require(folder: ModelFolder, *more: Agreement, kinds: Iterable[str] = ("code",)) -> None:
    """Raise ModelError unless a person agreed to what the model asks for; `more` is what a runner itself saw.

    An agreement holds for one name, version and set of weights.
    """
    kinds = set(kinds)
    wanted = [a for a in (*asked(folder), *more) if a.kind in kinds]
    if open_ := [a for a in wanted if a.kind not in _given(folder)]:
        first = open_[0]
        seen = " --code" if first in more else ""
        raise ModelError(f"{first.text.rstrip('.')} (radoncai models agree {folder.id}{seen}).")


def record(folder: ModelFolder, kinds: Iterable[str]) -> tuple[str, ...]:
    """Keep that a person agreed, with the time; the kinds that now stand. Raises ModelError, PlatformError."""
    kinds = tuple(kinds)
    if wrong := [k for k in kinds if k not in KINDS]:
        raise ModelError(f"A person can agree to {' or '.join(KINDS)}, not to {wrong[0]!r}.")
    content = user_file.read(FILE)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {**_given(folder), **dict.fromkeys(kinds, now)}
    content[folder.id] = {"weights": fingerprint(folder), **given}
    user_file.write(FILE, content)
    return tuple(given)


def is_restricted(licence: str) -> bool:
    """Whether a licence text keeps a model from free use."""
    return bool(RESTRICTED.search(licence or ""))


def _terms(folder: ModelFolder) -> str:
    """The licence that restricts, the card's words first, and what the other file says against it; "" where free."""
    texts = {"card.json": folder.card.get("licence"), "model.json": folder.model.licence}
    said = {name: str(text or "").rstrip(".") for name, text in texts.items()}
    restricting = [name for name, text in said.items() if is_restricted(text)]
    if not restricting:
        return ""
    against = [f"; {name} contradicts it: {text}" for name, text in said.items() if text and name not in restricting]
    return said[restricting[0]] + (f" ({restricting[0]}{against[0]})" if against else "")


def fingerprint(folder: ModelFolder) -> str:
    """One hash for runner, network and all weights of a model."""
    model = folder.model
    text = repr((model.runner, sorted(model.network.items(), key=str), sorted(model.weights.items())))
    return hashlib.sha256(text.encode()).hexdigest()


def _given(folder: ModelFolder) -> dict[str, str]:
    entry = user_file.read(FILE).get(folder.id)
    if not isinstance(entry, dict) or entry.get("weights") != fingerprint(folder):
        return {}
    return {kind: str(entry[kind]) for kind in KINDS if entry.get(kind)}
