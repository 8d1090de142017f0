"""From a preset to runs: which model gives which structure here and now, and why some are not available."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from radoncai.contour.images.placed import Placed, assigned
from radoncai.contour.presets.preset import Candidate, Preset, PresetStructure
from radoncai.core.errors import InputError, ModelError, RadOncAIError
from radoncai.core.naming import resolve
from radoncai.models.agreements import require
from radoncai.models.applicability import judge
from radoncai.models.catalogue import ModelFolder, find, scan
from radoncai.models.install import environments
from radoncai.models.ready import install, why_not

INSTALLERS = ("totalsegmentator",)
MOST_REASONS = 2


@dataclass(frozen=True, eq=False)
class Share:
    """One model's share of the work: the outputs that are asked for, by name or alias (None: all).

    From a preset: its `structures`, and in `gives` the outputs that make each of them, by its label.
    """

    model: ModelFolder
    asked: tuple[str, ...] | None = None
    structures: tuple[PresetStructure, ...] = ()
    gives: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What a preset comes to: the models to run, each once, and the reason for each structure that none can give.

    `labels`: every structure asked for, in the preset's order. `problems`: why models that are here cannot run, each
    once. `install`: the commands that would bring the rest.
    """

    shares: tuple[Share, ...] = ()
    unavailable: dict[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    install: tuple[str, ...] = ()


def choose(preset: Preset, planning: Placed | None = None, others: Sequence[Placed] = (), *,
           wanted: Sequence[str] | None = None, override: bool = False, agreed: bool = False) -> Choice:
    """Each structure's first model that is there, ready, agreed to and, where images are given, made for them.

    `wanted` are names of the preset, TG-263 or the clinic's (None: all). `override` lets a model run on an image that
    it is not made for; with `agreed` a model counts that a person will be asked about before it runs. Raises
    InputError for names that the preset does not have.
    """
    asked = _asked(preset, wanted)
    judged = _Judged(planning, others, override, agreed)
    shares: dict[str, dict[str, tuple[str, ...]]] = {}
    rows: dict[str, list[PresetStructure]] = {}
    unavailable: dict[str, str] = {}
    lost: list[str] = []
    for structure in asked:
        reasons = []
        for candidate in structure.candidates:
            outputs, reason = judged.outputs(candidate)
            if reason:
                reasons.append(reason)
                continue
            shares.setdefault(candidate.model, {})[structure.label] = outputs
            rows.setdefault(candidate.model, []).append(structure)
            break
        else:
            unavailable[structure.label] = " ".join(dict.fromkeys(reasons))
            lost += [candidate.model for candidate in structure.candidates]
    found = tuple(Share(judged.folder(m), tuple(dict.fromkeys(o for outs in gives.values() for o in outs)),
                        tuple(rows[m]), gives) for m, gives in shares.items())
    return Choice(found, unavailable, tuple(s.label for s in asked), judged.problems(lost), judged.commands(lost))


def refuse_empty(choice: Choice, preset: Preset) -> None:
    """Raises ModelError with the reasons where no model of the preset can run."""
    if not choice.shares:
        reasons = list(dict.fromkeys((*choice.problems, *choice.unavailable.values())))
        shown = " ".join(reasons[:MOST_REASONS])
        raise ModelError(f"None of the models of the preset {preset.name} can run here: {shown[:1].lower()}{shown[1:]}")


def preset_row(preset: Preset, *, agreed: bool = False) -> dict[str, Any]:
    """The preset for a list, judged without an image: which model gives what, what is missing, what to install.

    `agreed` as in `choose`.
    """
    choice = choose(preset, agreed=agreed)
    by = {label: share for share in choice.shares for label in share.gives}
    rows = [{"name": s.name, "local_name": s.local_name, "role": s.role,
             "model": by[s.label].model.name if s.label in by else "",
             "version": by[s.label].model.version if s.label in by else "",
             "why_not": choice.unavailable.get(s.label, "")} for s in preset.structures]
    return {"name": preset.name, "title": preset.title, "site": preset.site, "own": preset.own, "structures": rows,
            "models": [share.model.id for share in choice.shares], "problems": list(choice.problems),
            "install": list(choice.install), "ready": len(rows) - len(choice.unavailable), "total": len(rows)}


def to_install(model: str) -> str:
    """The command that brings a model which is not in the catalogue."""
    known = next((name for name in INSTALLERS if model.startswith(name)), None)
    return f"radoncai install {known}" if known else "radoncai models install FOLDER"


def _absent(model: str) -> str:
    name = model.partition("@")[0]
    known = next((i for i in INSTALLERS if name.startswith(i) and environments.installed(i)), None)
    if known:
        return f"The weights of the model {model} are not installed (radoncai install {known} --weights {name})."
    return f"The model {model} is not installed ({to_install(model)})."


class _Judged:
    """What was found out about each model, asked once."""

    def __init__(self, planning: Placed | None, others: Sequence[Placed], override: bool, agreed: bool) -> None:
        self._planning, self._others, self._override, self._agreed = planning, others, override, agreed
        self._scanned = scan()
        self._names = {name for folder in self._scanned[0] for name in (folder.name, folder.id)}
        self._known: dict[str, tuple[ModelFolder | None, str]] = {}
        self._problems: dict[str, str] = {}

    def folder(self, model: str) -> ModelFolder:
        return self._known[model][0]

    def problems(self, models: Sequence[str]) -> tuple[str, ...]:
        """Why models that are here cannot run, a sentence each."""
        return tuple(self._problems[m] for m in dict.fromkeys(models) if m in self._problems)

    def commands(self, models: Sequence[str]) -> tuple[str, ...]:
        """What brings models that are not here."""
        return tuple(dict.fromkeys(c for m in models if (c := self._command(m))))

    def _command(self, model: str) -> str:
        if model not in self._names:
            return to_install(model)
        name = install(find(model, scanned=self._scanned))
        return f"radoncai install {name}" if name else ""

    def outputs(self, candidate: Candidate) -> tuple[tuple[str, ...], str]:
        """The model's own names of the candidate's outputs, or the reason why it cannot give them."""
        if candidate.model not in self._known:
            self._known[candidate.model] = self._look(candidate.model)
        folder, reason = self._known[candidate.model]
        if reason:
            return (), reason
        try:
            names = resolve(candidate.outputs, folder.model.names, where=f"the model {folder.name}").names
        except InputError as problem:
            return (), str(problem)
        return tuple(names[o] for o in candidate.outputs), ""

    def _look(self, model: str) -> tuple[ModelFolder | None, str]:
        if model.partition("@")[0] not in self._names:
            return None, _absent(model)
        try:
            folder = find(model, scanned=self._scanned)
            if reason := why_not(folder):
                self._problems[model] = f"The model {model} cannot run here: {reason[:1].lower()}{reason[1:]}"
                return None, f"The model {model} cannot run here."
            if not self._agreed:
                require(folder)
            if folder.model.task != "contour":
                return None, f"The model {model} is made for the task {folder.model.task}, not for contours."
            if self._planning is None:
                return folder, ""
            image = assigned(folder.model, self._planning, self._others)[folder.model.images[0].name]
            refusals = () if self._override else judge(image.volume, folder.model).refusals
            return folder, refusals[0] if refusals else ""
        except RadOncAIError as problem:
            return None, str(problem)


def _asked(preset: Preset, wanted: Sequence[str] | None) -> tuple[PresetStructure, ...]:
    if wanted is None:
        return preset.structures
    rows = {n.casefold(): s for s in preset.structures for n in (s.name, s.label)}
    if unknown := next((w for w in wanted if w.casefold() not in rows), None):
        close = get_close_matches(unknown, [s.label for s in preset.structures], n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else \
            f"it has {', '.join(s.label for s in preset.structures)}."
        raise InputError(f"The preset {preset.name} has no {unknown}; {hint}")
    chosen = {rows[w.casefold()].name for w in wanted}
    return tuple(s for s in preset.structures if s.name in chosen)
