"""Which model or preset: selector with filters, card, what it needs and how long it takes."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from . import build
from .card_dialog import CardDialog
from .choices import PRESET, as_choice, asked_as, first_choice, label, named, needs_text
from .model_filter import ModelFilter
from .question import Question


class ModelBlock:
    """`current` is the chosen row of the worker's `models`, or a preset in the same shape, or None.

    `on_change` follows every change of it. A model that is experimental is never chosen unasked; one that cannot run
    here is listed in grey, so that it can be chosen to see what it lacks.
    """

    def __init__(self, placeholder, task: str, on_change: Callable[[], None], *, with_presets: bool = False) -> None:
        self.widget, self.task = placeholder, task
        self.on_change: Callable[[], None] = lambda: None
        self.on_add: Callable[[], None] = lambda: None
        self.models: list[dict] = []
        self.presets: list[dict] = []
        self.problem, self._wanted, self._filling = "", "", False
        self._question, self._card = Question("models"), None
        self._preset_question = Question("presets") if with_presets else None
        self._presets_known, self._told = not with_presets, None
        self._build()
        self.on_change = on_change

    def _build(self) -> None:
        self.selector = build.shrinkable(qt.QComboBox())
        self.selector.toolTip = _("The model that does the work.")
        self.selector.maxVisibleItems = 20
        tip = _("What the model is for, what it was trained on, its limits and figures.")
        self.card_button = build.snug(build.push(_("Card"), tip, self.show_card))
        tip = _("Adds a model of your own: a folder, an archive, or a network in a file.")
        self.add_button = build.snug(build.push(_("Add…"), tip, self.add))
        self.filter = ModelFilter(self._fill, self._take_first)
        self.site, self.modality, self.words = self.filter.site, self.filter.modality, self.filter.words
        self.needs = build.label(" ", wrap=True)
        self.needs.toolTip = _("Version, quality, memory that it needs, and how long it takes here.")
        self.footer = build.row(self.needs)
        self.footer.setStretch(0, 1)
        box = build.column(self.widget, 6)
        model = build.row(build.caption(_("&Model"), self.selector), self.selector, self.card_button,
                          self.add_button)
        model.setStretch(1, 1)
        box.addLayout(model)
        box.addLayout(self.filter.row)
        box.addLayout(self.footer)
        self._fill()
        self.selector.connect("currentIndexChanged(int)", self._on_selected)

    @property
    def tab_order(self) -> tuple:
        """Its widgets as the eye goes."""
        return self.selector, self.card_button, self.add_button, self.site, self.modality, self.words

    @property
    def choices(self) -> list[dict]:
        return [*self.presets, *self.models]

    @property
    def current(self) -> dict | None:
        key = self.selector.itemData(self.selector.currentIndex)
        return next((row for row in self.choices if row["id"] == key), None)

    @property
    def name(self) -> str:
        """What the worker is asked for: NAME, NAME@VERSION, or preset:NAME."""
        return asked_as(self.current) if self.current else ""

    def load(self) -> None:
        """Ask the worker for the models; the answer comes later."""
        if not self._question.waiting:
            self._question.ask({"task": self.task}, self._on_models, self._on_failed)

    def expect(self, seconds: float | None) -> None:
        """How long the chosen model takes on the chosen image, where the worker knows."""
        if self.current is not None and seconds:
            self.needs.text = needs_text({**self.current, "expected_s": seconds})

    def forget(self) -> None:
        self._question.forget()
        if self._preset_question is not None:
            self._preset_question.forget()

    def select(self, name: str) -> None:
        """Choose NAME, NAME@VERSION or preset:NAME; kept for when the list arrives."""
        self._wanted = name
        row = named(self.choices, name) if name else None
        index = self.selector.findData(row["id"]) if row is not None else -1
        if row is not None and index < 0:
            self._fill()  # a filter hid it
        elif index >= 0 and index != self.selector.currentIndex:
            self.selector.currentIndex = index

    def show_card(self) -> None:
        if self.current is None:
            return
        if self._card is None:
            self._card = CardDialog(self.widget.window())
        self._card.show(self.current)

    def add(self) -> None:
        """What the panel opens to add a model."""
        self.on_add()

    def close(self) -> None:
        if self._card is not None:
            self._card.close()

    def _on_models(self, result: dict) -> None:
        self.models, self.problem = result["models"], ""
        self._wanted = self._wanted or self.name
        self._list()
        if self._preset_question is not None:
            self._preset_question.ask({}, self._on_presets, lambda _text: self._on_presets({"presets": []}))

    def _on_presets(self, result: dict) -> None:
        self.presets, self._presets_known = [as_choice(preset, self.models) for preset in result["presets"]], True
        self._list()

    def _on_failed(self, text: str) -> None:
        self.problem = text
        self._fill()

    def _list(self) -> None:
        self.filter.fill(self.choices)
        self._fill()

    def _fill(self) -> None:
        """List what passes the filter, and what is chosen in any case: looking around changes no choice."""
        wanted = named(self.choices, self._wanted or self.name)
        shown = [[row for row in rows if row is wanted or self.filter.passes(row)]
                 for rows in (self.presets, self.models)]
        is_awaited = self._wanted.startswith(PRESET) and not self._presets_known
        chosen = wanted["id"] if wanted is not None else "" if is_awaited else first_choice(shown[1])
        self._filling = True
        self.selector.clear()
        if not chosen:
            self.selector.addItem(_("Choose a model…") if any(shown) else self._nothing(), "")
        for rows in filter(None, shown):
            if self.selector.count:
                self.selector.insertSeparator(self.selector.count)
            for row in rows:
                self._add(row)
        self.selector.currentIndex = max(0, self.selector.findData(chosen))
        self._filling = False
        if self.current is None or self.current is not self._told:
            self._tell()

    def _add(self, row: dict) -> None:
        self.selector.addItem(label(row), row["id"])
        index = self.selector.count - 1
        self.selector.setItemData(index, row["why_not"] or row["title"], qt.Qt.ToolTipRole)
        if not row["usable"]:
            grey = self.selector.palette.color(qt.QPalette.Disabled, qt.QPalette.Text)
            self.selector.setItemData(index, qt.QBrush(grey), qt.Qt.ForegroundRole)

    def _nothing(self) -> str:
        if self.problem:
            return self.problem
        return _("looking for models…") if not self.models else _("no model of this kind")

    def _take_first(self) -> None:
        """Return in the search line: the first match that can run, else the first."""
        matches = [row for row in self.choices if self.filter.passes(row)]
        first = next((row for row in matches if row["usable"]), matches[0] if matches else None)
        if first is not None:
            self.select(first["id"])

    def _on_selected(self, _index: int) -> None:
        if not self._filling:
            self._wanted = self.name
            self._tell()

    def _tell(self) -> None:
        model = self._told = self.current
        self.card_button.enabled = model is not None and "preset" not in model
        self.needs.text = needs_text(model) if model else " "
        self.selector.toolTip = model["title"] if model else _("The model that does the work.")
        self.on_change()
