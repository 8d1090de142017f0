"""Which model: selector with site and modality filters, card, what it needs and how long it takes."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from . import build
from .card_dialog import CardDialog
from .question import Question

MB_PER_GB = 1024


class ModelBlock:
    """`current` is the chosen row of the worker's `models`, or None. `on_change` follows every change of it.

    A model that is experimental is never chosen unasked.
    """

    def __init__(self, placeholder, task: str, on_change: Callable[[], None]) -> None:
        self.widget, self.task = placeholder, task
        self.on_change: Callable[[], None] = lambda: None
        self.models: list[dict] = []
        self.problem, self._wanted, self._filling = "", "", False
        self._question, self._card = Question("models"), None
        self._build()
        self.on_change = on_change

    def _build(self) -> None:
        self.selector = build.shrinkable(qt.QComboBox())
        self.selector.toolTip = _("The model that does the work.")
        tip = _("What the model is for, its limits and its licence.")
        self.card_button = build.push(_("Card"), tip, self.show_card)
        self.site = build.shrinkable(qt.QComboBox())
        self.site.toolTip = _("Show only models of this part of the body.")
        self.modality = build.shrinkable(qt.QComboBox())
        self.modality.toolTip = _("Show only models for this kind of image.")
        self.needs = build.label(" ")
        self.footer = build.row(self.needs, 1)
        box = build.column(self.widget, 6)
        model = build.row(build.caption(_("&Model"), self.selector), self.selector, self.card_button)
        model.setStretch(1, 1)
        box.addLayout(model)
        box.addLayout(build.row(build.caption(_("Show")), self.site, self.modality))
        box.addLayout(self.footer)
        self._fill_filters()
        self._fill()
        self.selector.connect("currentIndexChanged(int)", self._on_selected)
        self.site.connect("currentIndexChanged(int)", self._on_filter)
        self.modality.connect("currentIndexChanged(int)", self._on_filter)

    @property
    def current(self) -> dict | None:
        name = self.selector.itemData(self.selector.currentIndex)
        return next((m for m in self.models if m["name"] == name), None)

    @property
    def name(self) -> str:
        return self.current["name"] if self.current else ""

    def load(self) -> None:
        """Ask the worker for the models; the answer comes later."""
        if not self._question.waiting:
            self._question.ask({"task": self.task}, self._on_models, self._on_failed)

    def expect(self, seconds: float | None) -> None:
        """How long the chosen model takes on the chosen image, where the worker knows."""
        model = self.current
        if model is not None and seconds:
            self.needs.text = needs_text({**model, "expected_s": seconds})

    def forget(self) -> None:
        self._question.forget()

    def select(self, name: str) -> None:
        """Choose a model by name; kept for when the list arrives."""
        self._wanted = name
        index = self.selector.findData(name) if name else -1
        if index >= 0 and index != self.selector.currentIndex:
            self.selector.currentIndex = index

    def show_card(self) -> None:
        if self.current is None:
            return
        if self._card is None:
            self._card = CardDialog(self.widget.window())
        self._card.show(self.current)

    def close(self) -> None:
        if self._card is not None:
            self._card.dialog.close()

    def _on_models(self, result: dict) -> None:
        self.models, self.problem = result["models"], ""
        self._wanted = self._wanted or self.name
        self._fill_filters()
        self._fill()

    def _on_failed(self, text: str) -> None:
        self.problem = text
        self._fill()

    def _fill_filters(self) -> None:
        self._filling = True
        for combo, key, every in ((self.site, "sites", _("all sites")), (self.modality, "modality", _("all images"))):
            kept = combo.itemData(combo.currentIndex)
            combo.clear()
            combo.addItem(every, "")
            for value in sorted({v for m in self.models for v in _values(m.get(key))}):
                combo.addItem(value.replace("_", " "), value)
            combo.currentIndex = max(0, combo.findData(kept))
        self._filling = False

    def _fill(self) -> None:
        wanted = self._wanted or self.name
        self._filling = True
        self.selector.clear()
        shown = [m for m in self.models if self._passes(m)]
        chosen = wanted if any(m["name"] == wanted for m in shown) else _first_choice(shown)
        if not chosen:
            self.selector.addItem(_("Choose a model…") if shown else self._nothing(), "")
        for model in shown:
            self.selector.addItem(f"{model['title']}  {model['version']}", model["name"])
        self.selector.currentIndex = max(0, self.selector.findData(chosen))
        self._filling = False
        self._tell()

    def _nothing(self) -> str:
        if self.problem:
            return self.problem
        return _("looking for models…") if not self.models else _("no model of this kind")

    def _passes(self, model: dict) -> bool:
        site, modality = (c.itemData(c.currentIndex) for c in (self.site, self.modality))
        return (not site or site in _values(model.get("sites"))) and \
            (not modality or modality in _values(model.get("modality")))

    def _on_selected(self, _index: int) -> None:
        if not self._filling:
            self._wanted = self.name
            self._tell()

    def _on_filter(self, _index: int) -> None:
        if not self._filling:
            self._fill()

    def _tell(self) -> None:
        model = self.current
        self.card_button.enabled = model is not None
        self.needs.text = needs_text(model) if model else " "
        self.selector.toolTip = model["title"] if model else _("The model that does the work.")
        self.on_change()


def needs_text(model: dict) -> str:
    """Needs 2.0 GB, about 15 s here."""
    parts = []
    if model.get("memory_mb"):
        parts.append(_("needs {gb:.1f} GB").format(gb=model["memory_mb"] / MB_PER_GB))
    if model.get("expected_s"):
        parts.append(duration(model["expected_s"]))
    return ", ".join(parts) or " "


def duration(seconds: float) -> str:
    """About 15 s here; from a minute and a half on in minutes."""
    if seconds < 90:
        return _("about {n} s here").format(n=max(1, round(seconds)))
    return _("about {n} min here").format(n=round(seconds / 60))


def _values(value) -> tuple[str, ...]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _first_choice(models: list[dict]) -> str:
    return next((m["name"] for m in models if m["usable"] and not m["experimental"]), "")
