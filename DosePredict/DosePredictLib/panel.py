"""The panel of Dose Predict: input, prescription, model, result."""

from __future__ import annotations

import json

import qt
import slicer
from RadOncAILib.scene.segmentation import structures_request, why_doubtful
from RadOncAILib.widgets import build, marks
from RadOncAILib.widgets.input_block import InputBlock
from RadOncAILib.widgets.message_row import MessageRow
from RadOncAILib.widgets.model_block import ModelBlock
from RadOncAILib.widgets.panel import PanelWidget
from RadOncAILib.widgets.question import Question
from RadOncAILib.widgets.run_block import RunBlock
from RadOncAILib.widgets.section import Section
from slicer.i18n import tr as _

from radoncai.core.errors import Cancelled

from . import prescription, requests, words
from .channel_block import ChannelBlock
from .prescription_table import PrescriptionTable
from .result_block import ResultBlock
from .watching import Watching

NO_PART = ("external", "support")


class DosePredictPanel(PanelWidget):
    """Choose CT, contours and doses, predict, look at dose, DVH and goals, write."""

    def build(self) -> None:
        ui = self.ui
        self.input = InputBlock(ui.inputBlock, self.refresh_soon, self.load_beside)
        for caption in (ui.structuresLabel, ui.doseLabel, ui.referenceLabel):
            build.as_caption(caption)
        ui.structuresSelector.noneDisplay = _("Choose structures…")
        self.approval = MessageRow(ui.approvalRow, lines=1)
        self.targets = PrescriptionTable(
            ui.prescriptionTable, ui.addTargetButton, ui.removeTargetButton, self.on_prescription)
        self.model = ModelBlock(ui.modelBlock, "dose", self.on_model)
        self.channels = ChannelBlock(ui.channelBlock)
        self.run = RunBlock(ui.runBlock, self.on_apply)
        self.run.on_state = self.refresh_soon
        self.run.set_action(_("Predict dose"))
        self.result = ResultBlock(self)
        names = ("input", "prescription", "model")
        self.sections = {name: Section(getattr(ui, f"{name}Section")) for name in names}
        self._question, self._asked, self._answer = Question("dose_channels"), "", None
        self._watching = Watching(self, self.refresh_soon)
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Tab follows the eye, top down."""
        ui, study = self.ui, self.input.study
        order = (self.input.selector, self.input.dicom_button, study.selector, study.load_button,
                 ui.structuresSelector, ui.prescriptionTable, ui.addTargetButton, ui.removeTargetButton,
                 ui.fractionsSpin, *self.model.tab_order, self.channels.button, self.channels.list,
                 self.run.button, self.run.device, ui.doseSelector, ui.referenceSelector, ui.goalsSelector,
                 ui.goalsTable, ui.dvhButton, ui.isodoseButton, ui.writeButton, ui.reportButton)
        for first, second in zip(order, order[1:], strict=False):
            qt.QWidget.setTabOrder(first, second)

    def connect_node(self) -> None:
        super().connect_node()
        self.result.connect_node()

    def disconnect_node(self) -> None:
        self.result.disconnect_node()
        super().disconnect_node()
        self._watching.nothing()

    def forget(self) -> None:
        self.input.forget()
        self.model.forget()
        self._forget_channels()
        self.result.forget()
        self._watching.nothing()

    def cleanup(self) -> None:
        super().cleanup()
        self.input.close()
        self.model.close()
        self.result.close()

    # what a person does

    def on_model(self) -> None:
        if self.node is not None and self.model.current is not None:
            self.node.model = self.model.name
        self.input.look(self.model.name)

    def use_experimental(self) -> None:
        """A person takes the only model there is, though it is experimental."""
        self.model.select(next(m["name"] for m in self.model.models if m["usable"]))

    def on_prescription(self) -> None:
        """A dose, a target or a confirmation was changed in the table."""
        if self.node is not None:
            self.node.prescription = prescription.to_texts(self.targets.doses)
            self.node.confirmed = prescription.to_texts(self.targets.confirmed)

    def on_apply(self) -> None:
        plan = self.plan()
        self.run.start("dose", lambda folder: self.logic.request(folder, plan),
                       lambda result: self._show(result, plan))

    def on_loaded(self, kind: str, node) -> None:
        if kind == "structures":
            self.node.structures = node
        else:
            self.result.on_loaded(node)

    def plan(self) -> requests.Plan:
        return self.logic.plan(self.node, self.model.name, self.run.chosen_device)

    def _show(self, result: dict, plan: requests.Plan):
        for node in (plan.volume, plan.structures):
            if slicer.mrmlScene.GetNodeByID(node.GetID() or "") is not node:
                text = _("The image or the structures were removed during the prediction; nothing was added.")
                raise Cancelled(text)
        return self._show_in_portions(result, plan)

    def _show_in_portions(self, result: dict, plan: requests.Plan):
        dose = yield from self.logic.show_in_portions(result, plan)
        self.result.on_predicted(dose)
        return " ".join(filter(None, [_("Predicted."), words.curves_missing(result["dvh"]), *result["warnings"]]))

    # what is shown

    def refresh(self) -> None:
        node = self.node
        listed = structures_request(node.structures, node.volume, None) if node.structures is not None else []
        self._follow_structures(listed)
        doses = prescription.doses_from_texts(node.prescription)
        self.targets.show(doses, prescription.from_texts(node.confirmed))
        self.targets.offer(prescription.addable(listed, doses))
        plan = self.plan()
        gone = prescription.not_there(listed, doses) if plan.structures is not None else []
        self._ask_channels(plan, gone)
        self._say_approval(listed)
        self._say_ready(plan, doses, gone)
        self._summarise(plan)
        self._watching.follow(node.volume, node.structures)
        self.result.refresh(plan)

    def _follow_structures(self, listed: list[dict]) -> None:
        """New structures: what is prescribed to them is guessed anew."""
        node = self.node
        if node.structures is None or node.structures is node.prescribed:
            return
        found = prescription.guess(listed)
        node.prescribed = node.structures
        node.prescription, node.confirmed = prescription.to_texts(found.targets), []
        node.fractions = found.fractions or node.fractions

    def _say_approval(self, listed: list[dict]) -> None:
        """How many structures a person approved; before that, whether their voxels are their own."""
        doubt = why_doubtful(self.node.structures) if self.node.structures is not None else ""
        symbol, text = words.approval_text([s["status"] for s in listed if s["role"] not in NO_PART])
        self.approval.show(marks.DOUBT if doubt else symbol, doubt or text, tool_tip=text, word="")

    def _say_ready(self, plan: requests.Plan, doses: dict[str, float], gone: list[str]) -> None:
        missing, refusal = self._missing(plan, doses, gone), self._refusal()
        usable = self.model.current is not None and self.model.current["usable"]
        offered = [m for m in self.model.models if m["usable"]]
        if plan.volume is not None and self.model.current is None and len(offered) == 1:
            text = _("The only model for this is experimental: {title}.").format(title=offered[0]["title"])
            self.run.block(marks.DOUBT, text, _("Use it"), self.use_experimental)
        elif refusal and not missing and usable and self.input.verdict in ("fine", "doubtful"):
            self.run.block(marks.BAD, refusal)
        else:
            self.judge(self.input, self.model, missing)

    def _missing(self, plan: requests.Plan, doses: dict[str, float], gone: list[str]) -> str:
        empty = [name for name, gy in doses.items() if not gy]
        if plan.structures is None:
            return _("Choose the structures.")
        if gone:
            return _("{name} is not among the structures, or rejected; take it out.").format(name=gone[0])
        if empty:
            return _("{name} has no dose; give it one, or take it out.").format(name=empty[0])
        if self._answer is None:
            return _("looking at the structures…") if self.model.current is not None else ""
        unconfirmed = self._answer["unconfirmed"]
        if unconfirmed and not self._answer["refusals"]:
            channel = next(r["channel"] for r in self._answer["channels"] if r["structure"] == unconfirmed[0])
            return _("Confirm in the prescription that {name} is the target of {channel}.").format(
                name=unconfirmed[0], channel=channel)
        return ""

    def _refusal(self) -> str:
        return self._answer["refusals"][0] if self._answer and self._answer["refusals"] else ""

    def _summarise(self, plan: requests.Plan) -> None:
        said = [n.GetName() for n in (plan.volume, plan.structures) if n is not None]
        self.sections["input"].summarise(", ".join(said))
        self.sections["prescription"].summarise(prescription.summary(plan.prescription, plan.fractions))
        self.sections["model"].summarise(self.model.current["title"] if self.model.current else "")

    # which structure the model takes for what

    def _ask_channels(self, plan: requests.Plan, gone: list[str]) -> None:
        if plan.structures is None or not plan.model or gone:
            self._forget_channels()
            return
        request = requests.channels(plan)
        key = json.dumps(request, sort_keys=True)
        if key != self._asked:
            self._asked = key
            self._question.ask(request, self._on_channels, self._on_no_channels)

    def _on_channels(self, answer: dict) -> None:
        self._answer = answer
        self.channels.show(answer)
        self.targets.take(answer["channels"], answer["unconfirmed"])
        self.refresh_soon()

    def _on_no_channels(self, text: str) -> None:
        self._on_channels({"channels": [], "refusals": [text], "doubts": [], "unconfirmed": []})

    def _forget_channels(self) -> None:
        self._question.forget()
        self._asked, self._answer = "", None
        self.channels.forget()
        self.targets.take([], [])
