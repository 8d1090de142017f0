"""Which image: volume selector, DICOM…, what the image is, and what lies beside it in its study."""

from __future__ import annotations

from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from RadOncAILib.scene import geometry
from RadOncAILib.scene.image import image_request, why_no_image

from . import build, marks
from .dicom_dialog import DicomDialog
from .message_row import MessageRow
from .question import Question
from .study_row import StudyRow


class InputBlock:
    """`volume` is the chosen node; `verdict` fine, doubtful, refused or "" while unknown; `reason` says why.

    `person` and the rest of the worker's `describe` are in `answer`, judged for `models`. `on_change` follows every
    change of these.
    """

    def __init__(self, placeholder, on_change: Callable[[], None], on_load: Callable[[str, dict], None], *,
                 modalities: tuple[str, ...] = ("CT",)) -> None:
        self.widget, self.on_change, self.modalities = placeholder, on_change, modalities
        self.verdict, self.reason, self.answer = "", "", {}
        self.models, self._question, self._dialog = (), Question("describe"), None
        self.selector = slicer.qMRMLNodeComboBox()
        self.selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        self.selector.showChildNodeTypes = False
        self.selector.addEnabled = self.selector.removeEnabled = False
        self.selector.noneEnabled = True
        self.selector.noneDisplay = _("Choose an image…")
        self.selector.toolTip = _("The image to work on.")
        build.shrinkable(self.selector)
        self.dicom_button = build.push(_("DICOM…"), _("Loads a series from Slicer's DICOM database."), self.show_dicom)
        self.row = MessageRow(lines=2)
        self.study = StudyRow(on_load)
        box = build.column(placeholder, 6)
        line = build.row(build.caption(_("&Image"), self.selector), self.selector, self.dicom_button)
        line.setStretch(1, 1)
        box.addLayout(line)
        box.addWidget(self.study.widget)
        box.addWidget(self.row.widget)
        self.selector.setMRMLScene(slicer.mrmlScene)
        self.selector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_node)

    @property
    def volume(self):
        return self.selector.currentNode()

    @property
    def transform(self) -> str:
        """none, linear or nonlinear."""
        return geometry.transform_state(self.volume) if self.volume is not None else "none"

    @property
    def remedy(self) -> tuple[str, Callable[[], None]]:
        """What helps where the image is refused: the words of a link, and what it does."""
        if self.transform == "nonlinear":
            return _("Work on a resampled copy…"), self.use_hardened_copy
        return _("Choose another series…"), self.show_dicom

    def look(self, *models: str) -> None:
        """Judge the image again, for `models` where some are chosen: fine for all, or doubtful for one, or refused."""
        self.models = tuple(filter(None, models))
        self._question.forget()
        self._set("", _("looking at the image…") if self.volume is not None else "", {})
        if self.volume is None:
            self.row.show("", "")
        elif why_no_image(self.volume):
            self._refuse(why_no_image(self.volume))
        else:
            self.row.show(marks.BUSY, self.reason)
            request = {"image": image_request(self.volume), "models": list(self.models)}
            self._question.ask(request, self._on_answer, self._on_failure)
        self.on_change()

    def forget(self) -> None:
        """Scene closed or panel left: no answer is waited for."""
        self._question.forget()
        self.study.forget()
        self._set("", "", {})

    def show_dicom(self) -> None:
        if self._dialog is None:
            self._dialog = DicomDialog(self.widget.window(), self.modalities, self._on_loaded)
        self._dialog.show()

    def close(self) -> None:
        if self._dialog is not None:
            self._dialog.dialog.close()

    def _on_node(self, _node) -> None:
        usable = self.volume is not None and not why_no_image(self.volume)
        self.study.look(self.volume if usable else None, image_request(self.volume) if usable else {})
        self.look(*self.models)

    def _on_loaded(self, volumes: list) -> None:
        self.selector.setCurrentNode(volumes[0])
        slicer.util.setSliceViewerLayers(background=volumes[0], fit=True)

    def _set(self, verdict: str, reason: str, answer: dict) -> None:
        self.verdict, self.reason, self.answer = verdict, reason, answer

    def _on_answer(self, answer: dict) -> None:
        lines = [(line["symbol"], line["text"]) for line in answer["lines"]]
        if self.transform == "linear":
            moved = _("Moved by {name}: the work is done in the image's own frame.")
            lines.append((marks.GOOD, moved.format(name=self.volume.GetParentTransformNode().GetName())))
        verdict = answer["verdict"]
        symbol = marks.VERDICTS[verdict]
        telling = [text for mark, text in lines if mark == symbol] if verdict != "fine" else [t for _m, t in lines]
        self._set(verdict, telling[0] if telling else "", answer)
        self.row.show(symbol, "; ".join(telling), tool_tip="\n".join(f"{m} {t}" for m, t in lines))
        self.on_change()

    def _on_failure(self, text: str) -> None:
        self._set("refused", text, {})
        self.row.show(marks.BAD, text, _("Try again"), lambda: self.look(*self.models))
        self.on_change()

    def _refuse(self, reason: str) -> None:
        self._set("refused", reason, {})
        self.row.show(marks.BAD, reason, *self.remedy)

    def use_hardened_copy(self) -> None:
        """Make a copy with the transform applied, and choose it."""
        with slicer.util.WaitCursor():
            self.selector.setCurrentNode(geometry.hardened_copy(self.volume))
