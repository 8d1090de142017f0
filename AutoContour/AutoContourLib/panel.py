"""The panel of Auto Contour: input, model, result."""

from __future__ import annotations

import qt
import slicer
from RadOncAILib.scene import segmentation
from RadOncAILib.widgets import build, corner, marks
from RadOncAILib.widgets.input_block import InputBlock
from RadOncAILib.widgets.model_block import ModelBlock
from RadOncAILib.widgets.out_of_date import OutOfDateMark
from RadOncAILib.widgets.panel import PanelWidget
from RadOncAILib.widgets.run_block import RunBlock
from RadOncAILib.widgets.section import Section
from slicer.i18n import tr as _

from radoncai.core.errors import Cancelled

from . import editor, export, results
from .exports import Exports
from .reviewing import Reviewing, ours
from .structure_picker import StructurePicker
from .structure_table import StructureTable

STATUSES = ("unreviewed", "needs_work", "approved", "rejected")


class AutoContourPanel(PanelWidget):
    """Choose an image and a model, contour, look at each structure, hand it on."""

    def build(self) -> None:
        ui = self.ui
        self.input = InputBlock(ui.inputBlock, self.refresh_soon, self.load_beside)
        self.model = ModelBlock(ui.modelBlock, "contour", self.on_model)
        self.picker = StructurePicker(ui.structureBlock, self.on_picked)
        self.model.footer.addWidget(self.picker.button)
        self.run = RunBlock(ui.runBlock, self.on_apply)
        self.run.on_state = self.refresh_soon
        self.table = StructureTable(ui.structureTable, ui.findingRow)
        self.fresh = OutOfDateMark(ui.freshnessRow)
        self.sections = {name: Section(getattr(ui, f"{name}Section")) for name in ("input", "model", "result")}
        self.exports = Exports(self, ui.exportButton)
        self.reviewing = Reviewing(self.refresh_soon)
        build.as_caption(ui.contoursLabel)
        ui.contoursSelector.connect("nodeActivated(vtkMRMLNode*)", self.on_chosen)
        ui.editButton.connect("clicked()", self.on_edit)
        self._marking = qt.QMenu(ui.markButton)
        for word in STATUSES:
            self._marking.addAction(marks.status_word(word)).connect("triggered()", self._marker(word))
        ui.markButton.setMenu(self._marking)
        ui.structureTable.connect("itemSelectionChanged()", self.refresh_buttons)
        self._watched = None

    def connect_node(self) -> None:
        super().connect_node()
        for contours in ours():
            self.reviewing.watch(contours)

    def disconnect_node(self) -> None:
        super().disconnect_node()
        self.exports.close()
        self._watch(None)

    def forget(self) -> None:
        self.input.forget()
        self.model.forget()
        self.table.forget()
        self.reviewing.close()
        corner.hush("contours")
        self._watch(None)

    def cleanup(self) -> None:
        super().cleanup()
        self.input.close()
        self.model.close()

    # what a person does

    def on_model(self) -> None:
        current = self.model.current
        if self.node is not None and current is not None and current["name"] != self.node.model:
            self.node.model, self.node.left_out = current["name"], []
        left_out = list(self.node.left_out) if self.node is not None else []
        self.picker.offer(tuple(current["structures"]) if current else (), left_out)
        self.input.look(self.model.name)

    def on_picked(self) -> None:
        self.node.left_out = self.picker.left_out

    def on_apply(self) -> None:
        volume, names, model, device = self.node.volume, self.picker.chosen, self.model.name, self.run.chosen_device
        structures = names if self.picker.left_out else None
        self.run.start("contour", lambda folder: self.logic.request(folder, volume, model, structures, device),
                       lambda result: self._show(result, volume))

    def on_chosen(self, contours) -> None:
        """Contours of an earlier run were hidden by a later one."""
        if contours is not None:
            contours.SetDisplayVisibility(True)

    def on_edit(self) -> None:
        contours = self.node.contours
        ids = self.table.selected_ids
        editor.edit(contours, export.volume_of(contours, self.node.volume), ids[0] if ids else "")

    def on_loaded(self, kind: str, node) -> None:
        if kind == "structures":
            self._take(node)

    def _marker(self, word: str):
        return lambda: self.reviewing.mark(self.node.contours, self.table.selected_ids, word)

    def _show(self, result: dict, volume):
        if slicer.mrmlScene.GetNodeByID(volume.GetID() or "") is not volume:
            raise Cancelled(_("The image was removed while it was contoured; nothing was added."))
        return self._show_in_portions(result, volume)

    def _show_in_portions(self, result: dict, volume):
        yield from self.logic.show_in_portions(result, volume, self._take)
        self.run.log(results.in_words(result))
        found, missing = len(result["structures"]), len(result["not_found"])
        text = _("{n} structures contoured").format(n=found)
        if missing:
            text += _(", {n} not found").format(n=missing)
        return " ".join([f"{text}.", *result["warnings"]])

    def _take(self, node) -> None:
        self.reviewing.watch(node)
        self.node.contours = node
        self.ui.resultSection.collapsed = False

    # what is shown

    def refresh(self) -> None:
        contours, names = self.node.contours, self.picker.chosen
        self.run.set_action(action_text(names))
        missing = "" if names or not self.picker.names else _("Choose at least one structure.")
        self.judge(self.input, self.model, missing)
        volume = self.node.volume
        self.sections["input"].summarise(volume.GetName() if volume is not None else "")
        self.sections["model"].summarise(self.model.current["title"] if self.model.current else "")
        note = results.note(contours)
        self.sections["result"].retitle(_("Result: {note}").format(note=note) if note else _("Result"))
        self._watch(contours)
        self.table.show(contours)
        self._say_in_views(contours)
        self.fresh.look(contours, summary(self.table.rows, results.run_at(contours)))
        doubt = segmentation.why_doubtful(contours) if contours is not None and not self.fresh.stale else ""
        if doubt:
            self.fresh.row.show(marks.DOUBT, doubt, word="")
        self.refresh_buttons()

    def _say_in_views(self, contours) -> None:
        if results.is_ai(contours) and contours.GetDisplayVisibility():
            corner.say("contours", results.note(contours))
        else:
            corner.hush("contours")

    def refresh_buttons(self) -> None:
        if self.node is None:
            return
        contours = self.node.contours
        chosen = bool(self.table.selected_ids) and not self.run.running
        self.ui.editButton.enabled = contours is not None and not self.run.running
        self.ui.markButton.enabled = chosen
        self.exports.refresh(contours, export.volume_of(contours) if contours is not None else None)

    def _watch(self, contours) -> None:
        if contours is self._watched:
            return
        events = (slicer.vtkSegmentation.SegmentModified, slicer.vtkSegmentation.SegmentAdded,
                  slicer.vtkSegmentation.SegmentRemoved, slicer.vtkSegmentation.SourceRepresentationModified)
        for event in events:
            if self._watched is not None:
                self.removeObserver(self._watched, event, self.refresh_soon)
            if contours is not None:
                self.addObserver(contours, event, self.refresh_soon)
        self._watched = contours


def summary(rows: list, ran: str) -> str:
    """Run 14:02: 7 structures, 1 not found, 2 with a finding."""
    if not rows:
        return ""
    missing = sum(row.status == "not_found" for row in rows)
    telling = sum(bool(row.findings) for row in rows) - missing
    parts = [_("{n} structures").format(n=len(rows) - missing)]
    parts += [_("{n} not found").format(n=missing)] if missing else []
    parts += [_("{n} with a finding").format(n=telling) if telling else _("no finding")]
    text = ", ".join(parts)
    return _("Run {time}: {text}").format(time=ran, text=text) if ran else text


def action_text(names: list[str]) -> str:
    """What Apply will do."""
    if len(names) == 1:
        return _("Contour {name}").format(name=names[0])
    return _("Contour {n} structures").format(n=len(names)) if names else _("Contour")
