"""The window that adds a person's own model: a folder, an archive or a file, by the worker's `install_model`."""

from __future__ import annotations

from pathlib import Path

import qt
from slicer.i18n import tr as _

from radoncai.core.errors import Cancelled, ModelError
from radoncai.models.install.archives import ENDINGS
from radoncai.models.install.describing import FILES, facts_from

from . import agreements, build, marks, settings
from .message_row import MessageRow
from .model_block import ModelBlock
from .run_block import RunBlock

LAST_FOLDER = "ModelFolder"
WIDTH_PX = 460
MUST = ("structures", "spacing_mm")
MOST_NAMED = 3


class AddModel:
    """Which model, whether it stays where it is, and what a lone file does not say itself.

    `run` shows progress and cancels; what came is chosen in `model`. The window does not stop the panel behind it and
    closes when nothing is left to say.
    """

    def __init__(self, run: RunBlock, model: ModelBlock) -> None:
        self._run, self._model = run, model
        self.dialog = qt.QDialog(model.widget.window())
        self.dialog.windowTitle = _("Add a model")
        what = build.label(_("A model's folder or an archive of it, a trained nnU-Net folder, a MONAI bundle, or a "
                             "network alone in an .onnx or .ts file."), wrap=True)
        self.path = qt.QLineEdit()
        self.path.placeholderText = _("Folder, archive or file")
        self.path.toolTip = _("Where the model is now.")
        self.folder_button = build.push(_("Folder…"), _("Choose the model's folder."), self.choose_folder)
        self.file_button = build.push(_("File or archive…"), _("Choose an archive, an .onnx or a .ts file."),
                                      self.choose_file)
        self.stay = qt.QCheckBox(_("Leave the folder where it is"))
        self.stay.toolTip = _("Nothing is copied; every model in the folder is listed as long as it is there.")
        self.about_file, self.facts = _fact_fields()
        self.message = MessageRow(lines=2)
        self.add_button = build.push(_("Add"), _("Checks the model and adds it; the panel shows how far it is."),
                                     self.add)
        self.add_button.default = True
        close = build.push(_("Close"), _("Closes without adding."), self.dialog.close)
        box = qt.QVBoxLayout(self.dialog)
        box.addWidget(what)
        box.addWidget(self.path)
        box.addLayout(build.row(self.folder_button, self.file_button, 1, self.stay))
        box.addWidget(self.about_file)
        box.addWidget(self.message.widget)
        box.addLayout(build.row(1, self.add_button, close))
        for field in (self.path, *self.facts.values()):
            field.connect("textChanged(QString)", self._look)
        self.dialog.setMinimumWidth(WIDTH_PX)
        self.dialog.resize(WIDTH_PX, 1)
        self._look()

    def show(self) -> None:
        self._look()
        self.dialog.show()
        self.dialog.raise_()

    def close(self) -> None:
        self.dialog.close()

    def choose_folder(self) -> None:
        start = settings.last_folder(LAST_FOLDER)
        self._take(qt.QFileDialog.getExistingDirectory(self.dialog, _("The model's folder"), start))

    def choose_file(self) -> None:
        endings = " ".join(f"*{ending}" for ending in (*FILES, *ENDINGS))
        kinds = _("Models ({endings})").format(endings=endings)
        start = settings.last_folder(LAST_FOLDER)
        self._take(qt.QFileDialog.getOpenFileName(self.dialog, _("The model's file or archive"), start, kinds))

    def add(self) -> None:
        """Run the job; a licence that forbids some use is asked for first."""
        self._start_job({"path": str(self._chosen), "stay": self.stay.enabled and self.stay.checked,
                         "facts": self._said, "agreed": []})

    # inside

    @property
    def _chosen(self) -> Path:
        return Path(self.path.text.strip()).expanduser()

    @property
    def _is_lone(self) -> bool:
        return self._chosen.suffix.lower() in FILES and self._chosen.is_file()

    @property
    def _said(self) -> dict[str, str]:
        """What the fields say, as the job takes it; of another source than a lone file nothing."""
        said = {key: field.text.strip() for key, field in self.facts.items()} if self._is_lone else {}
        said["title"] = said.get("name", "")
        return {key: text for key, text in said.items() if text}

    def _take(self, chosen: str) -> None:
        if chosen:
            settings.remember(LAST_FOLDER, str(Path(chosen).parent))
            self.path.text = chosen

    def _look(self, *_changed) -> None:
        """Show the fields that this source needs; Add is off with the reason."""
        is_folder = bool(self.path.text.strip()) and self._chosen.is_dir()
        self.stay.enabled = is_folder
        self.about_file.setVisible(self._is_lone)
        lacking = self._lacking()
        self.add_button.enabled = not lacking
        self._say(marks.UNKNOWN if lacking else "", lacking)

    def _say(self, symbol: str, text: str, word: str | None = None) -> None:
        """The window is as high as what it says."""
        self.message.show(symbol, text, word=word)
        for widget in (self.message.widget, self.dialog):
            widget.layout().activate()
        self.dialog.resize(self.dialog.width, self.dialog.heightForWidth(self.dialog.width))

    def _lacking(self) -> str:
        """Why it cannot be added yet, "" where it can."""
        if not self.path.text.strip():
            return _("Choose a folder, an archive or a file.")
        if not self._chosen.exists():
            return _("There is nothing at this place.")
        if self._is_lone and not all(self._said.get(key) for key in MUST):
            return _("A file alone does not say its structures and its spacing; write both.")
        try:
            facts_from(self._said)
        except ModelError as problem:
            return str(problem)
        return ""

    def _start_job(self, request: dict) -> None:
        if self._run.running:
            self._say(marks.UNKNOWN, _("A run is going on; add the model when it has ended."))
            return
        self.add_button.enabled = False
        self._say(marks.BUSY, _("adding; the panel shows how far it is…"))
        self._run.start("install_model", lambda _folder: request, lambda result: self._answered(result, request),
                        title=_("Add model"), on_failure=self._failed)

    def _failed(self, symbol: str, text: str) -> None:
        self._say(symbol, text)
        self.add_button.enabled = True

    def _answered(self, result: dict, request: dict) -> str:
        if result.get("agreements"):
            self._failed(marks.UNKNOWN, _("Not added: its terms must be agreed to first."))
            qt.QTimer.singleShot(0, lambda: self._ask(result["agreements"], request))  # the run has ended then
            raise Cancelled(self.message.text)
        here = [row for row in result["models"] if row["task"] == self._model.task]
        if here:
            self._model.select(here[0]["id"])
        self._model.load()
        self._clear()
        said = sentence(result, self._model.task)
        self._say(marks.DOUBT if result["findings"] or not here else marks.GOOD, said, word="")
        if here and not result["findings"]:
            self.dialog.close()
        return said

    def _clear(self) -> None:
        for field in (self.path, *self.facts.values()):
            field.text = ""
        self.stay.checked = False

    def _ask(self, wanted: list[dict], request: dict) -> None:
        if agreements.agreed(wanted, _("Agree before it is added")):
            self._start_job({**request, "agreed": [entry["kind"] for entry in wanted]})


