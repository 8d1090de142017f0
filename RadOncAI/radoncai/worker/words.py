"""Sentences of the library in the words of a panel: options of the command line have no place there."""

from __future__ import annotations

import re
from typing import Any

_RULES = (
    (re.compile(r" with --level-mm S \(patient coordinate, mm upwards\)"), ""),
    (re.compile(r"; --override (?:predicts|runs it) all the same and records it"), ""),
    (re.compile(r", or add --same-patient if you are sure"), ""),
    (re.compile(r" \(--same-patient\)"), ""),
    (re.compile(r" \(--image \S+\)"), ""),
    (re.compile(r"; decide with --map \S+?=NAME"), "; rename one of them"),
    (re.compile(r"(?:; |, )?(?:or )?(?:add )?--gaps interpolate(?:, or)?"), ";"),
    (re.compile(r"(?:; |, )(?:or )?add --[a-z-]+.*?(?=\.$|;|$)"), ""),
    (re.compile(r"choose --device cpu"), "choose the CPU"),
    (re.compile(r" with -o(?=\.)"), ""),
    (re.compile(r"; choose one with --series \S+?(?=\.)"), "; load one of them"),
    (re.compile(r"; give --prescription"), "; type it in"),
    (re.compile(r"; (?:name|give) the (?:images|CT|DICOM folder) with --ct"), ""),
    (re.compile(r"; register it with radoncai register, .*? --registration FILE"), "; register it first"),
    (re.compile(r": use it with --registration dicom"), "; look at that registration and accept it"),
    (re.compile(r" \((?:radoncai|--)[^)]*\)"), ""),
)
_TWICE = re.compile(r";\s*(?=[.;]|$)")


SENTENCES = ("warnings", "doubts", "refusals")


def in_panels_words(result: dict[str, Any]) -> dict[str, Any]:
    """A result whose lists of sentences name no options either."""
    return {key: [for_panel(text) for text in value] if key in SENTENCES else value for key, value in result.items()}


def for_panel(text: str) -> str:
    """One sentence on one line without names of options."""
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return " ".join(_TWICE.sub("", text).split())
