"""One further image that a model wants: which, and how it lies on the planning image."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from RadOncAILib.scene.image import modality_of, why_no_image
from RadOncAILib.widgets import build, marks
from RadOncAILib.widgets.message_row import MessageRow
from RadOncAILib.widgets.question import Question
from slicer.i18n import tr as _

from ..reviewing import reviewer
from . import registering
from .checkerboard import Checkerboard

FINE = ("same_frame", "accepted")


class ImageRow:
    """`start(job, request, on_result, title)` runs a job of the panel; `on_change` follows every change.

    `relation` is how the image lies: same_frame, accepted, or what has to be done first: "" (not known yet), dicom
    (the clinic registered it), none, looking (the checkerboard is judged), refused.
    """

    def __init__(self, wanted: dict, start: Callable, on_change: Callable[[], None]) -> None:
        self.wanted, self._start, self._on_change = wanted, start, on_change
        self.planning, self.relation, self._answer = None, "", {}
        self._question, self.board = Question("register"), Checkerboard()
        self.selector = slicer.qMRMLNodeComboBox()
        self.selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        self.selector.addEnabled = self.selector.removeEnabled = False
        self.selector.noneEnabled = True
        self.selector.noneDisplay = _("Choose the {name}…").format(name=self.title)
        self.selector.toolTip = _("The {name} that the model wants beside the planning image.").format(name=self.title)
        build.shrinkable(self.selector)
        self.message = MessageRow(lines=2)
        self.accept_button = build.push(_("Accept"), _("The edges meet: use this registration."), self.accept)
        self.reject_button = build.push(_("Reject"), _("The edges do not meet: do not use it."), self.reject)
        self.widget = qt.QWidget()
        box = build.column(self.widget)
        line = build.row(build.caption(self.title, self.selector), self.selector)
        line.setStretch(1, 1)
        box.addLayout(line)
        said = build.row(self.message.widget, self.accept_button, self.reject_button)
        said.setStretch(0, 1)
        box.addLayout(said)
        self.selector.setMRMLScene(slicer.mrmlScene)
        self.selector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_node)
        self._say("", "", "")

    @property
    def name(self) -> str:
        return self.wanted["name"]

    @property
    def title(self) -> str:
        return self.wanted.get("title") or self.wanted.get("modality") or self.wanted["name"]

    @property
    def volume(self):
        return self.selector.currentNode()

    @property
    def waiting(self) -> bool:
        return self._question.waiting

    @property
    def missing(self) -> str:
        """What has to be done before the model can run, "" for nothing."""
        if self.volume is None:
            return _("Choose the {name}.").format(name=self.title)
        if self.relation == "looking":
            return _("Accept or reject the registration of the {name}.").format(name=self.title)
        if self.relation == "":
            return _("looking at the {name}…").format(name=self.title)
        return "" if self.relation in FINE else _("Register the {name} on the planning image first.").format(
            name=self.title)

    def look(self, planning) -> None:
        """How the chosen image lies on this planning image; without a choice the one that fits by its modality."""
        self.planning = planning
        if self.volume is None and planning is not None:
            fitting = _fitting(self.wanted, planning)
            if fitting is not None:
                self.selector.setCurrentNode(fitting)  # comes back here
                return
        self._look()

    def accept(self) -> None:
        registering.accept(self.volume, self.planning, self._answer, reviewer())
        self.board.close()
        self._look()

    def reject(self) -> None:
        registering.withdraw(self.volume, self.planning)
        self.board.close()
        self._say("none", marks.DOUBT, _("Rejected; it lies in another frame of reference."), _("Register…"), self.run)

    def run(self) -> None:
        """Register the images in the worker and show the checkerboard."""
        self._judge("run", None, _("Register {name}").format(name=self.title))

    def judge_clinics(self) -> None:
        """Show the checkerboard of the registration that the clinic made."""
        self._judge("file", self._answer.get("path"), _("Look at the registration of {name}").format(name=self.title))

    def forget(self) -> None:
        """The panel is left or the scene goes."""
        self._question.forget()
        self.board.close()
        if self.relation == "looking":
            self.relation = ""  # asked anew when the panel is opened again

    def close(self) -> None:
        """The model wants this image no more."""
        self.forget()
        self.selector.disconnect("currentNodeChanged(vtkMRMLNode*)", self._on_node)
        self.selector.setMRMLScene(None)
        self.widget.hide()
        self.widget.deleteLater()

    def _on_node(self, _node) -> None:
        self._look()

    def _look(self) -> None:
        self.forget()
        self._answer = {}
        moving, planning = self.volume, self.planning
        problem = "" if None in (moving, planning) else why_no_image(moving) or registering.why_not(moving, planning)
        if moving is None or planning is None:
            self._say("", "", "")
        elif problem:
            self._say("refused", marks.BAD, problem)
        elif (node := registering.accepted(moving, planning)) is not None:
            record = registering.record_of(node)
            text = _("Registered, accepted {time}").format(time=record["accepted_at"][11:16])
            self._say("accepted", marks.GOOD, f"{text}. {moved(record)}", _("Look again…"), self._look_again)
        else:
            self._say("", marks.BUSY, _("looking how it lies…"))
            request = registering.register_request(None, moving, planning, "find")
            self._question.ask(request, self._on_found, self._on_failed)

    def _look_again(self) -> None:
        registering.withdraw(self.volume, self.planning)
        self._look()

    def _on_found(self, answer: dict) -> None:
        self._answer, relation = answer, answer["relation"]
        if relation == "same_frame":
            self._say(relation, marks.GOOD, _("Same frame of reference as the planning image."))
        elif relation == "dicom":
            text = _("The clinic registered it; look before it is used.")
            self._say(relation, marks.DOUBT, text, _("Look at it…"), self.judge_clinics)
        else:
            text = _("It lies in another frame of reference.")
            self._say("none", marks.DOUBT, text, _("Register…"), self.run)

    def _on_failed(self, text: str) -> None:
        self._say("refused", marks.BAD, text, _("Try again"), self._look)

    def _judge(self, method: str, path: str | None, title: str) -> None:
        moving, planning = self.volume, self.planning

        def show(answer: dict) -> str:
            if moving is not self.volume or planning is not self.planning:
                return _("Another image was chosen meanwhile.")
            self._answer = answer
            self.board.show(answer["checkerboard"], answer["folder"], planning)
            warnings = " ".join(answer.get("warnings") or ())
            text = " ".join(filter(None, [_("Do the edges meet?"), moved(answer.get("figures") or {}), warnings]))
            self._say("looking", "?", text)
            return _("Look at the checkerboard, then accept or reject it.")

        self._start("register", lambda folder: registering.register_request(folder, moving, planning, method, path),
                    show, title)

    def _say(self, relation: str, symbol: str, text: str, link: str = "", on_link=None) -> None:
        is_new = (relation, text) != (self.relation, self.message.text)
        self.relation = relation
        self.message.show(symbol, text, link, on_link, word="")
        for button in (self.accept_button, self.reject_button):
            button.setVisible(relation == "looking")
        if is_new:
            self._on_change()


def moved(figures: dict) -> str:
    """Moved by 3.2 mm, turned by 1.1°; "" where nobody says."""
    figures = figures.get("figures") or figures
    if figures.get("shift_mm") is None:
        return ""
    return _("Moved {mm:.1f} mm, turned {degrees:.1f}°.").format(
        mm=figures["shift_mm"], degrees=figures["turn_degrees"])


def _fitting(wanted: dict, planning):
    """The only image of the wanted modality in the scene beside the planning image."""
    found = [v for v in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
             if v is not planning and not v.GetHideFromEditors() and modality_of(v) == (wanted.get("modality") or None)]
    return found[0] if len(found) == 1 else None