def sentence(result: dict, task: str) -> str:
    """What an answer of `install_model` brought into a panel of `task`, and what is still open."""
    rows = result["models"]
    names = ", ".join(f"{row['title']} {row['version']}" for row in rows)
    what = names if len(rows) <= MOST_NAMED else _("{n} models").format(n=len(rows))
    parts = [_("Added {what}.").format(what=what)]
    if others := sorted({row["task"] for row in rows} - {task}):
        tasks = ", ".join(others)
        parts.append(_("Not listed here is what works on another task ({tasks}).").format(tasks=tasks))
    if result["findings"]:
        parts.append(_("Still open: {findings}.").format(findings="; ".join(result["findings"])))
    return " ".join(parts)


def _fact_fields():
    """A form with a field for each thing that a lone file does not say; the fields by the job's words."""
    words = (
        ("structures", _("Structures"), "Brainstem,SpinalCord",
         _("What it gives, in the order of its outputs, without the background.")),
        ("spacing_mm", _("Spacing, mm"), "3,1,1", _("Voxels it was trained on: slice, row, column.")),
        ("clip", _("HU window"), "-1000,1500", _("Values it was trained on, scaled to -1 to 1; empty: as they are.")),
        ("name", _("Name"), "", _("What it is called here; empty: the file's name.")),
        ("modality", _("Images"), "CT", _("Kinds of image that it takes: CT, MR, PT; empty: CT.")),
    )
    widget, fields = qt.QWidget(), {}
    form = qt.QFormLayout(widget)
    form.setContentsMargins(0, 0, 0, 0)
    for key, title, example, tip in words:
        field = fields[key] = qt.QLineEdit()
        field.placeholderText, field.toolTip = example, tip
        form.addRow(title, field)
    widget.hide()
    return widget, fields
